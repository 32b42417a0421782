import * as oauth from 'oauth4webapi'
import { allClaimsOf, type Claims } from '../mapping/index.ts'
import { type Logger } from '../observability/index.ts'
import { type Tokens } from '../sessions/index.ts'
import { createAccessTokens, type ReadAccessToken } from './access-token.ts'
import { authorizationUrl, type AuthorizationWish } from './provider-authorization.ts'
import { discover } from './provider-discovery.ts'
import { createProviderHttp } from './provider-http.ts'
import { createIntrospection } from './provider-introspection.ts'
import { createProviderKeys } from './provider-keys.ts'
import { createProviderMetadata } from './provider-metadata.ts'
import { validateResponse } from './provider-response.ts'
import { type LoginSecrets, type ProviderSettings } from './provider-settings.ts'
import { createSignatureCheck } from './provider-signature.ts'
import { createTokenRequests, type RedeemedTokens } from './provider-tokens.ts'
import { createRefetchBudget } from './refetch-budget.ts'

/** Who the provider says has signed in, after every check. */
export interface ProviderAnswer {
  /** Merged: what is decided on. */
  readonly claims: Claims
  /** As sent, for passing on. */
  readonly allClaims: Claims
  readonly tokens: Tokens
  /** Seconds since the epoch. */
  readonly authTime: number | undefined
  readonly acr: string | undefined
  readonly amr: readonly string[] | undefined
  readonly providerSessionId: string | undefined
}

export interface Provider {
  readonly id: string
  /** @throws {LoginProblem} `setup_error` while the provider has never been reached. */
  authorizationUrl (secrets: LoginSecrets, wish: AuthorizationWish): Promise<URL>
  /** Ends the code flow: checks the response, redeems the code, verifies the id_token, reads userinfo. @throws {LoginProblem} */
  redeem (response: URLSearchParams, secrets: LoginSecrets): Promise<ProviderAnswer>
  /** Checks an access token that somebody else obtained from this provider. */
  readonly readAccessToken: ReadAccessToken
  /** Begins to look for the provider in the background. */
  start (): void
  close (): Promise<void>
}

export interface ProviderParts {
  readonly logger: Logger
  readonly now: () => number
  /** Called each time that the provider was asked for its metadata. */
  readonly onAsked: (isUp: boolean) => void
}

/** One OpenID provider: its metadata, its keys, and the requests to it. */
export function createProvider (settings: ProviderSettings, { logger, now, onAsked }: ProviderParts): Provider {
  const isLoopbackHttp = settings.issuer.startsWith('http:')
  const http = createProviderHttp({ caPem: settings.caPem, allowLoopbackHttp: isLoopbackHttp })
  const options = { [oauth.customFetch]: http.fetch, [oauth.allowInsecureRequests]: isLoopbackHttp }
  const client: oauth.Client = {
    client_id: settings.clientId,
    [oauth.clockTolerance]: Math.ceil(settings.clockToleranceMilliseconds / 1000)
  }
  const metadata = createProviderMetadata({ load: () => discover(settings.issuer, options, isLoopbackHttp), now, onAttempt: report })
  const keys = createProviderKeys({ fetch: http.fetch, mayRefetch: createRefetchBudget(now), now })
  const requests = { client, options, verifySignature: createSignatureCheck(options, keys) }
  const tokens = createTokenRequests(settings, requests)

  function report (error: unknown): void {
    onAsked(error === undefined)
    if (error === undefined) logger.info({ event: 'provider.discovered', provider: settings.id }, 'provider discovered')
    else logger.warn({ event: 'provider.unavailable', provider: settings.id, issuer: settings.issuer, err: error }, 'provider can’t be used')
  }

  return {
    id: settings.id,
    start: metadata.start,
    readAccessToken: createAccessTokens(settings, { getServer: metadata.get, keys, introspect: createIntrospection(settings, requests), now }),
    async authorizationUrl (secrets, wish) {
      return await authorizationUrl(await metadata.get(), settings, secrets, wish)
    },
    async redeem (parameters, secrets) {
      const server = await metadata.get()
      const response = validateResponse(server, client, parameters, secrets.state)
      const redeemed = await tokens.exchange(server, response, secrets)
      const keptTokens = tokensOf(redeemed, now())
      const userinfo = await tokens.userinfo(server, redeemed.accessToken, redeemed.idToken.sub)
      return providerAnswer(redeemed.idToken, userinfo, keptTokens)
    },
    async close () {
      metadata.stop()
      await http.close()
    }
  }
}

/** Userinfo wins where both have a claim, but it is not signed: it can't change whom the id_token is about. */
function providerAnswer (idToken: oauth.IDToken, userinfo: Claims, tokens: Tokens): ProviderAnswer {
  const { sid, acr, amr, auth_time: authTime } = idToken
  return {
    claims: { ...idToken, ...userinfo, iss: idToken.iss, aud: idToken.aud, sub: idToken.sub },
    allClaims: allClaimsOf(idToken, userinfo),
    tokens,
    authTime,
    acr: typeof acr === 'string' ? acr : undefined,
    amr: Array.isArray(amr) ? amr.filter((method) => typeof method === 'string') : undefined,
    providerSessionId: typeof sid === 'string' ? sid : undefined
  }
}

/** `expires_in` counts from the response (RFC 6749 section 5.1). */
function tokensOf ({ accessToken, expiresInSeconds = 0 }: RedeemedTokens, now: number): Tokens {
  return expiresInSeconds > 0 ? { accessToken, accessTokenExpiresAt: Math.floor(now / 1000 + expiresInSeconds) } : { accessToken }
}
