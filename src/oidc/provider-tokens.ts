import * as oauth from 'oauth4webapi'
import { type Claims } from '../mapping/index.ts'
import { LoginProblem } from './login-problem.ts'
import { type LoginSecrets, type ProviderSettings } from './provider-settings.ts'
import { clientAuthentication } from './provider-client.ts'
import { providerFailure, type Stage } from './provider-failure.ts'
import { type ProviderHttp } from './provider-http.ts'
import { type SignatureCheck } from './provider-signature.ts'

/** The requests that turn a code into claims. Whatever goes wrong is a LoginProblem with its reason. */
export interface TokenRequests {
  /** Redeems the code and validates the id_token (OpenID Connect Core sections 3.1.3.1 to 3.1.3.7). */
  exchange (server: oauth.AuthorizationServer, response: URLSearchParams, secrets: LoginSecrets): Promise<RedeemedTokens>
  /** The claims of the userinfo endpoint, about this subject (section 5.3); none where there is none. */
  userinfo (server: oauth.AuthorizationServer, accessToken: string, subject: string): Promise<Claims>
}

export interface RedeemedTokens {
  readonly idToken: oauth.IDToken
  /** The same as it came. */
  readonly idTokenText: string
  readonly accessToken: string
  readonly expiresInSeconds: number | undefined
}

export interface TokenParts {
  readonly client: oauth.Client
  readonly options: { readonly [oauth.customFetch]: ProviderHttp['fetch'], readonly [oauth.allowInsecureRequests]: boolean }
  readonly verifySignature: SignatureCheck
}

export function createTokenRequests (settings: ProviderSettings, { client, options, verifySignature }: TokenParts): TokenRequests {
  const maxAge = settings.authorizationParams['max_age']

  async function redeem (server: oauth.AuthorizationServer, parameters: URLSearchParams, secrets: LoginSecrets) {
    const verifier = settings.pkce ? secrets.codeVerifier : oauth.nopkce
    const response = await oauth.authorizationCodeGrantRequest(server, client, clientAuthentication(server, settings), parameters, settings.redirectUri, verifier, options)
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: secrets.nonce,
      requireIdToken: true,
      ...(maxAge !== undefined && { maxAge: Number(maxAge) })
    })
    return { response, tokens }
  }

  async function readUserinfo (server: oauth.AuthorizationServer, accessToken: string, subject: string): Promise<Claims> {
    const response = await oauth.userInfoRequest(server, client, accessToken, options)
    const claims = await oauth.processUserInfoResponse(server, client, subject, response)
    if (response.headers.get('content-type')?.startsWith('application/jwt') === true) await verifySignature(server, response)
    return claims
  }

  return {
    async exchange (server, parameters, secrets) {
      const { response, tokens } = await redeem(server, parameters, secrets).catch(asProblem('token'))
      await verifySignature(server, response).catch(asProblem('id_token'))
      const idToken = oauth.getValidatedIdTokenClaims(tokens)
      // Without a subject everybody would be the same person.
      if (idToken === undefined || idToken.sub === '') throw new LoginProblem('id_token_invalid')
      return { idToken, idTokenText: tokens.id_token ?? '', accessToken: tokens.access_token, expiresInSeconds: tokens.expires_in }
    },
    async userinfo (server, accessToken, subject) {
      if (!settings.userinfo || server.userinfo_endpoint === undefined) return {}
      return await readUserinfo(server, accessToken, subject).catch(asProblem('userinfo'))
    }
  }
}

function asProblem (stage: Stage): (error: unknown) => never {
  return (error) => { throw providerFailure(error, stage) }
}
