/**
 * The composition root: builds every part from the configuration and mounts it, top to bottom, in order. Nothing else
 * wires parts together, and nothing here decides about a request.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type FastifyInstance } from 'fastify'
import { createAccess, referencedClaims, stepUpsOf } from './access/index.ts'
import { createAdmin, createReadiness, type Readiness } from './admin/index.ts'
import { type Application, buildApplication, needsOf } from './applications.ts'
import { type Assertions, createAssertions } from './assertion/index.ts'
import { type Configuration, upstreamsOf } from './config/index.ts'
import { mountForwardAuth } from './forward-auth/index.ts'
import { createMapping } from './mapping/index.ts'
import { type Audit, countRefusedConnections, countRequests, createCountedAudit, createMetrics, type Logger } from './observability/index.ts'
import { createBearer, createLogins, createProvider, createRounds, mountSignIn, type Provider, type ProviderParts, type SignInParts } from './oidc/index.ts'
import { isOwnTarget } from './own-routes.ts'
import { createPages } from './pages/index.ts'
import { answerProblem, createCrossOrigin, createKeepForm, createKeptForms, createPipeline, createSendForm, type KeptForms } from './pipeline/index.ts'
import { createIdleWatch, createOpenConnections, type ForwardParts, mountUpstreams, routeUpgrades } from './proxy/index.ts'
import { createRequestOrigins } from './request-origin/index.ts'
import { createServer, forwardedMethods } from './server/index.ts'
import { type Cookies, createCookies, createCookieStore, createFormCookie, createMemoryShelf, createRevocations, createSeals, createSessions } from './sessions/index.ts'

export interface GatewayParts {
  readonly logger: Logger
  readonly audit: Audit
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Of Doorward: told to those who watch it. */
  readonly version: string
}

/** Two servers, each of which serves once `listen` is called on it. */
export interface Gateway {
  /** For people and programs (`server.listen`). */
  readonly app: FastifyInstance
  /** For those who run it (`admin.listen`). */
  readonly admin: FastifyInstance
  readonly readiness: Readiness
}

/** Builds the gateway. @throws {AssertionKeyError} for an unusable key */
export async function createGateway (configuration: Configuration, { logger, audit: trail, now, version }: GatewayParts): Promise<Gateway> {
  const { server, assertion, access } = configuration
  const { basePath } = server
  const publicUrl = new URL(server.publicUrl)
  const publicOrigin = publicUrl.origin

  const metrics = createMetrics({ version, providers: [configuration.provider.id] })
  const audit = createCountedAudit(trail, metrics)
  const dependency = `provider:${configuration.provider.id}`
  const readiness = createReadiness([dependency], now)

  const cookies = buildCookies(configuration.session.cookie, publicUrl)
  const signIn = await buildSessions(configuration, { cookies, application: publicOrigin, now })
  const clients = createIdleWatch(server.clientTimeout)
  const open = createOpenConnections(configuration.session.closeGrace, metrics)
  const applications = upstreamsOf(configuration).map((upstream) => buildApplication(upstream, configuration, { clients, open, isOwnCookie: cookies.isOwn, counts: metrics.upstream(upstream.path) }))
  const needs = needsOf(applications)
  const mapping = createMapping({ ...configuration, keepClaims: [...referencedClaims(access.rules), ...needs.claims] })
  const pages = createPages({ basePath, publicUrl: publicOrigin, providerLabel: configuration.provider.label, detail: configuration.pages.detail })
  const provider = buildProvider(configuration, {
    logger,
    now,
    onAsked (isUp) {
      metrics.providerAsked(configuration.provider.id, isUp)
      readiness.asked(dependency, isUp)
    }
  })
  const assertions = await createAssertions({ ...assertion, issuer: publicOrigin, lifetimeMilliseconds: assertion.lifetime }, now)

  const pipeline = createPipeline({
    basePath,
    publicUrl,
    sessions: signIn.sessions,
    access: createAccess(access),
    checkToken: createBearer({ provider, mapping, keeps: needs, logger, now }),
    assertions,
    audit,
    now,
    clockTolerance: configuration.provider.clockTolerance,
    upstreams: applications.map(({ route }) => route),
    webSocketOrigins: new Set([publicOrigin, ...server.hosts.map((host) => `${publicUrl.protocol}//${host}`), ...access.webSocketOrigins])
  })

  const originOf = createRequestOrigins({ ...server, publicUrl })
  const keepForm = createKeepForm({ ...signIn, publicUrl, limit: configuration.session.postLimit, clients, logger })
  const crossOrigin = createCrossOrigin(new Set(access.corsOrigins), basePath)
  const app = createServer(server, {
    logger,
    originOf,
    answer: async (error, request, reply) => crossOrigin.preflight(error, request, reply) ?? await answerProblem(await keepForm(error, request, reply), request, reply, { pages, logger })
  })
  crossOrigin.allow(app)
  countRefusedConnections(app.server, { metrics, logger, now })
  countRequests(app.server, metrics, (target) => isOwnTarget(target, basePath))
  routeUpgrades(app, metrics)
  mountOwnRoutes(app, configuration, { ...signIn, provider, mapping, keeps: needs, pages, audit, assertions, now })
  if (server.forwardAuth) mountForwardAuth(app, { basePath, publicOrigin, methods: new Set(forwardedMethods), originOf, pipeline, pages, logger })
  await mountUpstreams(app, { methods: forwardedMethods, admit: createSendForm({ ...signIn, pipeline, logger }), logger })
  runWith(app, { provider, applications, clients, open })
  return { app, admin: createAdmin({ readiness, metrics, logger }), readiness }
}

/** Forms wait for a sign-in, and anybody may post some. */
const formsInMemory = { maxEntries: 2_000, maxCharacters: 32 * 1024 * 1024 }

interface SessionsParts {
  readonly cookies: Cookies
  /** The public origin: what is sealed here means nothing at another. */
  readonly application: string
  readonly now: () => number
}

/** Sessions and the sign-ins that lead to them: what browsers keep, sealed. */
async function buildSessions ({ session }: Configuration, { cookies, application, now }: SessionsParts): Promise<Pick<SignInParts, 'sessions' | 'logins' | 'rounds' | 'formCookie'> & { forms: KeptForms }> {
  const seals = await createSeals(['session', 'state', 'form'], {
    secrets: [session.secret ?? randomBytes(32), ...session.previousSecrets],
    application
  })
  const sessions = createSessions(
    { idleMilliseconds: session.idleTimeout, maxMilliseconds: session.maxLifetime },
    { cookies, store: createCookieStore(seals.session), revocations: createRevocations(session.maxLifetime, now), now })
  const formCookie = createFormCookie(cookies)
  const forms = createKeptForms({ shelf: createMemoryShelf(formsInMemory, now), seal: seals.form, cookie: formCookie })
  return { sessions, formCookie, forms, logins: createLogins({ cookies, seal: seals.state, now }), rounds: createRounds(cookies) }
}

/** Names by RFC 6265bis section 4.1.3: what `__Host-` and `__Secure-` promise, browsers enforce. */
function buildCookies (cookie: Configuration['session']['cookie'], publicUrl: URL): Cookies {
  const secure = publicUrl.protocol === 'https:'
  const prefix = !secure ? '' : cookie.domain === undefined ? '__Host-' : '__Secure-'
  return createCookies({ ...cookie, name: cookie.name ?? `${prefix}doorward`, secure })
}

function buildProvider ({ provider, server }: Configuration, parts: ProviderParts): Provider {
  return createProvider({
    ...provider,
    caPem: readOptional(provider.caFile),
    clockToleranceMilliseconds: provider.clockTolerance,
    bearer: { ...provider.bearer, cacheMilliseconds: provider.bearer.cacheTime },
    redirectUri: new URL(`${server.basePath}/callback`, server.publicUrl).href
  }, parts)
}

type OwnRouteParts = Omit<SignInParts, 'basePath' | 'publicOrigin' | 'sessionIsStrict' | 'keepsFragment' | 'stepUps' | 'clockTolerance'> & { readonly assertions: Assertions }

/** Everything at and below the base path. */
function mountOwnRoutes (app: FastifyInstance, { server: { basePath, publicUrl }, session, access, provider }: Configuration, parts: OwnRouteParts): void {
  mountSignIn(app, { ...parts, basePath, publicOrigin: new URL(publicUrl).origin, sessionIsStrict: session.cookie.sameSite === 'strict', keepsFragment: session.keepFragment, stepUps: stepUpsOf(access.rules), clockTolerance: provider.clockTolerance })
  app.get(`${basePath}/jwks`, { exposeHeadRoute: true, config: { anyHost: true } }, (_request, reply) => reply.header('cache-control', 'public, max-age=300').send(parts.assertions.jwks))
}

interface RunningParts extends Pick<ForwardParts, 'clients' | 'open'> {
  readonly provider: Provider
  readonly applications: readonly Application[]
}

/** What runs beside the requests begins and ends with the server. */
function runWith (app: FastifyInstance, { provider, applications, clients, open }: RunningParts): void {
  app.addHook('onReady', async () => { provider.start() })
  app.addHook('preClose', (done) => {
    open.closeTunnels()
    done()
  })
  app.addHook('onClose', async () => {
    clients.close()
    open.close()
    await Promise.all([provider, ...applications].map(async (part) => { await part.close() }))
  })
}

function readOptional (file: string | undefined): string | undefined {
  return file === undefined ? undefined : readFileSync(file, 'utf8')
}
