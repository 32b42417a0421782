import * as oauth from 'oauth4webapi'
import { type Claims } from '../mapping/index.ts'
import { type Decrypt } from './decryption.ts'
import { requireSoundIdToken } from './id-token-checks.ts'
import { LoginProblem } from './login-problem.ts'
import { type LoginSecrets, type ProviderSettings } from './provider-settings.ts'
import { clientAuthentication } from './provider-client.ts'
import { providerFailure, type Stage } from './provider-failure.ts'
import { type RequestOptions, type Sender } from './provider-dpop.ts'
import { type SignatureCheck } from './provider-signature.ts'

/** The requests that turn a code into claims. Whatever goes wrong is a LoginProblem with its reason. */
export interface TokenRequests {
  /** Redeems the code and validates the id_token (OpenID Connect Core sections 3.1.3.1 to 3.1.3.7). */
  exchange (server: oauth.AuthorizationServer, response: URLSearchParams, secrets: LoginSecrets): Promise<RedeemedTokens>
  /** Redeems a refresh token (RFC 6749 section 6) and validates the id_token, if one comes; its signature is left to `verify`. */
  refresh (server: oauth.AuthorizationServer, refreshToken: string): Promise<RefreshedTokens>
  /** The claims of the userinfo endpoint, about this subject (section 5.3); none where there is none. */
  userinfo (server: oauth.AuthorizationServer, accessToken: string, subject: string): Promise<Claims>
}

export interface RedeemedTokens {
  readonly idToken: oauth.IDToken
  /** The same as it came. */
  readonly idTokenText: string
  readonly accessToken: string
  readonly refreshToken: string | undefined
  readonly expiresInSeconds: number | undefined
  /** What was granted, where the provider says (RFC 6749 section 5.1). */
  readonly scope: string | undefined
}

export interface RefreshedTokens extends Omit<RedeemedTokens, 'idToken' | 'idTokenText'> {
  readonly idToken: oauth.IDToken | undefined
  readonly idTokenText: string | undefined
  /** Verifies the signature of the id_token (OpenID Connect Core section 12.2). @throws {LoginProblem} */
  verify (): Promise<void>
}

export interface TokenParts {
  readonly client: oauth.Client
  readonly options: RequestOptions
  readonly sender: Sender
  readonly decrypt: Decrypt
  readonly verifySignature: SignatureCheck
  readonly now: () => number
}

/**
 * Whoever gives a refresh up may lose the only refresh token that is still good: it is waited for longer than requests
 * wait for it (refresh.ts).
 */
const refreshTimeoutMilliseconds = 20_000

export function createTokenRequests (settings: ProviderSettings, { client, sender, decrypt, verifySignature, now }: TokenParts): TokenRequests {
  const maxAge = settings.authorizationParams['max_age']

  function requireSound (idToken: oauth.IDToken, { access_token: accessToken }: oauth.TokenEndpointResponse): void {
    requireSoundIdToken(idToken, { accessToken, nowSeconds: now() / 1000, toleranceSeconds: settings.clockToleranceMilliseconds / 1000 })
  }

  function tokensIn (answer: oauth.TokenEndpointResponse): Omit<RedeemedTokens, 'idToken' | 'idTokenText'> {
    return { accessToken: answer.access_token, refreshToken: settings.refresh ? answer.refresh_token : undefined, expiresInSeconds: answer.expires_in, scope: answer.scope }
  }

  async function redeem (server: oauth.AuthorizationServer, parameters: URLSearchParams, secrets: LoginSecrets) {
    const verifier = settings.pkce ? secrets.codeVerifier : oauth.nopkce
    return await sender.send(server, async (options) => {
      const response = await oauth.authorizationCodeGrantRequest(server, client, clientAuthentication(server, settings), parameters, settings.redirectUri, verifier, options)
      const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
        expectedNonce: secrets.nonce,
        requireIdToken: true,
        [oauth.jweDecrypt]: decrypt,
        ...(maxAge !== undefined && { maxAge: Number(maxAge) })
      })
      return { response, tokens }
    })
  }

  async function redeemAgain (server: oauth.AuthorizationServer, refreshToken: string) {
    return await sender.send(server, async (options) => {
      const response = await oauth.refreshTokenGrantRequest(server, client, clientAuthentication(server, settings), refreshToken, patient(options))
      return { response, tokens: await oauth.processRefreshTokenResponse(server, client, response, { [oauth.jweDecrypt]: decrypt }) }
    })
  }

  /** A token that is not bound to the key is one that whoever steals it can use. */
  function requireBound ({ token_type: tokenType }: oauth.TokenEndpointResponse): void {
    if (tokenType !== sender.tokenType) throw new LoginProblem('token_exchange_failed', { metadata: { tokenType, expected: sender.tokenType } })
  }

  async function readUserinfo (server: oauth.AuthorizationServer, accessToken: string, subject: string): Promise<Claims> {
    const { response, claims } = await sender.send(server, async (options) => {
      const response = await oauth.userInfoRequest(server, client, accessToken, options)
      return { response, claims: await oauth.processUserInfoResponse(server, client, subject, response, { [oauth.jweDecrypt]: decrypt }) }
    })
    if (response.headers.get('content-type')?.startsWith('application/jwt') === true) await verifySignature(server, response)
    return claims
  }

  return {
    async exchange (server, parameters, secrets) {
      const { response, tokens } = await redeem(server, parameters, secrets).catch(asProblem('token'))
      requireBound(tokens)
      await verifySignature(server, response).catch(asProblem('id_token'))
      const idToken = oauth.getValidatedIdTokenClaims(tokens)
      if (idToken === undefined) throw new LoginProblem('id_token_invalid')
      requireSound(idToken, tokens)
      return { idToken, idTokenText: tokens.id_token ?? '', ...tokensIn(tokens) }
    },
    async refresh (server, refreshToken) {
      const { response, tokens } = await redeemAgain(server, refreshToken).catch(asProblem('token'))
      requireBound(tokens)
      const idToken = oauth.getValidatedIdTokenClaims(tokens)
      if (idToken !== undefined) requireSound(idToken, tokens)
      const verify = async (): Promise<void> => { await verifySignature(server, response).catch(asProblem('id_token')) }
      return { idToken, idTokenText: tokens.id_token, ...tokensIn(tokens), verify }
    },
    async userinfo (server, accessToken, subject) {
      if (!settings.userinfo || server.userinfo_endpoint === undefined) return {}
      return await readUserinfo(server, accessToken, subject).catch(asProblem('userinfo'))
    }
  }
}

function patient (options: RequestOptions): RequestOptions {
  const fetch = options[oauth.customFetch]
  return { ...options, [oauth.customFetch]: (url, init) => fetch(url, { ...init, timeoutMilliseconds: refreshTimeoutMilliseconds }) }
}

function asProblem (stage: Stage): (error: unknown) => never {
  return (error) => { throw providerFailure(error, stage) }
}
