import { type DecryptionKey } from './decryption.ts'
import { type GroupSourceSettings } from './group-source.ts'
import { type ClientCredentials } from './provider-client.ts'
import { type ProviderEndpoints } from './provider-endpoints.ts'
import { type ClientCertificate } from './provider-http.ts'
import { type ProxySettings } from './provider-proxy.ts'

/** One provider of the configuration. Durations are in milliseconds. */
export interface ProviderSettings extends ClientCredentials {
  readonly id: string
  /** What its addresses here end with: its id where it is one of a list, so that none is shared when another is added. */
  readonly addressedBy: string | undefined
  /** How people recognize it. */
  readonly label: string
  /** Whoever gives an e-mail address of one of these signs in here. */
  readonly emailDomains: readonly string[]
  /** Issuer URL, or the URL of the discovery document. */
  readonly issuer: string
  readonly profile: 'standard' | 'fapi2'
  /** `false`: the endpoints are all there is to know. */
  readonly discovery: boolean
  readonly endpoints: ProviderEndpoints
  readonly clientId: string
  readonly clientCertificate?: ClientCertificate | undefined
  readonly decryptionKeys: readonly DecryptionKey[]
  readonly pkce: boolean
  /** `auto`: where the provider requires it. */
  readonly par: 'auto' | 'always' | 'never'
  readonly dpop: boolean
  readonly scopes: readonly string[]
  readonly authorizationParams: Readonly<Record<string, string>>
  readonly userinfo: boolean
  /** Whether refresh tokens are kept and used. */
  readonly refresh: boolean
  readonly caPem?: string | undefined
  readonly proxy?: ProxySettings | undefined
  readonly clockToleranceMilliseconds: number
  readonly redirectUri: string
  /** How the browser brings the answer: in the address, or in a form. */
  readonly responseMode: 'query' | 'form_post'
  readonly bearer: BearerSettings
  readonly groupSource: GroupSourceSettings
  /** The claims that hold groups or roles, by name or JSON pointer. */
  readonly groupClaims: readonly string[]
  readonly logout: LogoutSettings
}

/** What the provider hears of a sign-out. */
export interface LogoutSettings {
  /** People are sent on to the provider's `end_session_endpoint`. */
  readonly atProvider: boolean
  /** The provider is asked to send them back to `signedOutUri`. */
  readonly returnHere: boolean
  readonly signedOutUri: string
  readonly revokeTokens: boolean
}

/** Which access tokens programs may come with. */
export interface BearerSettings {
  readonly audiences: readonly string[]
  /** `auto`: a JWT is verified here, and the provider is asked about anything else. */
  readonly tokens: 'auto' | 'jwt' | 'introspection'
  readonly introspection: { readonly requireAudience: boolean }
  /** How long the provider's answer about a token is believed. */
  readonly cacheMilliseconds: number
}

/** What binds an authorization response to the browser and the request that caused it (RFC 9700 sections 4.5 and 4.7). */
export interface LoginSecrets {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}
