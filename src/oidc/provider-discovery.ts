import * as oauth from 'oauth4webapi'
import { requireSecure } from './provider-http.ts'

const suffix = '/.well-known/openid-configuration'

/**
 * The provider's metadata (OpenID Connect Discovery section 4), by its issuer or by the URL of the document. Either
 * way the document must name the issuer that was asked for (section 4.3), and no endpoint that is not https.
 */
export async function discover (issuer: string, options: oauth.DiscoveryRequestOptions, allowLoopbackHttp: boolean): Promise<oauth.AuthorizationServer> {
  const expected = new URL(issuer.endsWith(suffix) ? issuer.slice(0, -suffix.length) : issuer)
  const response = await oauth.discoveryRequest(expected, options)
  const server = await oauth.processDiscoveryResponse(expected, response).catch((cause: unknown) => { throw explainIssuer(cause, expected) })
  for (const endpoint of [server.authorization_endpoint, server.token_endpoint, server.jwks_uri]) requireSecure(endpoint ?? '', allowLoopbackHttp)
  return server
}

/** Says which two names differ: the commonest mistake is a slash too many or too few. */
function explainIssuer (cause: unknown, expected: URL): unknown {
  if ((cause as { code?: unknown }).code === 'ERR_INVALID_URL') return new Error('the issuer in the discovery document is not a URL', { cause })
  const body = (cause as { cause?: { body?: { issuer?: unknown } } }).cause?.body
  if (typeof body?.issuer !== 'string' || body.issuer === expected.href) return cause
  return new Error(`the provider calls itself ${JSON.stringify(body.issuer.slice(0, 300))}, the configuration says ${JSON.stringify(expected.href)}`, { cause })
}
