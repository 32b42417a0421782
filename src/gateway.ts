/**
 * The composition root: builds every part from the configuration and mounts it, top to bottom, in order. Nothing else
 * wires parts together, and nothing here decides about a request.
 */
import { type FastifyInstance } from 'fastify'
import { createAccess, referencedClaims, stepUpsOf } from './access/index.ts'
import { createAdmin, createReadiness, type Readiness } from './admin/index.ts'
import { type Application, buildApplication, headerSizes, needsOf } from './applications.ts'
import { type Assertions, createAssertions } from './assertion/index.ts'
import { type Configuration, providersOf, upstreamsOf } from './config/index.ts'
import { dependenciesOf, providerDependency, sessionStore, upstreamDependency } from './dependencies.ts'
import { mountForwardAuth } from './forward-auth/index.ts'
import { claimNamesAt, createMapping } from './mapping/index.ts'
import { createClientRateMemory, createClientRates, createLoad, createRefusals, type EventLoop, limitOwnRoutes, watchEventLoop } from './limits/index.ts'
import { type Audit, countRefusedConnections, countRequests, createCountedAudit, createLogs, createMetrics, createTracedAudit, type DroppedLines, type Logger, noTracing, type Tracing } from './observability/index.ts'
import { clientKeySet, createBearer, createProvider, createProviders, createRefresh, loggedMapping, mountClientKeys, mountSignIn, type Providers, type ProxySettings, type Refresh, type SignInParts } from './oidc/index.ts'
import { isOwnTarget } from './own-routes.ts'
import { createPages } from './pages/index.ts'
import { answerProblem, createCrossOrigin, createKeepForm, createPipeline, createSendForm } from './pipeline/index.ts'
import { providerSettings } from './provider-settings.ts'
import { createIdleWatch, createOpenConnections, type ForwardParts, mountUpstreams, routeUpgrades } from './proxy/index.ts'
import { createRequestOrigins } from './request-origin/index.ts'
import { createServer, forwardedMethods, traceRequests } from './server/index.ts'
import { recordExpiry, type Session, type Storage } from './sessions/index.ts'
import { buildCookies, buildSessions } from './session-state.ts'

export interface GatewayParts {
  readonly logger: Logger
  readonly audit: Audit
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Of what is written: since the start. */
  readonly droppedLines?: (() => DroppedLines) | undefined
  /** Of Doorward: told to those who watch it. */
  readonly version: string
  /** Default: none. Whoever hands it over closes it. */
  readonly tracing?: Tracing | undefined
  /** Between Doorward and the providers. */
  readonly proxy?: ProxySettings | undefined
}

/** Two servers, each of which serves once `listen` is called on it. */
export interface Gateway {
  /** For people and programs (`server.listen`). */
  readonly app: FastifyInstance
  /** For those who run it (`admin.listen`). */
  readonly admin: FastifyInstance
  readonly readiness: Readiness
}

/** Builds the gateway. @throws {AssertionKeyError} or {ClientKeyError} for an unusable key */
export async function createGateway (configuration: Configuration, { logger, audit: trail, droppedLines, now, version, tracing = noTracing, proxy }: GatewayParts): Promise<Gateway> {
  const { server, assertion, access } = configuration
  const { basePath } = server
  const publicUrl = new URL(server.publicUrl)
  const publicOrigin = publicUrl.origin

  const logOf = createLogs(logger, configuration.log.levels)
  const metrics = createMetrics({ version, droppedLines, providers: providersOf(configuration).map(({ id }) => id) })
  const audit = createCountedAudit(createTracedAudit(trail, tracing), metrics)
  const readiness = createReadiness(dependenciesOf(configuration), now)

  const cookies = buildCookies(configuration, publicUrl)
  const { storage, ...signIn } = await buildSessions(configuration, {
    cookies,
    application: publicOrigin,
    logger: logOf('sessions'),
    now,
    onAsked (isUp, reason) {
      metrics.sessionStoreAsked(isUp)
      readiness.asked(sessionStore, isUp, reason)
    },
    onFailed: metrics.sessionStoreFailed
  })
  const clients = createIdleWatch(server.clientTimeout)
  const open = createOpenConnections(configuration.session.closeGrace, metrics)
  const applications = upstreamsOf(configuration).map((upstream) => buildApplication(upstream, configuration, {
    now,
    clients,
    open,
    tracing,
    isOwnCookie: cookies.isOwn,
    counts: metrics.upstream(upstream.path),
    onReached (isUp, reason) { readiness.asked(upstreamDependency(upstream.path), isUp, reason) }
  }))
  const needs = needsOf(applications)
  const mapping = loggedMapping(createMapping({ ...configuration, providers: providersOf(configuration), keepClaims: [...referencedClaims(access.rules), ...needs.claims] }), logOf('mapping'))
  const pages = createPages({ basePath, publicUrl: publicOrigin, providerLabel: configuration.provider?.label ?? 'Sign in', providerNames: new Map(configuration.providers.map(({ id, label }) => [id, label])), detail: configuration.pages.detail })
  const spent = storage.shelf('logout-token', { maxEntries: 100_000, maxCharacters: 10_000_000 })
  const providers = createProviders(await Promise.all(providersOf(configuration).map(async (provider) => createProvider(await providerSettings({ ...provider, proxy }, configuration), {
    logger: logOf('oidc'),
    now,
    spent,
    tracing,
    onAnswered (endpoint, milliseconds) { metrics.providerAnswered(provider.id, endpoint, milliseconds) },
    onAsked (isUp, reason) {
      metrics.providerAsked(provider.id, isUp)
      readiness.asked(providerDependency(provider.id), isUp, reason)
    }
  }))))
  const refresh = createRefresh({ ...signIn, providers, leases: storage.leases, mapping, keeps: needs, audit, tracing, logger: logOf('oidc'), now })
  const assertions = await createAssertions({ ...assertion, issuer: publicOrigin, lifetimeMilliseconds: assertion.lifetime }, now)

  const eventLoop = watchEventLoop()
  const onRefused = createRefusals({ onRefused: metrics.requestRefused, logger: logOf('server'), now })
  const load = createLoad(server, { running: metrics.requestsRunning, lagMilliseconds: eventLoop.lagMilliseconds, onRefused })
  const rates = createClientRates(server.rateLimit, { memory: createClientRateMemory(), onRefused, now })

  const pipeline = createPipeline({
    basePath,
    publicUrl,
    sessions: signIn.sessions,
    access: createAccess(access),
    refresh: refresh.refresh,
    checkToken: createBearer({ providers, mapping, keeps: needs, logger: logOf('oidc'), now }),
    assertions,
    load,
    rates,
    audit,
    now,
    clockToleranceOf: (provider) => providers.get(provider)?.clockToleranceMilliseconds ?? 0,
    upstreams: applications.map(({ route }) => route),
    webSocketOrigins: new Set([publicOrigin, ...server.hosts.map((host) => `${publicUrl.protocol}//${host}`), ...access.webSocketOrigins])
  })

  const originOf = createRequestOrigins({ ...server, publicUrl })
  const keepForm = createKeepForm({ ...signIn, publicUrl, limit: configuration.session.postLimit, clients, rates, logger: logOf('access') })
  const crossOrigin = createCrossOrigin(new Set(access.corsOrigins), basePath)
  const app = createServer(server, {
    logger: logOf('server'),
    originOf,
    answer: async (error, request, reply) => crossOrigin.preflight(error, request, reply) ?? await answerProblem(await keepForm(error, request, reply), request, reply, { pages, logger: logOf('access') })
  })
  traceRequests(app, tracing)
  crossOrigin.allow(app)
  countRefusedConnections(app.server, { metrics, logger: logOf('server'), now })
  countRequests(app.server, metrics, (target) => isOwnTarget(target, basePath))
  routeUpgrades(app, metrics)
  limitOwnRoutes(app, {
    basePath,
    load,
    rates,
    async isSignedIn (request) {
      const found = await signIn.sessions.find(request.headers.cookie)
      recordExpiry(found, request, audit)
      return found.session !== undefined
    }
  })
  mountClientKeys(app, basePath, await clientKeySet(providersOf(configuration)))
  const claimsPage = {
    roles: configuration.pages.claimsFor,
    namesAt: (provider: string) => claimNamesAt(provider, { ...configuration, providers: providersOf(configuration) }),
    headerSizes: async (session: Session) => await headerSizes(applications, session, assertions)
  }
  mountOwnRoutes(app, configuration, { ...signIn, providers, mapping, keeps: needs, claimsPage, pages, audit, assertions, now })
  if (server.forwardAuth) mountForwardAuth(app, { basePath, publicOrigin, methods: new Set(forwardedMethods), originOf, pipeline, pages, logger: logOf('access') })
  await mountUpstreams(app, { methods: forwardedMethods, admit: createSendForm({ ...signIn, pipeline, logger: logOf('access') }), logger: logOf('proxy') })
  runWith(app, { providers, refresh, storage, applications, clients, open, eventLoop })
  const api = { token: configuration.admin.token, providers: providersOf(configuration).map(({ id }) => id), sessions: signIn.sessions, audit }
  return { app, admin: createAdmin({ readiness, metrics, logger: logOf('admin'), api }), readiness }
}

type OwnRouteParts = Omit<SignInParts, 'basePath' | 'publicOrigin' | 'sessionIsStrict' | 'keepsFragment' | 'stepUps'> & { readonly assertions: Assertions }

/** Everything at and below the base path. */
function mountOwnRoutes (app: FastifyInstance, { server: { basePath, publicUrl }, session, access }: Configuration, parts: OwnRouteParts): void {
  mountSignIn(app, { ...parts, basePath, publicOrigin: new URL(publicUrl).origin, sessionIsStrict: session.cookie.sameSite === 'strict', keepsFragment: session.keepFragment, stepUps: stepUpsOf(access.rules) })
  app.get(`${basePath}/jwks`, { exposeHeadRoute: true, config: { anyHost: true, isForNobodyToo: true } }, (_request, reply) => reply.header('cache-control', 'public, max-age=300').send(parts.assertions.jwks))
}

interface RunningParts extends Pick<ForwardParts, 'clients' | 'open'> {
  readonly eventLoop: EventLoop
  readonly refresh: Refresh
  readonly providers: Providers
  readonly storage: Storage
  readonly applications: readonly Application[]
}

/** What runs beside the requests begins and ends with the server. */
function runWith (app: FastifyInstance, { providers, refresh, storage, applications, clients, open, eventLoop }: RunningParts): void {
  app.addHook('onReady', async () => {
    providers.start()
    await storage.start()
  })
  app.addHook('preClose', (done) => {
    open.closeTunnels()
    done()
  })
  app.addHook('onClose', async () => {
    eventLoop.close()
    clients.close()
    open.close()
    await refresh.close()
    storage.close()
    await Promise.all([providers, ...applications].map(async (part) => { await part.close() }))
  })
}
