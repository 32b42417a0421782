import { loginUrl, switchAccountUrl } from '../own-routes.ts'
import { authenticationOf, type StepUp, stepUpWords, unmetStepUp } from '../step-up.ts'
import { LoginProblem } from './login-problem.ts'
import { type Errand, type ResumedLogin } from './logins.ts'
import { type SignInParts } from './parts.ts'
import { type Provider } from './provider.ts'
import { type SignInAnswer } from './provider-answer.ts'

type StepUpParts = Pick<SignInParts, 'basePath' | 'now' | 'stepUps'>

/** What the rule demands that a login is for; the number may come from anybody, and asks for nothing that no rule does. */
export function stepUpFor ({ rule = -1 }: Errand, { stepUps }: Pick<StepUpParts, 'stepUps'>): StepUp | undefined {
  return stepUps[rule]
}

/**
 * Holds the answer against what was demanded, whatever was asked for: a person can take parameters out of an address, and
 * providers pass over those that they don't know (OpenID Connect Core section 5.5.1.1).
 *
 * @returns false where the provider went by an earlier sign-in, and has not been told yet to make the person sign in anew
 * @throws {LoginProblem} `acr_not_met`
 */
export function meetsStepUp (answer: Pick<SignInAnswer, 'acr' | 'authTime'>, { errand, returnTo }: ResumedLogin, { clockToleranceMilliseconds }: Provider, parts: StepUpParts): boolean {
  const stepUp = stepUpFor(errand, parts)
  const unmet = stepUp && unmetStepUp(stepUp, authenticationOf(answer, parts.now(), clockToleranceMilliseconds))
  if (unmet === undefined) return true
  if (unmet.maxAge !== undefined && unmet.acr === undefined && errand.isInsisting !== true) return false
  throw new LoginProblem('acr_not_met', {
    detail: `The identity provider signed you in, but this page needs ${stepUpWords(unmet)}.`,
    members: { login_url: loginUrl(parts.basePath, returnTo, errand), switch_account_url: switchAccountUrl(parts.basePath, returnTo, errand) },
    metadata: { rule: errand.rule, acr: answer.acr, authTime: answer.authTime, unmet }
  })
}
