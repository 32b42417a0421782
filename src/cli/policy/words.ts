import { type RuleName } from '../../access/index.ts'
import { problems } from '../../errors.ts'
import { type Attribute, type Reason, type TraceEntry } from '../../mapping/index.ts'
import { stepUpWords } from '../../step-up.ts'
import { type RequestVerdict } from './policy.ts'

type GrantEntry = Extract<TraceEntry, { by: Reason }>

export function isGrant (entry: TraceEntry): entry is GrantEntry {
  return 'by' in entry
}

/** `role admin`, `organization org-1: member, guest`, `attribute global_admin: true`. */
export function grantWords (entry: GrantEntry): string {
  if (entry.what === 'role') return `role ${entry.value}`
  const granted = entry.what === 'attribute' ? attributeWords(entry.granted) : entry.roles.join(', ')
  return `${entry.what} ${entry.value}${granted === '' ? '' : `: ${granted}`}`
}

export function attributeWords (granted: Attribute): string {
  return typeof granted === 'boolean' ? String(granted) : granted.join(', ')
}

/** Which setting granted it, and what became of it. */
export function whyGranted (entry: GrantEntry): string {
  return [settingBehind(entry), ...remarks(entry)].join(', ')
}

function settingBehind ({ by, what }: GrantEntry): string {
  if (by.kind === 'default') return `by ${what}s.default`
  return by.kind === 'rolesClaim' ? `from the claim ${by.claim}` : `by roles.mapping.${by.key}`
}

/** What else an entry says of itself: name of the fact → words before it. */
const facts = { renamedFrom: 'renamed from', dropped: 'dropped by', onlyAt: 'only for' } as const

/** In the same way for every kind of entry, so that none can be dropped in silence. */
export function remarks (entry: TraceEntry): string[] {
  return Object.entries(facts).flatMap(([fact, words]) => {
    const value: unknown = Reflect.get(entry, fact)
    return value === undefined ? [] : [`${words} ${Array.isArray(value) ? value.join(', ') : String(value)}`]
  })
}

/** What the gateway would do with the request, and which setting says so. */
export function verdictWords (request: RequestVerdict): string {
  switch (request.outcome) {
    case 'allow': return `allowed ${request.anonymous ? 'to everybody ' : ''}by ${ruleWords(request.rule)}`
    case 'deny': return `refused by ${ruleWords(request.rule)}: ${request.missing}`
    case 'sign_in': return `refused by ${ruleWords(request.rule)}: needs a sign-in`
    case 'step_up': return `refused by ${ruleWords(request.rule)}: needs ${stepUpWords(request.stepUp)}`
    case 'ambiguous': return `refused: the path holds an escaped ? or #, and ${ruleWords(request.rule)} is open to everybody`
    case 'own_route': return 'answered by Doorward itself, never by the application'
    default: return `refused before any rule: ${problems[request.outcome].detail}`
  }
}

function ruleWords ({ index, path, methods, hosts, clientAddresses }: RuleName): string {
  if (index === 'default') return 'access.default'
  const parts = [methods?.join(', '), path, hosts && `at ${hosts.join(', ')}`, clientAddresses && `from ${clientAddresses.join(', ')}`]
  return `access.rules[${index}] (${parts.filter((part) => part !== undefined).join(' ')})`
}
