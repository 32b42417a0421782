/**
 * What stands behind Doorward, built from the configuration: for each upstream its connections, the headers it receives,
 * and the path below which it is reached. A part of the composition root.
 */
import { readFileSync } from 'node:fs'
import { type Assertions } from './assertion/index.ts'
import { type Configuration, type UpstreamConfiguration } from './config/index.ts'
import { callerHeaders, compileTemplates, createIdentityProfile, type IdentityProfile, type UpstreamRoute } from './pipeline/index.ts'
import { createForwarder, createStaticAnswer, createUpstream, type ForwardParts, type Upstream } from './proxy/index.ts'
import { type Session } from './sessions/index.ts'

export interface Application {
  readonly route: UpstreamRoute
  /** It is an answer of the configuration: nobody is told anything. */
  readonly isStatic: boolean
  close (): Promise<void>
}

export interface ApplicationParts extends Omit<ForwardParts, 'upstream'> {
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export function buildApplication (settings: UpstreamConfiguration, configuration: Configuration, { now, ...parts }: ApplicationParts): Application {
  const { path, stripPath, static: answer } = settings
  const common = { path, stripPath, profile: buildProfile(settings.headers, configuration.headers, now) }
  if (answer !== undefined) {
    const route = { ...common, host: undefined, audience: settings.audience ?? configuration.server.publicUrl, forward: createStaticAnswer(answer) }
    return { route, isStatic: true, close: async () => {} }
  }
  const upstream = buildUpstream(settings)
  const host = settings.preserveHost ? undefined : upstream.host
  const route = { ...common, host, audience: settings.audience ?? upstream.origin, forward: createForwarder({ ...parts, upstream }) }
  return { route, isStatic: false, close: upstream.close }
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

function buildUpstream ({ url, connectTimeout, responseTimeout, idleTimeout, tls }: UpstreamConfiguration): Upstream {
  if (url === undefined) throw new TypeError('an upstream has a url or a static answer')
  return createUpstream({
    url,
    connectMilliseconds: connectTimeout,
    responseMilliseconds: responseTimeout,
    idleMilliseconds: idleTimeout,
    caPem: tls.caFile === undefined ? undefined : readFileSync(tls.caFile, 'utf8'),
    verifyTls: tls.verify
  })
}
