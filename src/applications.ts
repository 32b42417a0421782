/**
 * What stands behind Doorward, built from the configuration: for each upstream its connections, the headers it receives,
 * and the path below which it is reached. A part of the composition root.
 */
import { readFileSync } from 'node:fs'
import { type Assertions } from './assertion/index.ts'
import { type Configuration, type UpstreamConfiguration, upstreamsOf } from './config/index.ts'
import { upstreamDependency } from './dependencies.ts'
import { type Lasting } from './lasting.ts'
import { callerHeaders, compileTemplates, createIdentityProfile, type IdentityProfile, type UpstreamRoute } from './pipeline/index.ts'
import { countReached, createForwarder, createReach, createStaticAnswer, createUpstream, type ForwardParts, probe, traceForwarding, type Upstream } from './proxy/index.ts'
import { type Session } from './sessions/index.ts'

export interface Application {
  readonly route: UpstreamRoute
  /** It is an answer of the configuration: nobody is told anything. */
  readonly isStatic: boolean
  /** Tells from now on whether it is there, also without a request where that matters. */
  start (): void
  /** Tells of nothing any more: another has taken its place. It still serves who has begun here. */
  retire (): void
  close (): Promise<void>
}

export interface Applications extends Pick<Application, 'start' | 'retire' | 'close'> {
  readonly all: readonly Application[]
}

type ApplicationParts = Pick<Lasting, 'metrics' | 'readiness' | 'tracing' | 'now'> & Omit<ForwardParts, 'upstream' | 'counts'>

export function buildApplications (configuration: Configuration, parts: ApplicationParts): Applications {
  const all = upstreamsOf(configuration).map((settings) => buildApplication(settings, configuration, parts))
  return {
    all,
    start () { for (const application of all) application.start() },
    retire () { for (const application of all) application.retire() },
    async close () { await Promise.all(all.map(async (application) => { await application.close() })) }
  }
}

function buildApplication (settings: UpstreamConfiguration, configuration: Configuration, { metrics, readiness, tracing, now, ...parts }: ApplicationParts): Application {
  const { path, stripPath, static: answer } = settings
  const common = { path, stripPath, profile: buildProfile(settings.headers, configuration.headers, now) }
  if (answer !== undefined) {
    const route = { ...common, host: undefined, audience: settings.audience ?? configuration.server.publicUrl, forward: createStaticAnswer(answer) }
    return { route, isStatic: true, start () {}, retire () {}, close: async () => {} }
  }
  const upstream = buildUpstream(settings)
  let isCurrent = false
  let endProbe = (): void => {}
  const reach = createReach((isUp, reason) => { if (isCurrent) readiness.asked(upstreamDependency(path), isUp, reason) })
  const host = settings.preserveHost ? undefined : upstream.host
  const route = { ...common, host, audience: settings.audience ?? upstream.origin, forward: traceForwarding(createForwarder({ ...parts, upstream, counts: countReached(metrics.upstream(path), reach) }), { tracing, upstream, path }) }
  return {
    route,
    isStatic: false,
    start () {
      isCurrent = true
      if (configuration.admin.readiness.upstream !== 'never') endProbe = probe(urlOf(settings), settings.connectTimeout, reach)
    },
    retire () {
      isCurrent = false
      endProbe()
    },
    async close () {
      endProbe()
      await upstream.close()
    }
  }
}

/** What any of the applications is told of somebody beside the identity. */
export function needsOf (applications: readonly Application[]): IdentityProfile['needs'] {
  const needs = applications.map(({ route }) => route.profile.needs)
  return {
    claims: needs.flatMap(({ claims }) => claims),
    allClaims: needs.some(({ allClaims }) => allClaims),
    accessToken: needs.some(({ accessToken }) => accessToken)
  }
}

/** What each of the applications is told of somebody with every request, in bytes, as HTTP/1.1 writes it. */
export async function headerSizes (applications: readonly Application[], session: Session, assertions: Assertions): Promise<Array<{ path: string, bytes: number }>> {
  return await Promise.all(applications.filter(({ isStatic }) => !isStatic).map(async ({ route }) => {
    const headers = await callerHeaders(session, route, assertions)
    // Between name and value stand a colon and a space, and a line ends with two characters.
    return { path: route.path, bytes: headers.reduce((sum, text) => sum + Buffer.byteLength(text, 'latin1') + 2, 0) }
  }))
}

/** What an upstream says of its headers wins over what is said for all. */
function buildProfile (own: UpstreamConfiguration['headers'], common: Configuration['headers'], now: () => number): IdentityProfile {
  return createIdentityProfile({
    profiles: own.profiles ?? common.profiles,
    accessToken: own.accessToken ?? common.accessToken,
    encoding: own.encoding ?? common.encoding,
    templates: compileTemplates(own.set ?? common.set)
  }, now)
}

function urlOf ({ url }: UpstreamConfiguration): string {
  if (url === undefined) throw new TypeError('an upstream has a url or a static answer')
  return url
}

function buildUpstream (settings: UpstreamConfiguration): Upstream {
  const { connectTimeout, responseTimeout, idleTimeout, tls } = settings
  return createUpstream({
    url: urlOf(settings),
    connectMilliseconds: connectTimeout,
    responseMilliseconds: responseTimeout,
    idleMilliseconds: idleTimeout,
    caPem: tls.caFile === undefined ? undefined : readFileSync(tls.caFile, 'utf8'),
    verifyTls: tls.verify
  })
}
