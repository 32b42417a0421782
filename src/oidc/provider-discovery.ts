import * as oauth from 'oauth4webapi'
import { ProviderAnswerError } from './advice.ts'
import { errorCause, errorCode } from './error-parts.ts'
import { requireSecure } from './provider-http.ts'

const suffix = '/.well-known/openid-configuration'

/**
 * The provider's metadata (OpenID Connect Discovery section 4), by its issuer or by the URL of the document. Either
 * way the document must name the issuer that was asked for (section 4.3), and no endpoint that is not https.
 */
export async function discover (issuer: string, options: oauth.DiscoveryRequestOptions, allowLoopbackHttp: boolean): Promise<oauth.AuthorizationServer> {
  const expected = new URL(issuer.endsWith(suffix) ? issuer.slice(0, -suffix.length) : issuer)
  const response = await oauth.discoveryRequest(expected, options)
  const server = await oauth.processDiscoveryResponse(expected, response).catch((cause: unknown) => { throw explained(cause, issuer, expected) })
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const) {
    const endpoint = server[name]
    if (endpoint === undefined) throw new ProviderAnswerError('incomplete', `The discovery document names no ${name}`)
    requireSecure(endpoint, allowLoopbackHttp)
  }
  return server
}

/** Says what was asked, and which two names differ: the commonest mistake is a slash too many or too few. */
function explained (cause: unknown, issuer: string, expected: URL): unknown {
  const detail = errorCause(cause)
  if (errorCode(cause) === 'ERR_INVALID_URL') return new ProviderAnswerError('issuer_other', 'The issuer in the discovery document is not a URL', cause)
  if (detail instanceof Response) return new ProviderAnswerError('no_document', `${withoutSlash(expected.href)}${suffix} answered with status ${detail.status}${detail.ok ? ', but not with JSON' : ''}`, cause)
  const named = (detail as { body?: { issuer?: unknown } } | undefined)?.body?.issuer
  if (typeof named !== 'string' || named === expected.href) return cause
  const code = withoutSlash(named) === withoutSlash(expected.href) ? 'issuer_slash' : 'issuer_other'
  return new ProviderAnswerError(code, `The provider calls itself ${JSON.stringify(named.slice(0, 300))}, provider.issuer is ${JSON.stringify(issuer)}`, cause)
}

function withoutSlash (issuer: string): string {
  return issuer.replace(/\/$/, '')
}
