import * as oauth from 'oauth4webapi'
import { ProviderAnswerError } from './advice.ts'
import { errorCause, errorCode } from './error-parts.ts'
import { type ProviderEndpoints, withEndpoints } from './provider-endpoints.ts'
import { underStrictProfile } from './provider-profile.ts'
import { requireSecure } from './provider-http.ts'

const suffix = '/.well-known/openid-configuration'

export interface DiscoverySettings {
  readonly issuer: string
  readonly discovery: boolean
  readonly endpoints: ProviderEndpoints
  readonly profile: 'standard' | 'fapi2'
}

/** What is known of the provider: by discovery, by configuration, or by both. No endpoint in it that is not https. */
export async function findProvider ({ issuer, discovery, endpoints, profile }: DiscoverySettings, options: oauth.DiscoveryRequestOptions, allowLoopbackHttp: boolean): Promise<oauth.AuthorizationServer> {
  const found = discovery ? await discover(issuer, options) : { issuer, id_token_signing_alg_values_supported: signingAlgorithms }
  // Optional in metadata (OpenID Connect Discovery section 3); without it a provider that signs userinfo could not be understood.
  const server = withEndpoints({ userinfo_signing_alg_values_supported: signingAlgorithms, ...found }, endpoints)
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const) {
    const endpoint = server[name]
    if (endpoint === undefined) throw new ProviderAnswerError('incomplete', `The discovery document names no ${name}`)
    requireSecure(endpoint, allowLoopbackHttp)
  }
  return profile === 'fapi2' ? underStrictProfile(server) : server
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

/** Says what was asked, and which two names differ: the commonest mistake is a slash too many or too few. */
function explained (cause: unknown, issuer: string, expected: URL): unknown {
  const detail = errorCause(cause)
  if (errorCode(cause) === 'ERR_INVALID_URL') return new ProviderAnswerError('issuer_other', 'The issuer in the discovery document is not a URL', cause)
  if (detail instanceof Response) return new ProviderAnswerError('no_document', `${withoutSlash(expected.href)}${suffix} answered with status ${detail.status}${detail.ok ? ', but not with JSON' : ''}`, cause)
  const named = (detail as { body?: { issuer?: unknown } } | undefined)?.body?.issuer
  if (typeof named !== 'string' || named === expected.href) return cause
  const code = differenceBetween(named, expected.href)
  return new ProviderAnswerError(code, `The provider calls itself ${JSON.stringify(named.slice(0, 300))}, provider.issuer is ${JSON.stringify(issuer)}`, cause)
}

function differenceBetween (named: string, expected: string): 'issuer_template' | 'issuer_slash' | 'issuer_other' {
  // Entra ID answers to `common` with the pattern of its tenants' names, which is the name of none.
  if (/\{\w+\}/.test(named)) return 'issuer_template'
  return withoutSlash(named) === withoutSlash(expected) ? 'issuer_slash' : 'issuer_other'
}

function withoutSlash (issuer: string): string {
  return issuer.replace(/\/$/, '')
}
