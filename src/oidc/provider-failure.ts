import * as oauth from 'oauth4webapi'
import { type LoginFailure } from '../observability/index.ts'
import { explainedError } from './advice.ts'
import { errorCause, errorCode, errorStatus } from './error-parts.ts'
import { LoginProblem } from './login-problem.ts'
import { explainedAnswer } from './provider-explanation.ts'
import { describedSafely } from './provider-words.ts'
import { isWrongTime, wrongTime } from './token-times.ts'

/** The part of the sign-in that was under way. */
export type Stage = 'authorization' | 'token' | 'id_token' | 'userinfo'

/** What went wrong between Doorward and the provider, as one of the reasons that the audit trail knows. */
export function providerFailure (error: unknown, stage: Stage): LoginProblem {
  if (error instanceof LoginProblem) return error
  if (isUnreachable(error)) return new LoginProblem(unreachableReasons[stage], { code: 'sign_in_unavailable', cause: error, headers: { 'retry-after': '5' } })
  if (error instanceof oauth.ResponseBodyError) return refusal(error, stage)
  const wrong = mismatch(error)
  if (stage === 'token' && isWrongTime(wrong)) return wrongTime({ ...wrong, issuedAt: issuedAt(error) }, error)
  return new LoginProblem(invalidReason(error, stage), { cause: explainedAnswer(error, stage), metadata: wrong })
}

function refusal (error: oauth.ResponseBodyError, stage: Stage): LoginProblem {
  return new LoginProblem(refusedReasons[stage], {
    cause: explainedError(error.error, error.error_description, error),
    metadata: { error: error.error, errorDescription: describedSafely(error.error_description) }
  })
}

const unreachableReasons: Record<Stage, LoginFailure> = { authorization: 'setup_error', token: 'token_exchange_failed', id_token: 'setup_error', userinfo: 'no_userinfo' }

/** Userinfo about somebody else, by somebody else or for somebody else (OpenID Connect Core section 5.3.2). */
const aboutOthers: readonly string[] = [oauth.JSON_ATTRIBUTE_COMPARISON, oauth.JWT_CLAIM_COMPARISON]

/** The provider said no, in the words of the protocol. */
const refusedReasons: Record<Stage, LoginFailure> = { authorization: 'idp_error', token: 'token_exchange_failed', id_token: 'token_exchange_failed', userinfo: 'no_userinfo' }

function invalidReason (error: unknown, stage: Stage): LoginFailure {
  const code = errorCode(error)
  if (stage === 'authorization') return 'setup_error'
  if (stage === 'userinfo') return aboutOthers.includes(code ?? '') ? 'userinfo_invalid' : 'no_userinfo'
  if (code === oauth.JWT_CLAIM_COMPARISON) return mismatchReason(error)
  if (stage === 'id_token' || code === oauth.JWT_TIMESTAMP_CHECK) return 'id_token_invalid'
  return isAboutIdToken(error) ? 'id_token_invalid' : 'token_exchange_failed'
}

function mismatchReason (error: unknown): LoginFailure {
  const claim = errorCause(error)?.claim
  if (claim === 'nonce') return 'nonce_mismatch'
  return claim === 'iss' ? 'issuer_mismatch' : 'id_token_invalid'
}

/** Which claim was wrong, and how: a clock that is off shows itself in `found` and `now`, in seconds since the epoch. */
function mismatch (error: unknown): Record<string, unknown> {
  const { claim, claims, expected, now, tolerance } = errorCause(error) ?? {}
  if (typeof claim !== 'string' || claim === 'nonce') return {}
  const found = (claims as Record<string, unknown> | undefined)?.[claim]
  return { claim, found, expected, now, tolerance }
}

function issuedAt (error: unknown): number | undefined {
  const { iat } = (errorCause(error)?.claims ?? {}) as { iat?: unknown }
  return typeof iat === 'number' ? iat : undefined
}

/** A token response that is well-formed but whose id_token is not: oauth4webapi hangs the claims or header on the cause. */
function isAboutIdToken (error: unknown): boolean {
  const cause = errorCause(error)
  return cause !== undefined && ('claims' in cause || 'header' in cause || 'alg' in cause)
}

/** Ours, for what was answered and can't be used. */
const refusedCodes: ReadonlySet<string> = new Set(['INSECURE_ENDPOINT', 'PROVIDER_KEYS_INVALID', 'DECRYPTION_FAILED'])

/** Refused, timed out, cut off, or too large to be read: not an answer of the protocol. */
export function isUnreachable (error: unknown): boolean {
  const code = errorCode(error)
  if (error instanceof DOMException) return error.name === 'TimeoutError' || error.name === 'AbortError'
  if (code === oauth.RESPONSE_IS_NOT_CONFORM) return errorStatus(error) >= 500
  return code !== undefined && !refusedCodes.has(code) && !code.startsWith('OAUTH_')
}
