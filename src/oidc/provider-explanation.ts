import * as oauth from 'oauth4webapi'
import { bounded } from '../observability/index.ts'
import { ProviderAnswerError } from './advice.ts'
import { errorCause, errorCode, errorStatus } from './error-parts.ts'

/** The same error in words for those who run Doorward, where a known mistake is behind it. */
export function explainedAnswer (error: unknown, stage: 'authorization' | 'token' | 'id_token' | 'userinfo'): unknown {
  const code = errorCode(error)
  if (stage === 'authorization') return error
  if (stage === 'userinfo') return explainedUserinfo(error)
  if (code === oauth.JWT_CLAIM_COMPARISON) return explainedClaim(error)
  if (code === oauth.KEY_SELECTION) return new ProviderAnswerError('key_unknown', `No published key fits ${excerpt(errorCause(error)?.['header'])}`, error)
  return explainedToken(error)
}

function explainedUserinfo (error: unknown): unknown {
  const status = errorStatus(error)
  return status === 401 || status === 403 ? new ProviderAnswerError('userinfo_refused', `Userinfo answered with status ${status}`, error) : error
}

function explainedClaim (error: unknown): unknown {
  const { claim, claims, expected } = errorCause(error) ?? {}
  if (claim !== 'iss' && claim !== 'aud') return error
  const found = (claims as Record<string, unknown> | undefined)?.[claim]
  return new ProviderAnswerError(claim === 'iss' ? 'issuer' : 'audience', `The id_token’s ${claim} is ${excerpt(found)}, expected was ${excerpt(expected)}`, error)
}

/** oauth4webapi has one code for them: what it hangs on the cause tells them apart. */
function explainedToken (error: unknown): unknown {
  const { header, reason, expected, signature, body } = errorCause(error) ?? {}
  if (header !== undefined && reason !== undefined) return new ProviderAnswerError('algorithm', `The token’s header is ${excerpt(header)}, expected was ${excerpt(expected)}`, error)
  if (signature !== undefined) return new ProviderAnswerError('signature', 'The signature of the id_token is not valid', error)
  const { access_token: accessToken, id_token: idToken } = (body ?? {}) as { access_token?: unknown, id_token?: unknown }
  if (typeof accessToken === 'string' && idToken === undefined) return new ProviderAnswerError('no_id_token', 'The token response holds an access token alone', error)
  return error
}

const maxExcerptLength = 300

function excerpt (value: unknown): string {
  return (JSON.stringify(bounded(value)) ?? 'absent').slice(0, maxExcerptLength)
}
