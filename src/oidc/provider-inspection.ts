import { randomBytes } from 'node:crypto'
import * as oauth from 'oauth4webapi'
import { type JWK } from 'jose'
import { type AuthorizationAnswer, readAuthorizationAnswer, refusedRequest } from './authorization-answer.ts'
import { createGroupSource } from './group-sources.ts'
import { LoginProblem } from './login-problem.ts'
import { createApplicationTokens } from './provider-application-token.ts'
import { authorizationParameters, authorizationUrl } from './provider-authorization.ts'
import { type ClientAuthMethod, clientAuthMethod } from './provider-client.ts'
import { httpFor, openConnection } from './provider-connection.ts'
import { type ProviderHttp } from './provider-http.ts'
import { underProfile } from './provider-profile.ts'
import { createPushedRequests } from './provider-pushed.ts'
import { validateResponse } from './provider-response.ts'
import { type LoginSecrets, type ProviderSettings } from './provider-settings.ts'
import { createTokenRequests } from './provider-tokens.ts'
import { type Trouble, troubleOf } from './trouble.ts'

/** What a provider publishes of itself (OpenID Connect Discovery section 3). */
export type PublishedMetadata = oauth.AuthorizationServer

/** The clocks as the provider's answer came, in milliseconds since the epoch. */
export interface Clocks {
  readonly here: number
  readonly provider: number
}

/** Questions to a provider before anybody signs in, each asked as a sign-in would ask it. None leaves anything behind there. */
export interface ProviderInspection {
  /** @throws what `troubleOf` has words for, like the others */
  metadata (): Promise<PublishedMetadata>
  /** By the newest answer; `undefined` where there is none, or none with a date. */
  clocks (): Clocks | undefined
  keys (server: PublishedMetadata): Promise<readonly JWK[]>
  clientAuthMethod (server: PublishedMetadata): ClientAuthMethod
  /** Asks for a sign-in that must end at once (`prompt=none`), with this client's redirect URI and scopes. */
  askToSignIn (server: PublishedMetadata): Promise<AuthorizationAnswer>
  /** Redeems a code that nobody gave out: the provider's reason to refuse it. @param more in place of what is configured */
  redeemNothing (server: PublishedMetadata, more?: Pick<ProviderSettings, 'clientSecret'>): Promise<Trouble>
  /** Asks the directory for the groups of somebody whom it can't know: why it gives none. `undefined` where there is nothing to ask before a sign-in. */
  askForGroups (): Promise<Trouble | undefined>
  close (): Promise<void>
}

/** @param now milliseconds since the epoch */
export function createProviderInspection (given: ProviderSettings, now: () => number): ProviderInspection {
  const settings = underProfile(given)
  const direct = httpFor(settings)
  const http: ProviderHttp = { ...direct, fetch: noteClocks }
  const { keys, requests, find } = openConnection(settings, now, { mayRefetch: () => true }, http)
  const { client } = requests
  const push = createPushedRequests(settings, requests)
  let clocks: Clocks | undefined

  async function noteClocks (...asked: Parameters<ProviderHttp['fetch']>): Promise<Response> {
    const answer = await direct.fetch(...asked)
    const provider = timeOf(answer)
    if (!Number.isNaN(provider)) clocks = { here: now(), provider }
    return answer
  }

  return {
    metadata: find,
    clocks: () => clocks,
    keys: (server) => keys.use(server, async ({ jwks }) => jwks.keys),
    clientAuthMethod: (server) => clientAuthMethod(server, settings),
    async askToSignIn (server) {
      const silent = { ...settings, authorizationParams: { ...settings.authorizationParams, prompt: 'none' } }
      const parameters = await authorizationParameters(server, silent, freshSecrets(), { chooseAccount: false })
      const pushed = await push(server, parameters).then((left) => ({ left }), refusedPush)
      if (!('left' in pushed)) return pushed
      const url = authorizationUrl(server, pushed.left)
      const answer = await http.fetch(url.href, { headers: { accept: 'text/html' } })
      return readAuthorizationAnswer({ status: answer.status, location: absolute(answer.headers.get('location'), url), body: await answer.text() }, settings.redirectUri)
    },
    async redeemNothing (server, more = {}) {
      const secrets = freshSecrets()
      const answer = new URLSearchParams({ code: randomBytes(24).toString('base64url'), state: secrets.state, iss: server.issuer })
      try {
        await createTokenRequests({ ...settings, ...more }, requests).exchange(server, validateResponse(server, client, answer, secrets.state), secrets)
        return { happened: 'The provider gave tokens for a code that nobody gave out' }
      } catch (error) {
        return troubleOf(error)
      }
    },
    askForGroups: () => askDirectory(settings, { fetch: http.fetch, fetchToken: createApplicationTokens(settings, { ...requests, getServer: find }), now }),
    close: http.close
  }
}

/** In the form that directories know people by. */
const nobody = { sub: 'doorward-doctor', oid: '00000000-0000-0000-0000-000000000000' }

async function askDirectory ({ groupSource }: ProviderSettings, parts: Parameters<typeof createGroupSource>[1]): Promise<Trouble | undefined> {
  const isAskedForWhoSignsIn = groupSource.kind === 'entra' && groupSource.credentials === 'user'
  const source = isAskedForWhoSignsIn ? undefined : createGroupSource(groupSource, parts)
  if (source === undefined) return undefined
  try {
    await source.groupsOf({ signed: nobody, accessToken: undefined })
    return { happened: 'The directory knows groups of somebody who does not exist' }
  } catch (error) {
    return troubleOf(error)
  }
}

/** When the provider sent this, by its own clock; on the way it may have been kept for a while (RFC 9110 section 6.6.1, RFC 9111 section 5.1). */
function timeOf ({ headers }: Response): number {
  return Date.parse(headers.get('date') ?? '') + Number(headers.get('age') ?? 0) * 1000
}

type RefusedRequest = Extract<AuthorizationAnswer, { kind: 'refused' }>

function refusedPush (error: unknown): RefusedRequest {
  const { error: told, errorDescription } = error instanceof LoginProblem ? error.metadata : {}
  if (typeof told !== 'string') throw error
  return refusedRequest(told, typeof errorDescription === 'string' ? errorDescription : undefined)
}

function freshSecrets (): LoginSecrets {
  return { state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce(), codeVerifier: oauth.generateRandomCodeVerifier() }
}

function absolute (location: string | null, base: URL): string | undefined {
  return location === null ? undefined : URL.parse(location, base.href)?.href
}
