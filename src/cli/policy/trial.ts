import { type Expectation, type ExpectedOutcome } from '../../config/index.ts'
import { type Outcome, type Policy, type RequestVerdict } from './policy.ts'
import { isSame } from './same.ts'
import { causesOf } from './trial-causes.ts'

/** Something that is not as expected. */
export interface Mismatch {
  /** The key of `expect`. */
  readonly what: keyof ExpectedOutcome
  readonly expected: unknown
  /** Absent where there is none. */
  readonly found?: unknown
  /** Why it is as it was found, a sentence each. */
  readonly because: readonly string[]
}

/** An expectation, held against the policy. */
export interface Trial {
  readonly expectation: Expectation
  readonly mismatches: readonly Mismatch[]
}

/** Asks the policy about a case, and compares what is named in it. */
export function tryExpectation (policy: Policy, expectation: Expectation): Trial {
  const { person, request, expect } = expectation
  const admission = person && policy.admit(person.claims, person.provider)
  const caller = admission === undefined || person === undefined || admission.refusal !== undefined ? undefined : { identity: admission.identity, claims: person.claims }
  const outcome = { admission, request: request && policy.decide(request, caller) }
  const mismatches = (Object.keys(expect) as Array<keyof ExpectedOutcome>).flatMap((what) => mismatchIn(what, expect[what], outcome))
  return { expectation, mismatches }
}

function mismatchIn (what: keyof ExpectedOutcome, expected: unknown, outcome: Outcome): Mismatch[] {
  const found = foundIn(what, expected, outcome)
  if (isSame(expected, found)) return []
  return [{ what, expected, ...found !== undefined && { found }, because: causesOf(what, { expected, found }, outcome) }]
}

function foundIn (what: keyof ExpectedOutcome, expected: unknown, { admission, request }: Outcome): unknown {
  switch (what) {
    case 'decision': return decisionOf({ admission, request })
    case 'rule': return request === undefined ? undefined : ruleOf(request, expected)
    case 'reason': return admission?.refusal?.reason
    // A list of names asks who belongs where; only a map asks for the roles there.
    case 'organizations':
    case 'projects': return Array.isArray(expected) ? Object.keys(admission?.identity[what] ?? {}) : admission?.identity[what]
    default: return admission?.identity[what]
  }
}

/** Whoever is refused at the sign-in reaches what is open to everybody, and nothing else. */
function decisionOf ({ admission, request }: Outcome): ExpectedOutcome['decision'] {
  const isRefused = admission?.refusal !== undefined
  if (request === undefined) return isRefused ? 'refused' : 'allowed'
  switch (request.outcome) {
    case 'allow': return 'allowed'
    case 'deny': return 'refused'
    case 'sign_in': return isRefused ? 'refused' : 'sign_in'
    case 'step_up': return 'step_up'
    case 'own_route': return 'own_route'
    default: return 'bad_request'
  }
}

/** By its path, unless its place in the configuration is what was expected. */
function ruleOf (request: RequestVerdict, expected: unknown): string | undefined {
  if (!('rule' in request)) return undefined
  const { index, path } = request.rule
  const place = index === 'default' ? 'access.default' : `access.rules[${index}]`
  return index === 'default' || expected === place ? place : path
}
