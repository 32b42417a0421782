import { type Logger } from '../observability/index.ts'
import { type Shelf } from '../sessions/index.ts'
import { createAccessTokens, type ReadAccessToken } from './access-token.ts'
import { withGroupsOfTokens } from './access-token-groups.ts'
import { createGroupCompletion } from './group-completion.ts'
import { createGroupSource } from './group-sources.ts'
import { type ClaimSources, logClaims } from './log-claims.ts'
import { createOutageLog } from './outage-log.ts'
import { outageReason } from './outage-reason.ts'
import { type SignInAnswer, signInAnswer, withGroups } from './provider-answer.ts'
import { createApplicationTokens } from './provider-application-token.ts'
import { authorizationParameters, authorizationUrl, type AuthorizationWish } from './provider-authorization.ts'
import { type ProviderCallParts, watchProviderCalls } from './provider-calls.ts'
import { httpFor, openConnection } from './provider-connection.ts'
import { issuerUrl } from './provider-discovery.ts'
import { createIntrospection } from './provider-introspection.ts'
import { hintToKeep } from './provider-end-session.ts'
import { createProviderLogout, type ProviderLogout } from './provider-logout.ts'
import { type ProviderMemory } from './provider-memory.ts'
import { createProviderMetadata } from './provider-metadata.ts'
import { underProfile } from './provider-profile.ts'
import { createPushedRequests } from './provider-pushed.ts'
import { createProviderRefresh, type ProviderRefresh } from './provider-refresh.ts'
import { validateResponse } from './provider-response.ts'
import { type LoginSecrets, type ProviderSettings } from './provider-settings.ts'
import { createTokenRequests } from './provider-tokens.ts'
import { tokensOf } from './received-tokens.ts'

export interface Provider extends Pick<ProviderSettings, 'id' | 'addressedBy' | 'label' | 'emailDomains' | 'redirectUri' | 'scopes' | 'clockToleranceMilliseconds'> {
  /** The browser brings the answer in a form that a page of the provider posts. */
  readonly isPostedTo: boolean
  /** Whether it is the issuer of this provider, spelled in any way that leads to the same place. */
  isIssuer (issuer: string): boolean
  /** @throws {LoginProblem} `setup_error` while the provider has never been reached. */
  authorizationUrl (secrets: LoginSecrets, wish: AuthorizationWish): Promise<URL>
  /** Ends the code flow: checks the response, redeems the code, verifies the id_token, reads userinfo. @throws {LoginProblem} */
  redeem (response: URLSearchParams, secrets: LoginSecrets): Promise<SignInAnswer>
  /** Gets new tokens for a session, and what the provider says of the person now. */
  readonly refresh: ProviderRefresh
  /** Every access token is shown to the provider, also one that could be verified here. */
  readonly isAskedAboutTokens: boolean
  /** Checks an access token that somebody else obtained from this provider. */
  readonly readAccessToken: ReadAccessToken
  readonly logout: ProviderLogout
  /** Begins to look for the provider in the background. */
  start (): void
  /** Looks for it no more, and tells of nothing: another has taken its place. It still serves who has begun here. */
  retire (): void
  close (): Promise<void>
}

export interface ProviderParts extends Pick<ProviderCallParts, 'tracing' | 'onAnswered'> {
  readonly logger: Logger
  readonly now: () => number
  /** Where logout tokens that were used are remembered. */
  readonly spent: Shelf
  /** What is known of the provider from an earlier configuration, and will be by a later one. */
  readonly memory: ProviderMemory
  /** Called each time that the provider was asked for its metadata; with the reason, where it can't be used. */
  readonly onAsked: (isUp: boolean, reason?: string) => void
}

/** One OpenID provider: its metadata, its keys, and the requests to it. */
export function createProvider (given: ProviderSettings, { logger, now, spent, memory, onAsked, ...watched }: ProviderParts): Provider {
  const settings = underProfile(given)
  const calls = watchProviderCalls(httpFor(settings), { ...watched, id: settings.id, server: memory.metadata?.metadata })
  const { http, keys, requests, find } = openConnection(settings, now, memory, calls)
  const { client, options } = requests
  const metadata = createProviderMetadata({ load: async () => calls.learn(await find()), memory, now, onAttempt: report })
  const tokens = createTokenRequests(settings, requests)
  const push = createPushedRequests(settings, requests)
  const source = createGroupSource(settings.groupSource, { fetch: http.fetch, fetchToken: createApplicationTokens(settings, { client, options, getServer: metadata.get }), now })
  const completeGroups = createGroupCompletion({ source, groupClaims: settings.groupClaims })
  const readAccessToken = createAccessTokens(settings, { getServer: metadata.get, keys, introspect: createIntrospection(settings, requests), now })
  const logout = createProviderLogout(settings, { ...requests, getServer: metadata.get, keys, memory, spent, logger, now })
  const outage = createOutageLog(settings, { logger, now })

  function report (error: unknown): void {
    const reason = error === undefined ? undefined : outageReason(error)
    onAsked(reason === undefined, reason)
    if (reason !== undefined) return outage.failed(reason, error)
    outage.ended()
    logger.info({ event: 'provider.discovered', provider: settings.id, issuer: settings.issuer, clientId: settings.clientId, redirectUri: settings.redirectUri }, 'provider discovered')
  }

  function onClaims (sources: ClaimSources): void {
    logClaims(logger, settings.id, sources)
  }

  return {
    id: settings.id,
    addressedBy: settings.addressedBy,
    label: settings.label,
    emailDomains: settings.emailDomains,
    redirectUri: settings.redirectUri,
    scopes: settings.scopes,
    isPostedTo: settings.responseMode === 'form_post',
    clockToleranceMilliseconds: settings.clockToleranceMilliseconds,
    isIssuer: (issuer) => URL.parse(issuer)?.href === issuerUrl(settings.issuer).href,
    isAskedAboutTokens: settings.bearer.tokens === 'introspection',
    logout,
    start: metadata.start,
    retire: metadata.stop,
    refresh: createProviderRefresh({ getServer: metadata.get, requests: tokens, completeGroups, learnFrom: logout.learnFrom, onClaims, now }),
    readAccessToken: withGroupsOfTokens(readAccessToken, { completeGroups, logger, provider: settings.id }),
    async authorizationUrl (secrets, wish) {
      const server = await metadata.get()
      return authorizationUrl(server, await push(server, await authorizationParameters(server, settings, secrets, wish)))
    },
    async redeem (parameters, secrets) {
      const server = await metadata.get()
      const response = validateResponse(server, client, parameters, secrets.state)
      try {
        const redeemed = await tokens.exchange(server, response, secrets)
        logout.learnFrom(redeemed.idTokenText)
        const received = { ...tokensOf(redeemed, now()), idToken: hintToKeep(server, settings, redeemed.idTokenText) }
        const userinfo = await tokens.userinfo(server, redeemed.accessToken, redeemed.idToken.sub)
        const answer = signInAnswer(redeemed.idToken, userinfo, received, redeemed.scope)
        onClaims({ id_token: redeemed.idToken, userinfo, merged: answer.claims })
        return withGroups(answer, await completeGroups({ claims: answer.claims, signed: redeemed.idToken, accessToken: redeemed.accessToken }))
      } catch (error) {
        metadata.doubt()
        throw error
      }
    },
    async close () {
      metadata.stop()
      await http.close()
    }
  }
}
