import { type Decision, type RuleName } from '../access/index.ts'
import { problems } from '../errors.ts'
import { type Attribute, type MappingResult, type Reason, type Trace, type TraceEntry } from '../mapping/index.ts'
import { stepUpWords } from '../step-up.ts'

/** What `doorward explain --json` prints. */
export interface Explanation extends MappingResult {
  readonly outcome: 'allowed' | 'refused'
  readonly request?: RequestVerdict
}

/** A decision, or why there is none to take: the target is refused, or it is one of the gateway’s own routes. */
export type RequestVerdict = { readonly method: string, readonly path: string } &
  (Decision | { readonly outcome: 'target_invalid' | 'target_too_long' | 'own_route' })

type Line = readonly [what: string, why: string]

/** The same as a text for people, a section for each kind of thing. */
export function explanationText ({ identity, trace, refusal, request }: Explanation): string {
  const sections = [
    section('Person', (['user', 'sub', 'email', 'name', 'firstName', 'lastName', 'provider'] as const).map((field) => [field, identity[field] ?? '-'])),
    section('Sign-in', [refusal === undefined ? ['admitted', ''] : ['refused', `${refusal.reason}: ${refusal.detail}`]]),
    section('Groups', [...missingLines(trace, 'groups'), ...groupLines(trace)]),
    section('Roles', [...missingLines(trace, 'roles'), ...grantLines(trace, 'role')]),
    section('Organizations', grantLines(trace, 'organization')),
    section('Projects', grantLines(trace, 'project')),
    section('Attributes', grantLines(trace, 'attribute')),
    ...request === undefined ? [] : [section(`${request.method} ${request.path}`, [verdictLine(request)])]
  ]
  return `${sections.join('\n')}\n`
}

/** Claims and paths are other people’s text: what is not visible is shown as an escape, so that none can steer a terminal. */
function section (title: string, lines: readonly Line[]): string {
  const shown = lines.map((line) => line.map(visible))
  const width = Math.min(40, Math.max(0, ...shown.map(([what = '']) => what.length)))
  const rows = shown.length === 0 ? ['none'] : shown.map(([what = '', why = '']) => `${what.padEnd(width)}  ${why}`.trimEnd())
  return [visible(title), ...rows.map((row) => `  ${row}`)].join('\n')
}

function visible (text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`)
}

/** What a claim was expected to hold and does not. */
function missingLines (trace: Trace, expected: 'groups' | 'roles'): Line[] {
  return trace.flatMap((entry): Line[] => {
    if (entry.what === 'absent' && entry.expected === expected) return [['-', `the provider sent no claim ${entry.claim}`]]
    if (entry.what === 'ignored' && entry.expected === expected) return [['-', `${entry.value} in the claim ${entry.claim} ignored, expected text`]]
    return []
  })
}

function groupLines (trace: Trace): Line[] {
  return trace.flatMap((entry): Line[] => {
    if (entry.what !== 'group') return []
    const notes = [`from the claim ${entry.claim}`, entry.renamedFrom && `renamed from ${entry.renamedFrom}`, entry.dropped && `dropped by ${entry.dropped}`]
    return [[entry.value, notes.filter((note) => note !== undefined).join(', ')]]
  })
}

/** A line for each thing granted, with every rule that grants it. */
function grantLines (trace: Trace, what: 'role' | 'organization' | 'project' | 'attribute'): Line[] {
  const reasons = new Map<string, string[]>()
  for (const entry of trace) {
    if (entry.what !== what) continue
    reasons.set(entry.value, [...reasons.get(entry.value) ?? [], `${grantedText(entry)}${reasonText(entry.by, what)}${droppedText(entry)}`])
  }
  return [...reasons].map(([value, texts]) => [value, texts.join('; ')])
}

function grantedText (entry: TraceEntry): string {
  if (entry.what === 'attribute') return `${attributeText(entry.granted)}, `
  if (entry.what === 'organization' || entry.what === 'project') return `${entry.roles.join(', ') || 'no role'}, `
  return ''
}

function attributeText (granted: Attribute): string {
  return typeof granted === 'boolean' ? String(granted) : granted.join(', ')
}

function reasonText (by: Reason, what: string): string {
  if (by.kind === 'default') return `by ${what}s.default`
  if (by.kind === 'rolesClaim') return `from the claim ${by.claim}`
  return by.key === by.matched ? `by roles.mapping.${by.key}` : `by roles.mapping.${by.key}, matched ${by.matched}`
}

function droppedText (entry: TraceEntry): string {
  if (!('by' in entry) || entry.dropped === undefined) return ''
  return entry.onlyAt === undefined ? `, dropped by ${entry.dropped}` : `, dropped by ${entry.dropped}, only for ${entry.onlyAt.join(', ')}`
}

function verdictLine (request: RequestVerdict): Line {
  switch (request.outcome) {
    case 'allow': return ['allowed', request.anonymous ? `to everybody, by ${ruleText(request.rule)}` : `by ${ruleText(request.rule)}`]
    case 'deny': return ['refused', `by ${ruleText(request.rule)}: ${request.missing}`]
    case 'sign_in': return ['refused', `by ${ruleText(request.rule)}: needs a sign-in`]
    case 'step_up': return ['refused', `by ${ruleText(request.rule)}: needs ${stepUpWords(request.stepUp)}`]
    case 'ambiguous': return ['refused', `the path holds an escaped ? or #, and ${ruleText(request.rule)} is open to everybody`]
    case 'own_route': return ['answered', 'by Doorward itself, never by the application']
    default: return ['refused', `before any rule: ${problems[request.outcome].detail}`]
  }
}

function ruleText ({ index, path, methods }: RuleName): string {
  if (index === 'default') return 'access.default'
  return `access.rules[${index}] (${[...methods === undefined ? [] : [methods.join(', ')], path].join(' ')})`
}
