import * as oauth from 'oauth4webapi'
import { type Claims } from '../mapping/index.ts'
import { type Logger } from '../observability/index.ts'
import { LoginProblem } from './login-problem.ts'
import { providerFailure } from './provider-failure.ts'
import { createProviderHttp, requireSecure } from './provider-http.ts'
import { createProviderMetadata } from './provider-metadata.ts'
import { createRefetchBudget } from './refetch-budget.ts'

export interface ProviderSettings {
  readonly id: string
  /** Issuer URL, or the URL of the discovery document. */
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret?: string | undefined
  readonly clientAuth: 'auto' | 'client_secret_basic' | 'client_secret_post' | 'none'
  readonly pkce: boolean
  readonly scopes: readonly string[]
  readonly authorizationParams: Readonly<Record<string, string>>
  readonly userinfo: boolean
  readonly caPem?: string | undefined
  readonly clockToleranceMilliseconds: number
  readonly redirectUri: string
}

/** What binds an authorization response to the browser and the request that caused it (RFC 9700 sections 4.5 and 4.7). */
export interface LoginSecrets {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

/** Who the provider says has signed in, after every check. */
export interface ProviderAnswer {
  readonly claims: Claims
  /** Seconds since the epoch. */
  readonly authTime: number | undefined
  readonly acr: string | undefined
  readonly amr: readonly string[] | undefined
  readonly providerSessionId: string | undefined
}

export interface Provider {
  readonly id: string
  /** @throws {LoginProblem} `setup_error` while the provider has never been reached. */
  authorizationUrl (secrets: LoginSecrets, options: { chooseAccount: boolean }): Promise<URL>
  /** Ends the code flow: checks the response, redeems the code, verifies the id_token, reads userinfo. @throws {LoginProblem} */
  redeem (response: URLSearchParams, secrets: LoginSecrets): Promise<ProviderAnswer>
  /** Begins to look for the provider in the background. */
  start (): void
  close (): Promise<void>
}

const discoverySuffix = '/.well-known/openid-configuration'

/** One OpenID provider: its metadata, its keys, and the requests to it. The only home of oauth4webapi's protocol calls. */
export function createProvider (settings: ProviderSettings, parts: { logger: Logger, now: () => number }): Provider {
  const { logger } = parts
  const isLoopbackHttp = settings.issuer.startsWith('http:')
  const http = createProviderHttp({ caPem: settings.caPem, allowLoopbackHttp: isLoopbackHttp })
  const options = { [oauth.customFetch]: http.fetch, [oauth.allowInsecureRequests]: isLoopbackHttp }
  const client: oauth.Client = {
    client_id: settings.clientId,
    [oauth.clockTolerance]: Math.ceil(settings.clockToleranceMilliseconds / 1000)
  }
  const metadata = createProviderMetadata({ load: discover, now: parts.now, onAttempt: report })
  const mayRefetchKeys = createRefetchBudget(parts.now)

  async function discover (): Promise<oauth.AuthorizationServer> {
    const expected = new URL(settings.issuer.endsWith(discoverySuffix) ? settings.issuer.slice(0, -discoverySuffix.length) : settings.issuer)
    const response = await oauth.discoveryRequest(expected, options)
    const server = await oauth.processDiscoveryResponse(expected, response).catch((cause: unknown) => { throw explainIssuer(cause, expected) })
    for (const endpoint of [server.authorization_endpoint, server.token_endpoint, server.jwks_uri]) requireSecure(endpoint ?? '', isLoopbackHttp)
    return server
  }

  function report (error: unknown): void {
    if (error === undefined) logger.info({ event: 'provider.discovered', provider: settings.id }, 'provider discovered')
    else logger.warn({ event: 'provider.unavailable', provider: settings.id, issuer: settings.issuer, err: error }, 'provider can’t be used')
  }

  function clientAuthentication (server: oauth.AuthorizationServer): oauth.ClientAuth {
    const { clientSecret } = settings
    if (clientSecret === undefined || settings.clientAuth === 'none') return oauth.None()
    const supported = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const takesPost = settings.clientAuth === 'client_secret_post' ||
      (settings.clientAuth === 'auto' && !supported.includes('client_secret_basic') && supported.includes('client_secret_post'))
    return takesPost ? oauth.ClientSecretPost(clientSecret) : oauth.ClientSecretBasic(clientSecret)
  }

  async function redeemCode (server: oauth.AuthorizationServer, parameters: URLSearchParams, secrets: LoginSecrets) {
    const verifier = settings.pkce ? secrets.codeVerifier : oauth.nopkce
    const response = await oauth.authorizationCodeGrantRequest(server, client, clientAuthentication(server), parameters, settings.redirectUri, verifier, options)
    const maxAge = settings.authorizationParams['max_age']
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: secrets.nonce,
      requireIdToken: true,
      ...(maxAge !== undefined && { maxAge: Number(maxAge) })
    })
    return { response, tokens }
  }

  /** Copies of the metadata have a key cache of their own in oauth4webapi: a fresh copy is how keys are fetched anew. */
  const keyHolders = new WeakMap<oauth.AuthorizationServer, oauth.AuthorizationServer>()

  /** The token endpoint's TLS is not taken for a signature: a provider behind a proxy is worth no less care. */
  async function verifySignature (server: oauth.AuthorizationServer, response: Response): Promise<void> {
    try {
      await oauth.validateApplicationLevelSignature(keyHolders.get(server) ?? server, response, options)
    } catch (error) {
      // An unknown key may be one that was rotated in a moment ago (OpenID Connect Core section 10.1.1).
      if ((error as { code?: unknown }).code !== oauth.KEY_SELECTION || !mayRefetchKeys()) throw error
      keyHolders.set(server, { ...server })
      await oauth.validateApplicationLevelSignature(keyHolders.get(server) ?? server, response, options)
    }
  }

  async function readUserinfo (server: oauth.AuthorizationServer, accessToken: string, subject: string): Promise<Claims> {
    if (!settings.userinfo || server.userinfo_endpoint === undefined) return {}
    const response = await oauth.userInfoRequest(server, client, accessToken, options)
    const claims = await oauth.processUserInfoResponse(server, client, subject, response)
    if (response.headers.get('content-type')?.startsWith('application/jwt') === true) await verifySignature(server, response)
    return claims
  }

  return {
    id: settings.id,
    start: metadata.start,
    async authorizationUrl (secrets, { chooseAccount }) {
      const server = await metadata.get()
      const url = new URL(server.authorization_endpoint ?? '')
      const parameters: Record<string, string> = {
        ...settings.authorizationParams,
        ...(chooseAccount && { prompt: server['prompt_values_supported'] !== undefined && listIncludes(server['prompt_values_supported'], 'select_account') ? 'select_account' : 'login' }),
        client_id: settings.clientId,
        redirect_uri: settings.redirectUri,
        response_type: 'code',
        scope: settings.scopes.join(' '),
        state: secrets.state,
        nonce: secrets.nonce,
        ...(settings.pkce && { code_challenge: await oauth.calculatePKCECodeChallenge(secrets.codeVerifier), code_challenge_method: 'S256' })
      }
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
      return url
    },
    async redeem (parameters, secrets) {
      const server = await metadata.get()
      const validated = validateResponse(server, client, parameters, secrets.state)
      const { response, tokens } = await redeemCode(server, validated, secrets).catch((error: unknown) => { throw providerFailure(error, 'token') })
      await verifySignature(server, response).catch((error: unknown) => { throw providerFailure(error, 'id_token') })
      const idToken = oauth.getValidatedIdTokenClaims(tokens)
      if (idToken === undefined) throw new LoginProblem('id_token_invalid')
      const userinfo = await readUserinfo(server, tokens.access_token, idToken.sub).catch((error: unknown) => { throw providerFailure(error, 'userinfo') })
      return providerAnswer(idToken, userinfo)
    },
    async close () {
      metadata.stop()
      await http.close()
    }
  }
}

/** State, issuer (RFC 9207 section 2.4) and error of the response, before anything in it is used. */
function validateResponse (server: oauth.AuthorizationServer, client: oauth.Client, parameters: URLSearchParams, state: string): URLSearchParams {
  try {
    return oauth.validateAuthResponse(server, client, parameters, state)
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) throw refusal(error)
    const isForeign = parameters.get('iss') !== server.issuer && (parameters.has('iss') || server.authorization_response_iss_parameter_supported === true)
    throw new LoginProblem(isForeign ? 'issuer_mismatch' : 'state_invalid', { code: 'provider_failed', cause: error })
  }
}

const passingErrors = ['temporarily_unavailable', 'server_error']

/** The provider's own words go to the log and the audit trail; a page that repeats them could be made to say anything. */
function refusal (error: oauth.AuthorizationResponseError): LoginProblem {
  const isPassing = passingErrors.includes(error.error)
  return new LoginProblem('idp_error', {
    code: isPassing ? 'sign_in_unavailable' : 'provider_refused',
    cause: error,
    metadata: { error: error.error, errorDescription: error.error_description },
    ...(isPassing && { headers: { 'retry-after': '10' } })
  })
}

function explainIssuer (cause: unknown, expected: URL): unknown {
  const body = (cause as { cause?: { body?: { issuer?: unknown } } }).cause?.body
  if (typeof body?.issuer !== 'string' || body.issuer === expected.href) return cause
  return new Error(`the provider calls itself ${JSON.stringify(body.issuer.slice(0, 300))}, the configuration says ${JSON.stringify(expected.href)}`, { cause })
}

/** Userinfo wins where both have a claim, but it is not signed: it can't change whom the id_token is about. */
function providerAnswer (idToken: oauth.IDToken, userinfo: Claims): ProviderAnswer {
  const { sid, acr, amr, auth_time: authTime } = idToken
  return {
    claims: { ...idToken, ...userinfo, iss: idToken.iss, aud: idToken.aud, sub: idToken.sub },
    authTime,
    acr: typeof acr === 'string' ? acr : undefined,
    amr: Array.isArray(amr) ? amr.filter((method) => typeof method === 'string') : undefined,
    providerSessionId: typeof sid === 'string' ? sid : undefined
  }
}

function listIncludes (list: unknown, value: string): boolean {
  return Array.isArray(list) && list.includes(value)
}
