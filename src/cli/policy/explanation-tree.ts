import { type Identity, type Trace } from '../../mapping/index.ts'
import { stepUpWords } from '../../step-up.ts'
import { type Branch } from '../tree-text.ts'
import { type Explanation } from './explanation.ts'
import { type RequestVerdict } from './policy.ts'
import { type RequirementVerdict } from './requirements.ts'
import { isMap } from './same.ts'
import { type SignInTerm } from './sign-in-terms.ts'
import { attributeWords, grantWords, isGrant, remarks, verdictWords, whyGranted } from './words.ts'

/** The way of a decision, from what the provider sent to what opens or stays closed. */
export function explanationTree ({ identity, trace, terms, refusal, request }: Explanation): Branch[] {
  return [
    { text: 'Person', branches: personLines(identity) },
    { text: 'Groups', branches: orNone([...unusable(trace, 'groups'), ...groupLines(trace)]) },
    ...section('Roles of the provider', [...unusable(trace, 'roles'), ...claimedRoleLines(trace)]),
    ...section('Everybody', trace.filter(isGrant).filter(({ by }) => by.kind === 'default').map(grantLine)),
    { text: 'Sum', branches: sumLines(identity) },
    { text: 'Sign-in', branches: [signInLine(refusal, terms)] },
    ...request === undefined ? [] : [{ text: requestWords(request), branches: [requestLine(request)] }]
  ]
}

function section (text: string, branches: readonly Branch[]): Branch[] {
  return branches.length === 0 ? [] : [{ text, branches }]
}

function orNone (branches: readonly Branch[]): readonly Branch[] {
  return branches.length === 0 ? [{ text: 'none' }] : branches
}

function personLines (identity: Identity): Branch[] {
  return (['user', 'sub', 'email', 'name', 'firstName', 'lastName', 'provider'] as const).map((field) => ({ text: field, note: identity[field] ?? '-' }))
}

/** What a claim was expected to hold and does not. */
function unusable (trace: Trace, expected: 'groups' | 'roles'): Branch[] {
  return trace.flatMap((entry): Branch[] => {
    if (entry.what === 'absent' && entry.expected === expected) return [{ text: `the provider sent no claim ${entry.claim}`, shade: 'bad' }]
    if (entry.what === 'ignored' && entry.expected === expected) return [{ text: `${entry.value} in the claim ${entry.claim} ignored, expected text`, shade: 'bad' }]
    return []
  })
}

function groupLines (trace: Trace): Branch[] {
  const shown = new Set<string>()
  return trace.flatMap((entry): Branch[] => {
    if (entry.what !== 'group') return []
    // Two groups may be renamed to one: it grants once.
    const grants = entry.dropped === undefined && !shown.has(entry.value) ? grantsOf(trace, entry.value) : []
    if (entry.dropped === undefined) shown.add(entry.value)
    return [{ text: entry.value, note: [`from the claim ${entry.claim}`, ...remarks(entry)].join(', '), shade: entry.dropped && 'quiet', branches: grants }]
  })
}

/** What a group, or a role that the provider sent, grants by the mapping. */
function grantsOf (trace: Trace, held: string): Branch[] {
  return trace.filter(isGrant).filter(({ by }) => by.kind === 'mapping' && by.matched === held).map(grantLine)
}

function claimedRoleLines (trace: Trace): Branch[] {
  const groups = new Set(trace.flatMap((entry) => entry.what === 'group' && entry.dropped === undefined ? [entry.value] : []))
  return trace.filter(isGrant).filter(({ by }) => by.kind === 'rolesClaim').map((entry) => ({
    ...grantLine(entry),
    branches: entry.what === 'role' && !groups.has(entry.value) ? grantsOf(trace, entry.value) : []
  }))
}

function grantLine (entry: Parameters<typeof grantWords>[0]): Branch {
  return { text: grantWords(entry), note: whyGranted(entry), shade: remarks(entry).length > 0 ? 'quiet' : 'good' }
}

function sumLines ({ groups, roles, organizations, projects, attributes }: Identity): Branch[] {
  const memberships = (held: Identity['organizations']): string => Object.entries(held).map(([name, roles]) => roles.length === 0 ? name : `${name} (${roles.join(', ')})`).join(', ')
  const sums = {
    groups: groups.join(', '),
    roles: roles.join(', '),
    organizations: memberships(organizations),
    projects: memberships(projects),
    attributes: Object.entries(attributes).map(([name, value]) => `${name} (${attributeWords(value)})`).join(', ')
  }
  return Object.entries(sums).map(([text, sum]) => ({ text, note: sum === '' ? 'none' : sum }))
}

function signInLine (refusal: Explanation['refusal'], terms: readonly SignInTerm[]): Branch {
  const branches = terms.map(({ setting, expects, outcome, missing }): Branch => ({
    text: `${outcome.replace('_', ' ')}: ${setting}`,
    note: `${expects.join(', ')}${missing === undefined ? '' : `; missing ${missing.join(', ')}`}`,
    shade: ({ met: 'good', unmet: 'bad', not_reached: 'quiet' } as const)[outcome]
  }))
  if (refusal === undefined) return { text: 'admitted', shade: 'good', branches }
  return { text: `refused: ${refusal.reason}: ${refusal.detail}`, shade: 'bad', branches }
}

function requestWords ({ method, path, host, address }: RequestVerdict): string {
  return [method, path, ...host === undefined ? [] : ['at', host], ...address === undefined ? [] : ['from', address]].join(' ')
}

function requestLine (request: RequestVerdict): Branch {
  const isOpen = request.outcome === 'allow' || request.outcome === 'own_route'
  const branches = 'requirements' in request ? request.requirements.map(requirementLine) : []
  return { text: verdictWords(request), shade: isOpen ? 'good' : 'bad', branches }
}

function requirementLine ({ setting, expects, met, missing, parts }: RequirementVerdict): Branch {
  const note = missing ?? (parts === undefined ? expectedWords(setting, expects) : undefined)
  return { text: `${met ? 'met' : 'unmet'}: ${setting}`, note, shade: met ? 'good' : 'bad', branches: (parts ?? []).map(requirementLine) }
}

function expectedWords (setting: string, expects: unknown): string {
  if (setting === 'require.maxAge' && typeof expects === 'number') return stepUpWords({ maxAge: expects })
  return Array.isArray(expects) ? expects.map(inFlow).join(', ') : inFlow(expects)
}

/** As it may stand in YAML. */
function inFlow (value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inFlow).join(', ')}]`
  return isMap(value) ? `{ ${Object.entries(value).map(([key, entry]) => `${key}: ${inFlow(entry)}`).join(', ')} }` : String(value)
}
