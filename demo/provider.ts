/**
 * An identity provider for trying Doorward out, and the honest provider of the tests: oidc-provider with people to pick
 * from in place of passwords. It keeps everything in memory, signs with keys made at start, and listens on loopback.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { errors, Provider, type ClientMetadata, type Configuration, type Context } from 'oidc-provider'
import { createMemoryAdapter } from 'oidc-provider/lib/adapters/memory_adapter.js'
import { listenOnLoopback, type Listening } from './loopback.ts'
import { pageHeaders } from './page.ts'
import { people as demoPeople, type People } from './people.ts'
import { messagePage, pickPersonPage } from './provider-pages.ts'
import { type Apis, providerConfiguration } from './provider-configuration.ts'

/** The client that demo/doorward.yaml describes. The secret is public, which is why all of this stays on loopback. */
export const demoClient: ClientMetadata = {
  client_id: 'doorward-demo',
  client_secret: 'demo-only-not-a-secret',
  require_auth_time: true,
  redirect_uris: ['http://localhost:4180/oidc/callback'],
  post_logout_redirect_uris: ['http://localhost:4180/oidc/signed-out'],
  backchannel_logout_uri: 'http://localhost:4180/oidc/backchannel-logout',
  backchannel_logout_session_required: true
}

export interface ProviderOptions {
  readonly issuer: string
  readonly people?: People
  readonly clients?: readonly ClientMetadata[]
  /** Whether the id_token repeats the claims of userinfo. Default: true. */
  readonly claimsInIdToken?: boolean
  /** Audience → the form of the access tokens for it. Default: none, and access tokens are for the provider alone. */
  readonly apis?: Apis
  /** Over the usual configuration of oidc-provider; its features are merged with the usual ones. */
  readonly protocol?: ({ readonly features?: Configuration } & Configuration) | undefined
  /** Called after every request, except for those to the page to pick a person on. */
  readonly onRequest?: (context: Context) => void
}

export interface DemoProvider {
  readonly listener: RequestListener
  /** Makes a client known, or replaces the one of the same id. */
  register (client: ClientMetadata): Promise<void>
}

/** A provider that does not listen yet. */
export async function createProvider (options: ProviderOptions): Promise<DemoProvider> {
  const { issuer, people = demoPeople, clients = [demoClient], claimsInIdToken = true, apis = {} } = options
  const adapter = createMemoryAdapter()
  const usual = await providerConfiguration(people, claimsInIdToken, apis)
  const provider = new Provider(issuer, {
    ...usual,
    ...options.protocol,
    features: { ...usual.features, ...options.protocol?.features },
    adapter,
    cookies: { keys: [randomBytes(32).toString('base64url')], names: cookieNames }
  })
  const { onRequest } = options
  if (onRequest !== undefined) provider.use(async (context, next) => { await next(); onRequest(context) })
  provider.on('server_error', (_context, error) => { console.error(error) })

  const register = (client: ClientMetadata): Promise<void> => adapter('Client').upsert(client.client_id, client)
  for (const client of clients) await register(client)
  return { listener: listenerFor(provider, people), register }
}

/** Browsers share cookies between the ports of localhost; these names tell whose they are. */
const cookieNames = { session: 'demo_provider_session', interaction: 'demo_provider_interaction', resume: 'demo_provider_resume' }

function listenerFor (provider: Provider, people: People): RequestListener {
  const protocol = provider.callback()
  return (request, response) => {
    if (request.url?.startsWith('/interaction/') !== true) return protocol(request, response)
    interact(provider, people, request, response).catch((error: unknown) => { interactionFailed(response, error) })
  }
}

async function interact (provider: Provider, people: People, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { uid } = await provider.interactionDetails(request, response)
  const form = new URLSearchParams(request.method === 'POST' ? await text(request) : '')
  const person = form.get('person')
  if (form.has('cancel')) return await provider.interactionFinished(request, response, { error: 'access_denied', error_description: 'Nobody was picked' })
  if (person === null || !Object.hasOwn(people, person)) return sendPage(response, 200, pickPersonPage(uid, people))
  await provider.interactionFinished(request, response, { login: { accountId: person }, select_account: {} })
}

function interactionFailed (response: ServerResponse, error: unknown): void {
  if (error instanceof errors.SessionNotFound) {
    return sendPage(response, 400, messagePage('This sign-in is over', 'It was finished already or took too long. Go back to the application and sign in again.'))
  }
  console.error(error)
  sendPage(response, 500, messagePage('Something went wrong', 'The terminal in which the provider runs says what.'))
}

function sendPage (response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, pageHeaders).end(body)
}

/** Runs the demo's provider on `port` of loopback; its issuer says localhost. */
export async function startProvider (port: number, options: Omit<ProviderOptions, 'issuer'> = {}): Promise<Listening & { readonly issuer: string }> {
  const issuer = `http://localhost:${port}`
  const { listener } = await createProvider({ ...options, issuer })
  return { issuer, ...await listenOnLoopback(createServer(listener), port) }
}

// Not 4190, which the list of bad ports in the Fetch standard holds: browsers and fetch() refuse it.
if (import.meta.main) {
  const { issuer } = await startProvider(4192)
  console.log(`identity provider on ${issuer}`)
}
