import * as oauth from 'oauth4webapi'
import { explainedError } from './advice.ts'
import { LoginProblem } from './login-problem.ts'
import { describedSafely } from './provider-words.ts'

/** State, issuer (RFC 9207 section 2.4) and error of the response, before anything in it is used. */
export function validateResponse (server: oauth.AuthorizationServer, client: oauth.Client, parameters: URLSearchParams, state: string): URLSearchParams {
  try {
    return oauth.validateAuthResponse(server, client, parameters, state)
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) throw refusal(error)
    const isForeign = parameters.get('iss') !== server.issuer && (parameters.has('iss') || server.authorization_response_iss_parameter_supported === true)
    throw new LoginProblem(isForeign ? 'issuer_mismatch' : 'state_invalid', { code: 'provider_failed', cause: error })
  }
}

const passingErrors = ['temporarily_unavailable', 'server_error']

/** The provider's own words go to the log and the audit trail; a page that repeats them could be made to say anything. */
function refusal (error: oauth.AuthorizationResponseError): LoginProblem {
  const isPassing = passingErrors.includes(error.error)
  return new LoginProblem('idp_error', {
    code: isPassing ? 'sign_in_unavailable' : 'provider_refused',
    cause: explainedError(error.error, error.error_description, error),
    metadata: { error: error.error, errorDescription: describedSafely(error.error_description) },
    ...(isPassing && { headers: { 'retry-after': '10' } })
  })
}
