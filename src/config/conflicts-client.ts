import { type Conflict } from './conflict.ts'
import { type ProviderConfiguration } from './schema.ts'

type Credential = 'clientSecret' | 'clientKey' | 'clientCertificate'

const needed: Readonly<Record<ProviderConfiguration['clientAuth'], Credential | undefined>> = {
  auto: undefined,
  none: undefined,
  client_secret_basic: 'clientSecret',
  client_secret_post: 'clientSecret',
  client_secret_jwt: 'clientSecret',
  private_key_jwt: 'clientKey',
  tls_client_auth: 'clientCertificate',
  self_signed_tls_client_auth: 'clientCertificate'
}

const givenBy: Readonly<Record<Credential, readonly string[]>> = {
  clientSecret: ['clientSecret', 'clientSecretFile'],
  clientKey: ['clientKey', 'clientKeyFile'],
  clientCertificate: ['clientCertificate']
}

/** What discovery would have found, and nobody else tells. */
export function discoveryConflicts (place: string, { discovery, issuer, endpoints }: ProviderConfiguration): Conflict[] {
  if (discovery) return []
  const missing = (['authorization', 'token', 'jwks'] as const).filter((name) => endpoints[name] === undefined)
  const conflicts = missing.map((name) => ({ settings: [`${place}.discovery`, `${place}.endpoints.${name}`], message: `${place}.endpoints.${name} is required where ${place}.discovery is false` }))
  if (!issuer.endsWith('/.well-known/openid-configuration')) return conflicts
  return [...conflicts, { settings: [`${place}.issuer`, `${place}.discovery`], message: `expected the issuer itself, since ${place}.discovery is false` }]
}

/** The answer is posted from another site, so its cookie needs `SameSite=None`, which browsers take with `Secure` alone (RFC 6265bis section 5.7). */
export function responseConflicts (place: string, { responseMode }: ProviderConfiguration, publicUrl: string): Conflict[] {
  if (responseMode === 'query' || publicUrl.startsWith('https:')) return []
  return [{ settings: [`${place}.responseMode`, 'server.publicUrl'], message: 'form_post needs https in server.publicUrl' }]
}

/** What FAPI 2.0 forbids (Security Profile sections 5.3.3.1 and 5.3.3.2). */
export function profileConflicts (place: string, provider: ProviderConfiguration): Conflict[] {
  if (provider.profile !== 'fapi2') return []
  const { clientAuth, clientSecret, clientKey, clientCertificate, clientAssertionAudience, pkce, par } = provider
  const forbidden: ReadonlyArray<readonly [key: string, isGiven: boolean, message: string]> = [
    ['clientAuth', clientAuth.startsWith('client_secret_') || clientAuth === 'none', 'fapi2 needs private_key_jwt, tls_client_auth or self_signed_tls_client_auth'],
    ['clientSecret', clientSecret !== undefined, 'fapi2 has no client secret; expected clientKey or clientCertificate'],
    ['clientKey', clientKey === undefined && clientCertificate === undefined, `fapi2 needs ${place}.clientKey or ${place}.clientCertificate`],
    ['clientAssertionAudience', clientAssertionAudience !== 'issuer', 'fapi2 needs issuer'],
    ['pkce', !pkce, 'fapi2 needs PKCE'],
    ['par', par === 'never', 'fapi2 needs pushed authorization requests']
  ]
  return forbidden.filter(([, isGiven]) => isGiven).map(([key, , message]) => ({ settings: [`${place}.${key}`, `${place}.profile`], message }))
}

/** HS256 takes a key of the hash's length at least (RFC 7518 section 3.2). */
const shortestHmacKey = 32

/** What the client can't authenticate with. */
export function clientConflicts (place: string, provider: ProviderConfiguration): Conflict[] {
  const { clientAuth, clientSecret, clientKey, clientCertificate } = provider
  const given = { clientSecret, clientKey, clientCertificate }
  const at = (key: string) => `${place}.${key}`
  const conflict = (credential: Credential, message: string): Conflict[] => [{ settings: [at('clientAuth'), at(credential)], message }]

  const superfluous = (['clientSecret', 'clientKey'] as const).find((credential) => given[credential] !== undefined)
  if (clientAuth === 'none' && superfluous !== undefined) return conflict(superfluous, `none can’t be combined with a client ${superfluous === 'clientSecret' ? 'secret' : 'key'}`)
  const credential = needed[clientAuth]
  if (credential !== undefined && given[credential] === undefined) return conflict(credential, `${clientAuth} needs ${givenBy[credential].map(at).join(' or ')}`)
  if (clientAuth === 'client_secret_jwt' && Buffer.byteLength(clientSecret ?? '') < shortestHmacKey) return conflict('clientSecret', `client_secret_jwt needs a secret of at least ${shortestHmacKey} bytes`)
  return []
}

/** Nothing by which the provider could tell it from others (RFC 6749 section 2.1). */
export function isPublicClient ({ clientAuth, clientSecret, clientKey, clientCertificate }: ProviderConfiguration): boolean {
  return clientAuth === 'none' || (clientSecret ?? clientKey ?? clientCertificate) === undefined
}
