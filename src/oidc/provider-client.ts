import { type webcrypto } from 'node:crypto'
import * as oauth from 'oauth4webapi'
import { type ClientKey } from './client-keys.ts'

export type ClientAuthMethod = 'client_secret_basic' | 'client_secret_post' | 'client_secret_jwt' | 'private_key_jwt' | 'tls_client_auth' | 'self_signed_tls_client_auth' | 'none'

/** What the client can show of itself. */
export interface ClientCredentials {
  readonly clientSecret?: string | undefined
  readonly clientAuth: 'auto' | ClientAuthMethod
  readonly clientKey?: ClientKey | undefined
  readonly clientAssertionAudience?: 'issuer' | 'token_endpoint'
  /** Shown when the connection is made: see provider-http.ts. */
  readonly clientCertificate?: object | undefined
}

/** How the client authenticates wherever it has to (OpenID Connect Core section 9, RFC 8705 section 2). */
export function clientAuthentication (server: oauth.AuthorizationServer, credentials: ClientCredentials): oauth.ClientAuth {
  const { clientSecret = '', clientKey } = credentials
  switch (clientAuthMethod(server, credentials)) {
    case 'client_secret_basic': return oauth.ClientSecretBasic(clientSecret)
    case 'client_secret_post': return oauth.ClientSecretPost(clientSecret)
    case 'client_secret_jwt': return oauth.ClientSecretJwt(clientSecret, { [oauth.modifyAssertion]: audienceFor(server, credentials) })
    case 'private_key_jwt': return clientKey === undefined ? oauth.None() : signedAssertion(server, clientKey, audienceFor(server, credentials))
    case 'tls_client_auth':
    case 'self_signed_tls_client_auth': return oauth.TlsClientAuth()
    case 'none': return oauth.None()
  }
}

/** The configured method, or the one that `auto` comes to. */
export function clientAuthMethod (server: oauth.AuthorizationServer, credentials: ClientCredentials): ClientAuthMethod {
  return credentials.clientAuth === 'auto' ? bestMethod(server, credentials) : credentials.clientAuth
}

/** Whether the client has anything to show; one that has not is public (RFC 6749 section 2.1). */
export function canAuthenticate ({ clientAuth, clientSecret, clientKey, clientCertificate }: ClientCredentials): boolean {
  return clientAuth !== 'none' && (clientSecret !== undefined || clientKey !== undefined || clientCertificate !== undefined)
}

/** The strongest that both sides can, where the provider names none of them the strongest that we can; Basic is what saying nothing means (RFC 8414 section 2). */
function bestMethod (server: oauth.AuthorizationServer, { clientSecret, clientKey, clientCertificate }: ClientCredentials): ClientAuthMethod {
  const possible: ClientAuthMethod[] = [
    ...(clientKey === undefined ? [] : ['private_key_jwt'] as const),
    ...(clientCertificate === undefined ? [] : ['tls_client_auth', 'self_signed_tls_client_auth'] as const),
    ...(clientSecret === undefined ? [] : ['client_secret_basic', 'client_secret_post', 'client_secret_jwt'] as const)
  ]
  const supported = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  return possible.find((method) => supported.includes(method)) ?? possible[0] ?? 'none'
}

/**
 * The issuer alone (FAPI 2.0 Security Profile section 5.3.3.1): one that is made out to an address could be taken, by a
 * provider that lies about its address, to the honest one.
 */
function audienceFor (server: oauth.AuthorizationServer, { clientAssertionAudience }: ClientCredentials): oauth.ModifyAssertionFunction {
  return (_header, payload) => {
    if (clientAssertionAudience === 'token_endpoint' && server.token_endpoint !== undefined) payload['aud'] = server.token_endpoint
  }
}

function signedAssertion (server: oauth.AuthorizationServer, { key, kid, algorithms }: ClientKey, setAudience: oauth.ModifyAssertionFunction): oauth.ClientAuth {
  const supported = server.token_endpoint_auth_signing_alg_values_supported ?? []
  const algorithm = algorithms.find((name) => supported.includes(name)) ?? algorithms.at(-1) ?? ''
  const cryptoKey = key.toCryptoKey(parametersOf(algorithm), false, ['sign'])
  return oauth.PrivateKeyJwt({ key: cryptoKey, kid }, {
    [oauth.modifyAssertion]: (header, payload) => {
      header['alg'] = algorithm
      setAudience(header, payload)
    }
  })
}

function parametersOf (algorithm: string): webcrypto.RsaHashedImportParams | webcrypto.EcKeyImportParams | webcrypto.Algorithm {
  switch (algorithm) {
    case 'PS256': return { name: 'RSA-PSS', hash: 'SHA-256' }
    case 'RS256': return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
    case 'ES256': return { name: 'ECDSA', namedCurve: 'P-256' }
    case 'ES384': return { name: 'ECDSA', namedCurve: 'P-384' }
    case 'ES512': return { name: 'ECDSA', namedCurve: 'P-521' }
    default: return { name: 'Ed25519' }
  }
}
