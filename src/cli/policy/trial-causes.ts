import { type TraceEntry } from '../../mapping/index.ts'
import { type Admission, type Outcome } from './policy.ts'
import { isMap, isSame } from './same.ts'
import { grantWords, isGrant, remarks, verdictWords, whyGranted } from './words.ts'

const kinds = { groups: 'group', roles: 'role', organizations: 'organization', projects: 'project', attributes: 'attribute' } as const

interface Difference {
  readonly expected: unknown
  readonly found: unknown
}

/** Why a thing is as it was found, a sentence each. */
export function causesOf (what: string, difference: Difference, { admission, request }: Outcome): string[] {
  const refused = admission?.refusal === undefined ? [] : [`the sign-in is refused: ${admission.refusal.reason}: ${admission.refusal.detail}`]
  const decided = request === undefined ? [] : [verdictWords(request)]
  if (what === 'decision') return [...refused, ...decided]
  if (what === 'reason') return refused
  if (what === 'rule') return decided
  return admission !== undefined && Object.hasOwn(kinds, what) ? grantCauses(kinds[what as keyof typeof kinds], difference, admission) : []
}

/** Where what is too much, or other than expected, came from; and what became of what is missing. */
function grantCauses (kind: string, { expected, found }: Difference, { trace }: Admission): string[] {
  return differing(expected, found).flatMap((name) => {
    const entries = trace.filter((entry) => entry.what === kind && 'value' in entry && entry.value === name)
    return entries.length === 0 ? [`nothing gives the ${kind} ${name}`] : entries.map(entryWords)
  })
}

/** The names that are in one of the two alone, or mean something else in each. */
function differing (expected: unknown, found: unknown): string[] {
  const [wanted, actual] = [namesIn(expected), namesIn(found)]
  return [...new Set([...wanted.keys(), ...actual.keys()])].filter((name) => !wanted.has(name) || !actual.has(name) || !isSame(wanted.get(name), actual.get(name)))
}

function namesIn (value: unknown): ReadonlyMap<string, unknown> {
  if (isMap(value)) return new Map(Object.entries(value))
  return new Map((Array.isArray(value) ? value : []).map((name) => [String(name), true]))
}

function entryWords (entry: TraceEntry): string {
  if (!isGrant(entry)) return ['value' in entry ? `${entry.what} ${entry.value}` : entry.what, ...'claim' in entry ? [`from the claim ${entry.claim}`] : [], ...remarks(entry)].join(', ')
  const matched = entry.by.kind === 'mapping' && entry.by.matched !== entry.by.key ? `, held as ${entry.by.matched}` : ''
  return `${grantWords(entry)}, ${whyGranted(entry)}${matched}`
}
