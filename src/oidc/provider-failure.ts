import * as oauth from 'oauth4webapi'
import { type LoginFailure } from '../observability/index.ts'
import { type LikelyCause } from '../pages/index.ts'
import { LoginProblem } from './login-problem.ts'
import { describedSafely } from './provider-words.ts'

/** The part of the sign-in that was under way. */
export type Stage = 'token' | 'id_token' | 'userinfo'

/** What went wrong between Doorward and the provider, as one of the reasons that the audit trail knows. */
export function providerFailure (error: unknown, stage: Stage): LoginProblem {
  if (error instanceof LoginProblem) return error
  if (isUnreachable(error)) return new LoginProblem(unreachableReasons[stage], { code: 'sign_in_unavailable', cause: error, headers: { 'retry-after': '5' } })
  if (error instanceof oauth.ResponseBodyError) return new LoginProblem(stage === 'userinfo' ? 'no_userinfo' : 'token_exchange_failed', { cause: error, metadata: { error: error.error, errorDescription: describedSafely(error.error_description) } })
  return new LoginProblem(invalidReason(error, stage), { cause: error, metadata: mismatch(error), members: clockMembers(error) })
}

const unreachableReasons: Record<Stage, LoginFailure> = { token: 'token_exchange_failed', id_token: 'setup_error', userinfo: 'no_userinfo' }

function invalidReason (error: unknown, stage: Stage): LoginFailure {
  const code = errorCode(error)
  if (stage === 'userinfo') return code === oauth.JSON_ATTRIBUTE_COMPARISON ? 'userinfo_invalid' : 'no_userinfo'
  if (code === oauth.JWT_CLAIM_COMPARISON) return mismatchReason(error)
  if (stage === 'id_token' || code === oauth.JWT_TIMESTAMP_CHECK) return 'id_token_invalid'
  return isAboutIdToken(error) ? 'id_token_invalid' : 'token_exchange_failed'
}

function mismatchReason (error: unknown): LoginFailure {
  const claim = causeOf(error)?.claim
  if (claim === 'nonce') return 'nonce_mismatch'
  return claim === 'iss' ? 'issuer_mismatch' : 'id_token_invalid'
}

/** Which claim was wrong, and how: a clock that is off shows itself in `found` and `now`, in seconds since the epoch. */
function mismatch (error: unknown): Record<string, unknown> {
  const { claim, claims, expected, now, tolerance } = causeOf(error) ?? {}
  if (typeof claim !== 'string' || claim === 'nonce') return {}
  const found = (claims as Record<string, unknown> | undefined)?.[claim]
  return { claim, found, expected, now, tolerance }
}

/**
 * A token that has just been issued and is over, or not yet good: one of the clocks is wrong. By how much, `iat` tells,
 * in seconds; it is ahead of ours where that is positive.
 */
function clockMembers (error: unknown): Record<string, unknown> {
  const { claim, claims, now, tolerance } = causeOf(error) ?? {}
  const { iat } = (claims ?? {}) as { iat?: unknown }
  if (errorCode(error) !== oauth.JWT_TIMESTAMP_CHECK || claim === 'auth_time' || typeof iat !== 'number' || typeof now !== 'number') return {}
  // A token that says that it is new, and over at once, is wrong in another way.
  if (Math.abs(iat - now) <= Number(tolerance)) return {}
  const cause: LikelyCause = 'clock'
  return { likely_cause: cause, clock_difference: Math.round(iat - now) }
}

/** A token response that is well-formed but whose id_token is not: oauth4webapi hangs the claims or header on the cause. */
function isAboutIdToken (error: unknown): boolean {
  const cause = causeOf(error)
  return cause !== undefined && ('claims' in cause || 'header' in cause || 'alg' in cause)
}

/** Ours, for what was answered and can't be used. */
const refusedCodes: ReadonlySet<string> = new Set(['INSECURE_ENDPOINT', 'PROVIDER_KEYS_INVALID'])

/** Refused, timed out, cut off, or too large to be read: not an answer of the protocol. */
function isUnreachable (error: unknown): boolean {
  const code = errorCode(error)
  if (error instanceof DOMException) return error.name === 'TimeoutError' || error.name === 'AbortError'
  if (code === oauth.RESPONSE_IS_NOT_CONFORM) return statusOf(error) >= 500
  return code !== undefined && !refusedCodes.has(code) && !code.startsWith('OAUTH_')
}

function statusOf (error: unknown): number {
  const { cause } = error as { cause?: unknown }
  return cause instanceof Response ? cause.status : 0
}

function errorCode (error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}

function causeOf (error: unknown): Record<string, unknown> | undefined {
  const cause = (error as { cause?: unknown } | null)?.cause
  return typeof cause === 'object' && cause !== null ? cause as Record<string, unknown> : undefined
}
