/**
 * The composition root: builds every part from the configuration and mounts it, top to bottom, in order. Nothing else
 * wires parts together, and nothing here decides about a request.
 */
import { type FastifyInstance } from 'fastify'
import { createAccess, referencedClaims, stepUpsOf } from './access/index.ts'
import { createAdmin, type Readiness } from './admin/index.ts'
import { buildApplications, headerSizes, needsOf } from './applications.ts'
import { type Assertions, createAssertions } from './assertion/index.ts'
import { type Configuration, providersOf } from './config/index.ts'
import { dependenciesOf } from './dependencies.ts'
import { type Endings, withEndings } from './endings.ts'
import { mountForwardAuth } from './forward-auth/index.ts'
import { buildProviders } from './identity-providers.ts'
import { buildLasting, type GatewayParts, type Lasting } from './lasting.ts'
import { createClientRates, createLoad, limitOwnRoutes } from './limits/index.ts'
import { claimNamesAt, createMapping } from './mapping/index.ts'
import { http } from './node-http.ts'
import { countRefusedConnections, countRequests, type Metrics } from './observability/index.ts'
import { clientKeySet, createBearer, createRefresh, loggedMapping, mountClientKeys, mountSignIn, type SignInParts } from './oidc/index.ts'
import { isOwnTarget } from './own-routes.ts'
import { createPages } from './pages/index.ts'
import { answerProblem, createCrossOrigin, createKeepForm, createPipeline, createSendForm } from './pipeline/index.ts'
import { createIdleWatch, createOpenConnections, mountUpstreams, routeUpgrades } from './proxy/index.ts'
import { createRequestOrigins } from './request-origin/index.ts'
import { createFront, createServer, createTransport, type Front, forwardedMethods, type Generation, traceRequests } from './server/index.ts'
import { recordExpiry, type Session } from './sessions/index.ts'
import { buildCookies, buildSessions } from './session-state.ts'

export { type GatewayParts } from './lasting.ts'

/** Two servers, each of which serves once `listen` is called on it. */
export interface Gateway {
  /** For people and programs (`server.listen`). */
  readonly app: Front
  /** For those who run it (`admin.listen`). */
  readonly admin: Front
  readonly readiness: Readiness
  readonly metrics: Pick<Metrics, 'reloaded'>
  /**
   * Puts another configuration in place, or nothing at all. What has begun ends as it began. One at a time; what can't be
   * exchanged has to be as it was (src/cli/configuration-changes.ts).
   *
   * @throws where a part of it can't be built
   */
  reload (configuration: Configuration): Promise<void>
}

/** Builds the gateway. @throws {AssertionKeyError} or {ClientKeyError} for an unusable key */
export async function createGateway (configuration: Configuration, parts: GatewayParts): Promise<Gateway> {
  const lasting = await buildLasting(configuration, parts)
  const { logOf, metrics, readiness, state: { storage } } = lasting
  const onError = (err: unknown): void => { logOf('config').error({ event: 'generation.unclosed', err }, 'what ran on an earlier configuration could not be closed') }
  const transport = createTransport(configuration.server, logOf('server'))
  countRefusedConnections(transport.server, { metrics, logger: logOf('server'), now: parts.now })
  const app = createFront(transport.server, { onGenerations: metrics.generations, onError })
  // Who scrapes keeps the connection, and must not keep the process.
  const admin = createFront(http.createServer(), { isCutAtClose: true, onError })

  async function reload (next: Configuration): Promise<void> {
    const exchange = transport.prepare(next.server)
    const generation = await withEndings((endings) => buildGeneration(next, lasting, endings))
    // All at once: no request comes in between.
    exchange()
    generation.enter()
    app.serve(generation.serving)
    admin.serve({ app: generation.admin, retire () {}, closeTunnels () {}, closeOpen () {} })
  }

  await reload(configuration)
  return {
    app: {
      ...app,
      async listen (options) {
        await storage.start()
        await app.listen(options)
      },
      async close () {
        await app.close()
        lasting.close()
      }
    },
    admin,
    readiness,
    metrics,
    reload
  }
}

interface BuiltGeneration {
  readonly serving: Generation
  readonly admin: FastifyInstance
  /** Tells what outlives it what is so from now on. Neither waits nor fails. */
  enter (): void
}

/** Everything that follows from one configuration. */
async function buildGeneration (configuration: Configuration, lasting: Lasting, endings: Endings): Promise<BuiltGeneration> {
  const { server, assertion, access } = configuration
  const { basePath } = server
  const publicUrl = new URL(server.publicUrl)
  const publicOrigin = publicUrl.origin

  const { logOf, metrics, audit, readiness, tracing, onRefused, now, state } = lasting
  const providerIds = providersOf(configuration).map(({ id }) => id)

  const cookies = buildCookies(configuration, publicUrl)
  const { enter: enterSessions, isTrusted, ...signIn } = await buildSessions(configuration, { lasting: state, cookies, application: publicOrigin, now })
  const clients = endings.add(createIdleWatch(server.clientTimeout))
  const open = endings.add(createOpenConnections(configuration.session.closeGrace, metrics))
  const applications = endings.add(buildApplications(configuration, { ...lasting, clients, open, isOwnCookie: cookies.isOwn }))
  const needs = needsOf(applications.all)
  const mapping = loggedMapping(createMapping({ ...configuration, providers: providersOf(configuration), keepClaims: [...referencedClaims(access.rules), ...needs.claims] }), logOf('mapping'))
  const pages = createPages({ basePath, publicUrl: publicOrigin, providerLabel: configuration.provider?.label ?? 'Sign in', providerNames: new Map(configuration.providers.map(({ id, label }) => [id, label])), detail: configuration.pages.detail })
  const providers = endings.add(await buildProviders(configuration, lasting))
  const refresh = endings.add(createRefresh({ ...signIn, providers, leases: state.storage.leases, memory: lasting.refreshes, mapping, keeps: needs, audit, tracing, logger: logOf('oidc'), now }))
  const assertions = await createAssertions({ ...assertion, key: assertion.key ?? lasting.ownKeys(assertion.algorithm), issuer: publicOrigin, lifetimeMilliseconds: assertion.lifetime }, now)

  const load = createLoad(server, { running: metrics.requestsRunning, lagMilliseconds: lasting.eventLoop.lagMilliseconds, onRefused })
  const rates = createClientRates(server.rateLimit, { memory: lasting.clientRates, onRefused, now })

  const pipeline = createPipeline({
    basePath,
    publicUrl,
    sessions: signIn.sessions,
    access: createAccess(access),
    refresh: refresh.refresh,
    checkToken: createBearer({ providers, isTrusted, mapping, keeps: needs, logger: logOf('oidc'), now }),
    assertions,
    load,
    rates,
    audit,
    now,
    clockToleranceOf: (provider) => providers.get(provider)?.clockToleranceMilliseconds ?? 0,
    upstreams: applications.all.map(({ route }) => route),
    webSocketOrigins: new Set([publicOrigin, ...server.hosts.map((host) => `${publicUrl.protocol}//${host}`), ...access.webSocketOrigins])
  })

  const originOf = createRequestOrigins({ ...server, publicUrl })
  const keepForm = createKeepForm({ ...signIn, publicUrl, limit: configuration.session.postLimit, clients, rates, logger: logOf('access') })
  const crossOrigin = createCrossOrigin(new Set(access.corsOrigins), basePath)
  const app = createServer(basePath, {
    originOf,
    answer: async (error, request, reply) => crossOrigin.preflight(error, request, reply) ?? await answerProblem(await keepForm(error, request, reply), request, reply, { pages, logger: logOf('access') })
  })
  traceRequests(app, tracing)
  crossOrigin.allow(app)
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
    headerSizes: async (session: Session) => await headerSizes(applications.all, session, assertions)
  }
  mountOwnRoutes(app, configuration, { ...signIn, providers, mapping, keeps: needs, claimsPage, pages, audit, assertions, now })
  if (server.forwardAuth) mountForwardAuth(app, { basePath, publicOrigin, methods: new Set(forwardedMethods), originOf, pipeline, pages, logger: logOf('access') })
  await mountUpstreams(app, { methods: forwardedMethods, admit: createSendForm({ ...signIn, pipeline, logger: logOf('access') }), logger: logOf('proxy') })
  app.addHook('onClose', endings.run)
  const admin = createAdmin({ readiness, metrics, logger: logOf('admin'), api: { token: configuration.admin.token, providers: providerIds, sessions: signIn.sessions, audit } })
  await Promise.all([app, admin].map(async (server) => { await server.ready() }))
  return {
    serving: {
      app,
      retire () { for (const parts of [providers, applications]) parts.retire() },
      closeTunnels: open.closeTunnels,
      closeOpen: open.closeAll
    },
    admin,
    enter () {
      enterSessions()
      metrics.configured(providerIds)
      readiness.depend(dependenciesOf(configuration))
      for (const parts of [providers, applications]) parts.start()
    }
  }
}

type OwnRouteParts = Omit<SignInParts, 'basePath' | 'publicOrigin' | 'sessionIsStrict' | 'keepsFragment' | 'stepUps'> & { readonly assertions: Assertions }

/** Everything at and below the base path. */
function mountOwnRoutes (app: FastifyInstance, { server: { basePath, publicUrl }, session, access }: Configuration, parts: OwnRouteParts): void {
  mountSignIn(app, { ...parts, basePath, publicOrigin: new URL(publicUrl).origin, sessionIsStrict: session.cookie.sameSite === 'strict', keepsFragment: session.keepFragment, stepUps: stepUpsOf(access.rules) })
  app.get(`${basePath}/jwks`, { exposeHeadRoute: true, config: { anyHost: true, isForNobodyToo: true } }, (_request, reply) => reply.header('cache-control', 'public, max-age=300').send(parts.assertions.jwks))
}
