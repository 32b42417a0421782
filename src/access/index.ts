/**
 * Which rule covers a request, and what it demands.
 *
 * Owns the path globs, the policy form in which paths are compared, and the requirements of rules. Everything is
 * compiled once; a decision is a pure function of request and identity. It does not know how a path is admitted
 * (pipeline/canonical-path.ts), who somebody is (mapping/), or how a refusal is answered (pipeline/, pages/).
 *
 * It fails closed: what opens a path matches exactly, what protects a path matches leniently, and where an upstream
 * may read a path in more than one way, the strictest answer holds.
 */
import { type Identity } from '../mapping/index.ts'
import { type Authentication, type StepUp } from '../step-up.ts'
import { emailClaims } from './claim-conditions.ts'
import { type AccessRequest, type AccessSettings, type Conditions, type Decision, type RuleSettings } from './decision.ts'
import { caseFolded } from './policy-form.ts'
import { compileRule, type Reading, type Rule, stepUpIn } from './rule.ts'
import { createRuleIndex } from './rule-index.ts'

export type { AccessRequest, AccessSettings, Challenge, Conditions, Decision, Requirements, RuleName, RuleSettings } from './decision.ts'
export { policyForm, policyFormOfRule } from './policy-form.ts'

export interface Access {
  /**
   * @param identity who asks, or undefined for a request without a session
   * @param authentication how and when they signed in; what is not known meets no demand
   */
  decide (request: AccessRequest, identity: Identity | undefined, authentication?: Authentication): Decision
  /** Whether a bearer token says who asks: only where the rule of every reading says so. */
  allowsBearer (request: AccessRequest): boolean
}

/** Compiles the rules. Settings have been checked by the configuration. */
export function createAccess (settings: AccessSettings): Access {
  const findRule = createRuleIndex(settings.rules.map((rule, index) => ({ glob: rule.path, hosts: rule.hosts, rule: compileRule(rule, index) })))
  const fallback = compileRule(defaultRule(settings.default), 'default')
  const noReading: Decision = { outcome: 'deny', rule: { index: 'default', path: '/**' }, missing: 'is open to nobody', unmet: {} }

  /** The rule of each reading. */
  function rulesFor (request: AccessRequest): ReadonlyArray<readonly [Rule, Reading]> {
    return request.readings.map((path) => {
      const reading = { path, folded: caseFolded(path) }
      return [findRule(reading, request) ?? fallback, reading]
    })
  }

  return {
    decide (request, identity, authentication) {
      const decision = rulesFor(request).map(([rule, reading]) => rule.judge(reading, request, identity, authentication)).reduce(stricter, undefined) ?? noReading
      const isOpen = decision.outcome === 'allow' && decision.anonymous
      return isOpen && request.hasEncodedDelimiter ? { outcome: 'ambiguous', rule: decision.rule } : decision
    },
    allowsBearer: (request) => request.readings.length > 0 && rulesFor(request).every(([rule]) => rule.bearer)
  }
}

/** The claims that rules refer to, by name or pointer: what a session must keep so that they can be decided. */
export function referencedClaims (rules: readonly RuleSettings[]): string[] {
  return [...new Set(rules.flatMap(({ require }) => require === undefined ? [] : claimsIn(require)))]
}

function claimsIn ({ claims = {}, emailDomains, all = [], any = [], not }: Conditions): string[] {
  const nested = [...all, ...any, ...not === undefined ? [] : [not]]
  return [...Object.keys(claims), ...emailDomains === undefined ? [] : emailClaims, ...nested.flatMap(claimsIn)]
}

/** What each rule demands of the sign-in itself, by its position. */
export function stepUpsOf (rules: readonly RuleSettings[]): ReadonlyArray<StepUp | undefined> {
  return rules.map(({ require }) => stepUpIn(require))
}

function defaultRule (outcome: AccessSettings['default']): RuleSettings {
  const rule = { path: '/**', unauthenticated: 'auto', bearer: false } as const
  return outcome === 'deny' ? { ...rule, deny: true } : { ...rule, allow: outcome }
}

function stricter (first: Decision | undefined, second: Decision): Decision {
  if (first === undefined || strictness(second) > strictness(first)) return second
  return strictness(second) === strictness(first) && maxBodyOf(second) < maxBodyOf(first) ? second : first
}

function maxBodyOf (decision: Decision): number {
  return decision.outcome === 'allow' ? decision.maxBodyBytes ?? Infinity : Infinity
}

function strictness (decision: Decision): number {
  if (decision.outcome === 'allow') return decision.anonymous ? 0 : 1
  if (decision.outcome === 'step_up') return 2
  return decision.outcome === 'sign_in' ? 3 : 4
}
