import * as oauth from 'oauth4webapi'
import { type Logger } from '../observability/index.ts'
import { createAccessTokens, type ReadAccessToken } from './access-token.ts'
import { type SignInAnswer, signInAnswer } from './provider-answer.ts'
import { authorizationUrl } from './provider-authorization.ts'
import { discover } from './provider-discovery.ts'
import { createProviderHttp } from './provider-http.ts'
import { createIntrospection } from './provider-introspection.ts'
import { createProviderKeys } from './provider-keys.ts'
import { createProviderMetadata } from './provider-metadata.ts'
import { createProviderRefresh, type ProviderRefresh } from './provider-refresh.ts'
import { validateResponse } from './provider-response.ts'
import { type LoginSecrets, type ProviderSettings } from './provider-settings.ts'
import { createSignatureCheck } from './provider-signature.ts'
import { createTokenRequests } from './provider-tokens.ts'
import { tokensOf } from './received-tokens.ts'
import { createRefetchBudget } from './refetch-budget.ts'

export interface Provider {
  readonly id: string
  /** @throws {LoginProblem} `setup_error` while the provider has never been reached. */
  authorizationUrl (secrets: LoginSecrets, options: { chooseAccount: boolean }): Promise<URL>
  /** Ends the code flow: checks the response, redeems the code, verifies the id_token, reads userinfo. @throws {LoginProblem} */
  redeem (response: URLSearchParams, secrets: LoginSecrets): Promise<SignInAnswer>
  /** Gets new tokens for a session, and what the provider says of the person now. */
  readonly refresh: ProviderRefresh
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
    refresh: createProviderRefresh({ getServer: metadata.get, requests: tokens, now }),
    readAccessToken: createAccessTokens(settings, { getServer: metadata.get, keys, introspect: createIntrospection(settings, requests), now }),
    async authorizationUrl (secrets, { chooseAccount }) {
      return await authorizationUrl(await metadata.get(), settings, secrets, chooseAccount)
    },
    async redeem (parameters, secrets) {
      const server = await metadata.get()
      const response = validateResponse(server, client, parameters, secrets.state)
      const redeemed = await tokens.exchange(server, response, secrets)
      const received = tokensOf(redeemed, now())
      const userinfo = await tokens.userinfo(server, redeemed.accessToken, redeemed.idToken.sub)
      return signInAnswer(redeemed.idToken, userinfo, received)
    },
    async close () {
      metadata.stop()
      await http.close()
    }
  }
}
