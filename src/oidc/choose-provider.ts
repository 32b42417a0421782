import { Problem } from '../errors.ts'
import { type Provider } from './provider.ts'
import { type Providers } from './providers.ts'

/** Where a sign-in goes on: at a provider, or at the page on which people choose one. */
export type Choice =
  | { readonly isMade: true, readonly provider: Provider, readonly loginHint: string | undefined }
  /** `email` is one that leads to no provider. */
  | { readonly isMade: false, readonly email: string | undefined }

/** Longer than an address may be (RFC 5321 section 4.5.3.1), and than any hint that somebody would type. */
const maxHintLength = 320

/**
 * The provider that the parameters of a sign-in name: by its id (`provider`), by its issuer (`iss`, OpenID Connect Core
 * section 4), or by an e-mail address of one of its domains (`email`). Where there is but one, nothing need be said.
 *
 * @throws {Problem} `provider_unknown` for an id or an issuer that is not in the configuration
 */
export function chooseProvider (parameters: URLSearchParams, providers: Providers): Choice {
  const [id, issuer, email] = ['provider', 'iss', 'email'].map((name) => parameters.get(name))
  const meant = providers.all.filter((provider) => (id == null || provider.id === id) && (issuer == null || provider.isIssuer(issuer)))
  const [first] = meant
  if (first === undefined) throw new Problem('provider_unknown')
  // Without an issuer it is no third party that asks, and a hint is not for a link to give.
  if (issuer != null) return { isMade: true, provider: first, loginHint: hintOf(parameters.get('login_hint')) }
  if (meant.length === 1) return { isMade: true, provider: first, loginHint: undefined }
  return email == null ? { isMade: false, email: undefined } : byEmail(email.trim(), providers)
}

function byEmail (email: string, providers: Providers): Choice {
  const domain = domainOf(email)
  const provider = domain === undefined ? undefined : providers.all.find(({ emailDomains }) => emailDomains.includes(domain))
  return provider === undefined ? { isMade: false, email } : { isMade: true, provider, loginHint: email }
}

/** In the form that the configuration has: lower case, and Punycode for what is not ASCII (RFC 5890). */
function domainOf (email: string): string | undefined {
  const [, domain] = /^[^\s@]+@([^\s@/?#:%\\]+)$/.exec(email) ?? []
  if (domain === undefined || email.length > maxHintLength) return undefined
  return URL.parse(`http://${domain}`)?.host
}

function hintOf (text: string | null): string | undefined {
  return text === null || text.length > maxHintLength ? undefined : text
}
