/**
 * The composition root: builds every part from the configuration and mounts it, top to bottom, in order. Nothing else
 * wires parts together, and nothing here decides about a request.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type FastifyInstance } from 'fastify'
import { createAccess, referencedClaims } from './access/index.ts'
import { createAssertions } from './assertion/index.ts'
import { type Configuration } from './config/index.ts'
import { createMapping } from './mapping/index.ts'
import { type Audit, type Logger } from './observability/index.ts'
import { createLogins, createProvider, createRounds, mountSignIn, type Provider } from './oidc/index.ts'
import { createPages } from './pages/index.ts'
import { answerProblem, compileTemplates, createIdentityProfile, createPipeline, templateClaims } from './pipeline/index.ts'
import { createForwarder, createUpstream, mountUpstream, type Upstream } from './proxy/index.ts'
import { createRequestOrigins } from './request-origin/index.ts'
import { createServer, forwardedMethods } from './server.ts'
import { type Cookies, createCookies, createCookieStore, createRevocations, createSeals, createSessions } from './sessions/index.ts'

export interface GatewayParts {
  readonly logger: Logger
  readonly audit: Audit
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Builds the gateway; it serves once `listen` is called on it. @throws {AssertionKeyError} for an unusable key */
export async function createGateway (configuration: Configuration, { logger, audit, now }: GatewayParts): Promise<FastifyInstance> {
  const { server, session, assertion, headers, access } = configuration
  const { basePath } = server
  const publicUrl = new URL(server.publicUrl)
  const publicOrigin = publicUrl.origin

  const seals = await createSeals(['session', 'state'], {
    secrets: [session.secret ?? randomBytes(32), ...session.previousSecrets],
    application: publicOrigin
  })
  const cookies = buildCookies(session.cookie, publicUrl)
  const sessions = createSessions(
    { idleMilliseconds: session.idleTimeout, maxMilliseconds: session.maxLifetime },
    { cookies, store: createCookieStore(seals.session), revocations: createRevocations(session.maxLifetime), now })

  const mapping = createMapping({ ...configuration, keepClaims: [...referencedClaims(access.rules), ...templateClaims(headers.set)] })
  const pages = createPages({ basePath, publicUrl: publicOrigin, providerLabel: configuration.provider.label, detail: configuration.pages.detail })
  const provider = buildProvider(configuration, { logger, now })
  const upstream = buildUpstream(configuration.upstream)
  const assertions = await createAssertions({ ...assertion, issuer: publicOrigin, lifetimeMilliseconds: assertion.lifetime }, now)

  const pipeline = createPipeline({
    basePath,
    publicUrl,
    sessions,
    access: createAccess(access),
    assertions,
    profile: createIdentityProfile({ ...headers, templates: compileTemplates(headers.set) }),
    audit,
    upstream: {
      host: configuration.upstream.preserveHost ? undefined : upstream.host,
      audience: configuration.upstream.audience ?? upstream.origin
    }
  })

  const originOf = createRequestOrigins({ ...server, publicUrl })
  const app = createServer(server, { logger, originOf, answer: (error, request, reply) => answerProblem(error, request, reply, { pages, logger }) })
  mountSignIn(app, {
    basePath,
    publicOrigin,
    sessionIsStrict: session.cookie.sameSite === 'strict',
    provider,
    logins: createLogins({ cookies, seal: seals.state, now }),
    rounds: createRounds(cookies),
    sessions,
    mapping,
    pages,
    audit
  })
  // Applications may reach Doorward by another name than people do.
  app.get(`${basePath}/jwks`, { exposeHeadRoute: true, config: { anyHost: true } }, (_request, reply) => reply.header('cache-control', 'public, max-age=300').send(assertions.jwks))
  await mountUpstream(app, { upstream, forward: createForwarder(upstream), methods: forwardedMethods, admit: pipeline })

  app.addHook('onReady', async () => { provider.start() })
  app.addHook('onClose', async () => { await Promise.all([provider.close(), upstream.close()]) })
  return app
}

/** Names by RFC 6265bis section 4.1.3: what `__Host-` and `__Secure-` promise, browsers enforce. */
function buildCookies (cookie: Configuration['session']['cookie'], publicUrl: URL): Cookies {
  const secure = publicUrl.protocol === 'https:'
  const prefix = !secure ? '' : cookie.domain === undefined ? '__Host-' : '__Secure-'
  return createCookies({ ...cookie, name: cookie.name ?? `${prefix}doorward`, secure })
}

function buildProvider ({ provider, server }: Configuration, parts: { logger: Logger, now: () => number }): Provider {
  return createProvider({
    ...provider,
    caPem: readOptional(provider.caFile),
    clockToleranceMilliseconds: provider.clockTolerance,
    redirectUri: new URL(`${server.basePath}/callback`, server.publicUrl).href
  }, parts)
}

function buildUpstream (settings: Configuration['upstream']): Upstream {
  return createUpstream({
    url: settings.url,
    connectMilliseconds: settings.connectTimeout,
    responseMilliseconds: settings.responseTimeout,
    idleMilliseconds: settings.idleTimeout,
    caPem: readOptional(settings.tls.caFile),
    verifyTls: settings.tls.verify
  })
}

function readOptional (file: string | undefined): string | undefined {
  return file === undefined ? undefined : readFileSync(file, 'utf8')
}
