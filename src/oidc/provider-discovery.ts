import * as oauth from 'oauth4webapi'
import { type ProviderEndpoints, withEndpoints } from './provider-endpoints.ts'
import { requireSecure } from './provider-http.ts'

const suffix = '/.well-known/openid-configuration'

export interface DiscoverySettings {
  readonly issuer: string
  readonly discovery: boolean
  readonly endpoints: ProviderEndpoints
}

/** What is known of the provider: by discovery, by configuration, or by both. No endpoint in it that is not https. */
export async function findProvider ({ issuer, discovery, endpoints }: DiscoverySettings, options: oauth.DiscoveryRequestOptions, allowLoopbackHttp: boolean): Promise<oauth.AuthorizationServer> {
  const found = discovery ? await discover(issuer, options) : { issuer, id_token_signing_alg_values_supported: signingAlgorithms }
  const server = withEndpoints(found, endpoints)
  for (const endpoint of [server.authorization_endpoint, server.token_endpoint, server.jwks_uri]) requireSecure(endpoint ?? '', allowLoopbackHttp)
  return server
}

/** The issuer that is asked for: the setting, or the start of the document's URL. */
export function issuerUrl (issuer: string): URL {
  return new URL(issuer.endsWith(suffix) ? issuer.slice(0, -suffix.length) : issuer)
}

/** What a provider of which nothing is known may sign with: everything but `none` and shared secrets (RFC 8725 section 3.1). */
const signingAlgorithms = ['RS256', 'PS256', 'ES256', 'Ed25519', 'EdDSA', 'RS384', 'PS384', 'ES384', 'RS512', 'PS512', 'ES512']

/**
 * The provider's metadata (OpenID Connect Discovery section 4), by its issuer or by the URL of the document. Either
 * way the document must name the issuer that was asked for (section 4.3).
 */
async function discover (issuer: string, options: oauth.DiscoveryRequestOptions): Promise<oauth.AuthorizationServer> {
  const expected = issuerUrl(issuer)
  const response = await oauth.discoveryRequest(expected, options)
  return await oauth.processDiscoveryResponse(expected, response).catch((cause: unknown) => { throw explained(cause, issuer, expected) })
}

/** Discovery that was answered, but not as it should be. */
class DiscoveryError extends Error {
  override readonly name = 'DiscoveryError'
  readonly code = 'DISCOVERY_REFUSED'
}

/** Says what was asked, and which two names differ: the commonest mistake is a slash too many or too few. */
function explained (cause: unknown, issuer: string, expected: URL): unknown {
  const { code, cause: detail } = cause as { code?: unknown, cause?: unknown }
  if (code === 'ERR_INVALID_URL') return new DiscoveryError('the issuer in the discovery document is not a URL', { cause })
  if (detail instanceof Response) return new DiscoveryError(`${expected.href.replace(/\/$/, '')}${suffix} answered with status ${detail.status}`, { cause })
  const named = (detail as { body?: { issuer?: unknown } } | undefined)?.body?.issuer
  if (typeof named !== 'string' || named === expected.href) return cause
  return new DiscoveryError(`the provider calls itself ${JSON.stringify(named.slice(0, 300))}, provider.issuer is ${JSON.stringify(issuer)}`, { cause })
}
