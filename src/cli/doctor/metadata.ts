import { type ProviderConfiguration } from '../../config/index.ts'
import { outermostClaim } from '../../mapping/index.ts'
import { type ClientAuthMethod, type PublishedMetadata, soundsLikeGroups } from '../../oidc/index.ts'
import { type Finding, found } from './check.ts'

/** What a provider publishes of itself, held against the configuration. Pure: nothing is asked here. */

export function judgeClocks (clocks: { readonly here: number, readonly provider: number } | undefined, toleranceMilliseconds: number): Finding {
  if (clocks === undefined) return found.skipped('the provider’s answers have no date')
  const { here, provider } = clocks
  const both = `${new Date(provider).toISOString()} at the provider, ${new Date(here).toISOString()} here`
  // A date has whole seconds.
  if (Math.abs(here - provider) < Math.max(toleranceMilliseconds, 1000) + 1000) return found.ok(both)
  return found.failed(`${both}: more than ${toleranceMilliseconds / 1000} s (provider.clockTolerance) apart`, 'set the clock of this machine by NTP, or the provider’s; provider.clockTolerance bridges what remains')
}

export function judgePkce ({ code_challenge_methods_supported: methods }: PublishedMetadata, { pkce }: ProviderConfiguration): Finding {
  if (methods === undefined) return pkce ? found.ok('used; the provider does not say what it supports') : found.skipped('provider.pkce is false')
  const isSupported = methods.includes('S256')
  if (!pkce) return isSupported ? found.warning('not used, and the provider supports S256', 'take provider.pkce: false out') : found.skipped('provider.pkce is false')
  return isSupported ? found.ok('S256') : found.failed(`the provider supports ${listed(methods)}, not S256`, 'turn S256 on at the provider; if it refuses sign-ins otherwise, provider.pkce: false does without')
}

/** @param method the one that is used */
export function judgeClientAuth ({ token_endpoint_auth_methods_supported: methods = ['client_secret_basic'] }: PublishedMetadata, method: ClientAuthMethod): Finding {
  const what = `${method}; the provider supports ${listed(methods)}`
  return methods.includes(method) ? found.ok(what) : found.warning(what, 'choose one that it supports by provider.clientAuth, or with provider.clientSecret, provider.clientKey or provider.clientCertificate give what that one needs')
}

export function judgeScopes ({ scopes_supported: supported }: PublishedMetadata, { scopes }: ProviderConfiguration): Finding {
  if (supported === undefined) return found.skipped('the provider does not say which it knows')
  const unknown = scopes.filter((scope) => !supported.includes(scope))
  if (unknown.length === 0) return found.ok(scopes.join(' '))
  return found.warning(`the provider does not list ${unknown.join(', ')}; it lists ${listed(supported)}`, 'take out of provider.scopes what the provider does not know, or make it known there; a scope may also be there and not be listed')
}

/** How the answer to a sign-in comes (OAuth 2.0 Multiple Response Type Encoding Practices section 2.1). */
export function judgeResponses (server: PublishedMetadata, { responseMode }: ProviderConfiguration): Finding {
  const { response_types_supported: types = ['code'], response_modes_supported: modes } = server
  if (!types.includes('code')) return found.failed(`the provider supports ${listed(types)}, not code`, 'turn the authorization code flow on at the provider')
  if (modes === undefined ? responseMode === 'query' : modes.includes(responseMode)) return found.ok(`code, by ${responseMode}`)
  if (modes === undefined) return found.warning('code; the provider does not say that it can answer by form_post', 'if sign-ins fail, provider.responseMode: query')
  return found.failed(`code, but by ${listed(modes)} and not by ${responseMode}`, `set provider.responseMode to ${modes.includes('query') ? 'query' : 'form_post'}`)
}

interface Key {
  readonly kty?: string | undefined
  readonly crv?: string | undefined
  readonly use?: string | undefined
  readonly alg?: string | undefined
}

/** Whether id_tokens can be verified: an algorithm that the provider announces, and a published key for it. */
export function judgeKeys ({ id_token_signing_alg_values_supported: announced = ['RS256'] }: PublishedMetadata, keys: readonly Key[]): Finding {
  const verifiable = announced.filter((algorithm) => kindOf(algorithm) !== undefined)
  if (verifiable.length === 0) return found.failed(`the provider signs with ${listed(announced)}, which nobody can verify by a published key`, 'set the signing algorithm of the client’s registration there to RS256, PS256 or ES256')
  const signing = keys.filter(({ use }) => use === undefined || use === 'sig')
  const usable = verifiable.filter((algorithm) => signing.some((key) => fits(key, algorithm)))
  if (usable.length > 0) return found.ok(`${signing.length === 1 ? 'one key' : `${signing.length} keys`} for ${listed(usable)}`)
  return found.failed(`the provider signs with ${listed(announced)}, and publishes ${signing.length === 0 ? 'no key' : `keys for ${listed(signing.map(({ kty = 'unknown', crv }) => crv ?? kty))}`}`, 'look at the keys of the provider: without one for id_tokens nobody can sign in')
}

/** Kinds of keys by algorithm (RFC 7518 section 3.1, RFC 8037, RFC 9864). `none` and secrets that are shared prove nothing. */
const kinds: ReadonlyArray<readonly [algorithms: RegExp, kty: string, crv?: string]> = [
  [/^[RP]S(256|384|512)$/, 'RSA'],
  [/^ES256$/, 'EC', 'P-256'],
  [/^ES384$/, 'EC', 'P-384'],
  [/^ES512$/, 'EC', 'P-521'],
  [/^(EdDSA|Ed25519)$/, 'OKP', 'Ed25519']
]

function kindOf (algorithm: string): { readonly kty: string, readonly crv: string | undefined } | undefined {
  const kind = kinds.find(([algorithms]) => algorithms.test(algorithm))
  return kind && { kty: kind[1], crv: kind[2] }
}

function fits ({ kty, crv, alg }: Key, algorithm: string): boolean {
  const kind = kindOf(algorithm)
  return kty === kind?.kty && (kind?.crv === undefined || crv === kind.crv) && (alg === undefined || alg === algorithm)
}

/** @param signedOutUri to be registered there */
export function judgeSignOut ({ end_session_endpoint: endpoint }: PublishedMetadata, { logout }: ProviderConfiguration, signedOutUri: string): Finding {
  if (!logout.atProvider) return found.skipped('provider.logout.atProvider is false')
  if (endpoint === undefined) return found.warning('the provider names no end_session_endpoint, so people stay signed in there', 'if it has one, name it in provider.endpoints.endSession')
  return found.ok(logout.returnHere ? `at the provider, too; register as the post-logout redirect URI: ${signedOutUri}` : 'at the provider, too')
}

/** @param url to be registered there */
export function judgeBackchannel (server: PublishedMetadata, url: string): Finding {
  if (server['backchannel_logout_supported'] !== true) return found.skipped('the provider does not say that it ends sessions')
  return found.ok(`the provider can end sessions here; register as the back-channel logout URI: ${url}`)
}

/** Only a sign-in shows which claims come; what the provider lists may be incomplete (OpenID Connect Discovery section 3). */
export function judgeGroups ({ claims_supported: listedClaims }: PublishedMetadata, claim: string): Finding {
  const name = outermostClaim(claim)
  if (listedClaims === undefined) return found.skipped('the provider does not say which claims it sends: the first sign-in shows it')
  if (listedClaims.includes(name)) return found.ok(`the provider lists the claim ${name}`)
  const similar = listedClaims.filter(soundsLikeGroups)
  if (similar.length === 0) return found.skipped(`the provider does not list the claim ${name}, which it may send all the same: the first sign-in shows it`)
  return found.warning(`the provider does not list the claim ${name}; these look like it: ${similar.join(', ')}`, 'claims.groups says which one holds the groups')
}

const mostListed = 15

function listed (values: readonly string[]): string {
  const shown = [...new Set(values)]
  if (shown.length === 0) return 'none'
  return shown.length > mostListed ? `${shown.slice(0, mostListed).join(', ')} and ${shown.length - mostListed} more` : shown.join(', ')
}
