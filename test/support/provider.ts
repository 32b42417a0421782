/** The honest provider of the tests: the demo's, on a free port, with any people and clients, and a record of requests. */
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type SecureContextOptions } from 'node:tls'
import { type ClientMetadata, type Context } from 'oidc-provider'
import { type Test } from 'tap'
import { listenOnLoopback } from '../../demo/loopback.ts'
import { type People } from '../../demo/people.ts'
import { createProvider, type ProviderOptions } from '../../demo/provider.ts'
import { sawHeaders, sawParameters } from './secrets-seen.ts'

export interface ProviderRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly query: Readonly<Record<string, string | string[] | undefined>>
  /** Fields of a form body; empty without one. */
  readonly form: Readonly<Record<string, string>>
  /** Status of the answer. */
  readonly status: number
}

export interface TestProvider {
  /** On host localhost, so that people sign in at another port of the gateway's host, as in the demo. */
  readonly issuer: string
  readonly port: number
  /** What the provider answered so far, oldest first; the page to pick a person on is not among it. */
  readonly requests: ProviderRequest[]
  /** Makes a client known, or replaces the one of the same id. */
  register (client: ClientMetadata): Promise<void>
  /** Takes the provider off the network: connections end and are refused. Its keys and sessions stay. */
  stop (): Promise<void>
  /** Brings it back on the same port. */
  start (): Promise<void>
  /** Answers the requests of another server too, such as one that asks for certificates. */
  readonly listener: RequestListener
}

export interface TestProviderOptions {
  /** Subject → claims. Default: alice, bob and carol of the demo. */
  readonly people?: People
  readonly clients?: readonly ClientMetadata[]
  /** Whether the id_token repeats the claims of userinfo. Default: true. */
  readonly claimsInIdToken?: boolean
  /** Audience → the form of the access tokens for it. */
  readonly apis?: Readonly<Record<string, 'jwt' | 'opaque'>>
  /** Awaited before a token request is looked at; nobody looks at it if the client has left by then (`close` of the response). */
  readonly beforeToken?: (response: ServerResponse) => Promise<unknown>
  /** Over the usual configuration of oidc-provider; its features are merged with the usual ones. */
  readonly protocol?: ProviderOptions['protocol']
  /** Serve https with this certificate. */
  readonly tls?: Pick<SecureContextOptions, 'cert' | 'key'>
}

export const clientId = 'doorward'
export const clientSecret = 'only for tests: 100 % of it, and a + too'

/**
 * A client for the gateway whose public URL is `origin`. `more` overrides, such as
 * `{ token_endpoint_auth_method: 'client_secret_post' }`.
 */
export function client (origin: string, more: Partial<ClientMetadata> = {}): ClientMetadata {
  return {
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uris: [`${origin}/oidc/callback`],
    post_logout_redirect_uris: [`${origin}/oidc/signed-out`],
    backchannel_logout_uri: `${origin}/oidc/backchannel-logout`,
    backchannel_logout_session_required: true,
    ...more
  }
}

/** Starts a provider, which ends with the test. */
export async function startProvider (t: Test, options: TestProviderOptions = {}): Promise<TestProvider> {
  // The issuer names the port, so the port is taken before there is a provider.
  const { tls, beforeToken, ...configuration } = options
  const server = tls === undefined ? createServer() : createTlsServer({ ...tls })
  const { port, close } = await listenOnLoopback(server, 0)
  t.teardown(close)
  const issuer = `${tls === undefined ? 'http' : 'https'}://localhost:${port}`
  const requests: ProviderRequest[] = []
  const { listener, register } = await createProvider({
    clients: [],
    ...configuration,
    issuer,
    onRequest: (context) => { requests.push(requestOf(context)) }
  })
  server.on('request', beforeToken === undefined ? listener : delayed(listener, beforeToken))
  return { issuer, port, requests, register, listener, stop: close, start: async () => { await listenOnLoopback(server, port) } }
}

function delayed (listener: RequestListener, beforeToken: (response: ServerResponse) => Promise<unknown>): RequestListener {
  return (request, response) => {
    if (request.url !== '/token') return listener(request, response)
    beforeToken(response).then(() => { if (!response.destroyed) listener(request, response) }, () => { response.destroy() })
  }
}

function requestOf (context: Context): ProviderRequest {
  const { method, path, headers, query, status, body } = context
  sawHeaders(headers)
  for (const parameters of [context.oidc?.body, body]) if (typeof parameters === 'object' && parameters !== null) sawParameters({ ...parameters })
  return { method, path, headers, query: { ...query }, form: { ...context.oidc?.body }, status }
}
