import { type Access, type Decision } from '../access/index.ts'
import { Problem } from '../errors.ts'
import { type Audit, auditRequest } from '../observability/index.ts'
import { switchAccountUrl } from '../own-routes.ts'
import { authenticationOf } from '../step-up.ts'
import { accessRequest } from './access-request.ts'
import { type Asked } from './asked.ts'
import { type Caller } from './authenticate.ts'
import { type CanonicalPath } from './canonical-path.ts'
import { SignInChallenge } from './challenge.ts'

export interface AuthorizeParts {
  readonly access: Access
  readonly audit: Audit
  readonly basePath: string
  readonly publicUrl: URL
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** How far the clocks of Doorward and the provider of this id may differ, in milliseconds. */
  readonly clockToleranceOf: (provider: string) => number
}

/** What the rule that let a request pass says about it. */
export interface Permission {
  readonly maxBodyBytes?: number
}

/** Lets the request pass, or ends it: with a challenge where a sign-in may help, else with a refusal. @throws {Problem} */
export function authorize (request: Asked, target: CanonicalPath, caller: Caller | undefined, parts: AuthorizeParts): Permission {
  const authentication = caller && authenticationOf(caller, parts.now(), parts.clockToleranceOf(caller.identity.provider))
  const decision = parts.access.decide(accessRequest(request, target), caller?.identity, authentication)
  switch (decision.outcome) {
    case 'allow': return decision
    case 'ambiguous': throw new Problem('target_invalid')
    case 'sign_in':
    case 'step_up': throw challenge(request, target, decision, parts)
    case 'deny': throw refusal(request, target, caller, decision, parts)
  }
}

function challenge (request: Asked, { target }: CanonicalPath, decision: Extract<Decision, { outcome: 'sign_in' | 'step_up' }>, parts: AuthorizeParts): SignInChallenge {
  const { rule: { index }, stepUp, unauthenticated: manner } = decision
  return new SignInChallenge({
    target,
    manner,
    basePath: signInBase(request, parts),
    ...stepUp !== undefined && index !== 'default' && { errand: { rule: index } },
    ...decision.outcome === 'step_up' && { stepUp: decision.stepUp }
  })
}

/**
 * A sign-in begins where it ends, on the public origin: the cookie that ties the two together stays there. To a script of
 * another origin, a path would be one there.
 */
function signInBase ({ headers, origin: { host } }: Asked, { basePath, publicUrl }: AuthorizeParts): string {
  return host === publicUrl.host && (headers.origin ?? publicUrl.origin) === publicUrl.origin ? basePath : publicUrl.origin + basePath
}

function refusal (request: Asked, target: CanonicalPath, caller: Caller | undefined, { rule, missing, unmet }: Extract<Decision, { outcome: 'deny' }>, { audit, basePath }: AuthorizeParts): Problem {
  audit.record({
    event: 'access.denied',
    outcome: 'failure',
    reason: 'rule_denied',
    user: caller?.identity,
    session: caller?.id,
    request: auditRequest(request),
    metadata: { rule, missing: unmet }
  })
  return new Problem('access_denied', {
    detail: `This page ${missing}.`,
    person: caller?.identity,
    members: { rule: rule.index, missing: unmet, switch_account_url: switchAccountUrl(basePath, target.target) }
  })
}
