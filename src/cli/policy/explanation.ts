import { type Claims } from '../../mapping/index.ts'
import { type Admission, type AskedRequest, type Policy, type RequestVerdict } from './policy.ts'

/** What `doorward explain --json` prints; docs/testing-policy.md describes it. */
export interface Explanation extends Admission {
  readonly outcome: 'allowed' | 'refused'
  readonly request?: RequestVerdict
}

/** Whoever is not let in at the sign-in asks as a stranger. */
export function explanationOf (policy: Policy, claims: Claims, provider: string, asked: AskedRequest | undefined): Explanation {
  const admission = policy.admit(claims, provider)
  const caller = admission.refusal === undefined ? { identity: admission.identity, claims } : undefined
  const request = asked && policy.decide(asked, caller)
  const isAllowed = caller !== undefined && (request === undefined || request.outcome === 'allow' || request.outcome === 'own_route')
  return { outcome: isAllowed ? 'allowed' : 'refused', ...admission, ...request && { request } }
}
