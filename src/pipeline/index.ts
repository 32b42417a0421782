/**
 * What happens to a request for an application, in order. The order of the steps below is the order of the checks,
 * and it stands here alone.
 *
 * Owns what is admitted, who asks, whether they may, where it goes, and what the application is told. It does not own
 * how people sign in (oidc/: it sends them there by URL) nor how bytes travel (proxy/).
 */
import { type FastifyRequest } from 'fastify'
import { type Access } from '../access/index.ts'
import { type Assertions } from '../assertion/index.ts'
import { Problem } from '../errors.ts'
import { type Audit } from '../observability/index.ts'
import { type Admitted } from '../proxy/index.ts'
import { type Session, type Sessions } from '../sessions/index.ts'
import { admitTarget } from './admit-target.ts'
import { assertionClaims } from './assertion-claims.ts'
import { authorize } from './authorize.ts'
import { checkOrigin } from './check-origin.ts'
import { createUpstreamChoice, targetFor, type UpstreamRoute } from './choose-upstream.ts'
import { createForwardingHeaders } from './forwarding-headers.ts'
import { createHeaderFilter, upstreamHeaders } from './identity-headers.ts'
import { assertionHeader } from './identity-profile.ts'
import { keepSession } from './keep-session.ts'
import { limitBody } from './limit-body.ts'
import { loadSession } from './load-session.ts'

export { answerProblem, type ProblemParts } from './answer-problem.ts'
export { canonicalPath, isUnderBasePath } from './canonical-path.ts'
export { type UpstreamRoute } from './choose-upstream.ts'
export { compileTemplates } from './header-template.ts'
export { createIdentityProfile, type IdentityProfile } from './identity-profile.ts'

export interface PipelineParts {
  readonly basePath: string
  readonly publicUrl: URL
  readonly sessions: Sessions
  readonly access: Access
  readonly assertions: Assertions
  readonly audit: Audit
  /** With one for `/` every path has one. */
  readonly upstreams: readonly UpstreamRoute[]
  /** Whose pages may open WebSockets. */
  readonly webSocketOrigins: ReadonlySet<string>
}

/** Takes a request from its first byte to what may go upstream. @throws {Problem} to end it */
export type Pipeline = (request: FastifyRequest) => Promise<Admitted>

export function createPipeline (parts: PipelineParts): Pipeline {
  const { sessions, assertions, upstreams } = parts
  // What one application is told, a client must not tell another either: it may hand the request on.
  const isKept = createHeaderFilter(upstreams.flatMap(({ profile }) => profile.names))
  const upstreamFor = createUpstreamChoice(upstreams)
  const forwardingHeaders = createForwardingHeaders(parts.publicUrl)

  // Waited for is only what is not there yet: a turn of the event loop costs more than most steps.
  return async (request) => {
    const target = admitTarget(request.originalUrl, parts.basePath)
    const looked = loadSession(request, sessions, parts.audit)
    const found = looked instanceof Promise ? await looked : looked
    const { session } = found
    const { maxBodyBytes } = authorize(request, target, session, parts)
    checkOrigin(request, session, parts.webSocketOrigins)
    limitBody(request.headers, maxBodyBytes)
    const upstream = upstreamFor(target.readings[0] ?? '')
    if (upstream === undefined) throw new Problem('not_found')
    const targetThere = targetFor(upstream, target.target)
    if (targetThere === undefined) throw new Problem('target_invalid')

    const signed = signedFor(session, upstream.audience)
    const assertion = typeof signed === 'string' ? signed : await signed
    const identity = session === undefined ? [] : [...upstream.profile.headersOf(session), assertionHeader, assertion]
    const host = ['Host', upstream.host ?? parts.publicUrl.host]
    const cookie = found.cookies.others === undefined ? [] : ['Cookie', found.cookies.others]
    const forwarding = forwardingHeaders(request.raw.socket.remoteAddress ?? '', request.id)
    const kept = keepSession(found, sessions)
    return {
      forward: upstream.forward,
      target: targetThere,
      headers: upstreamHeaders(request.raw.rawHeaders, isKept, [host, cookie, forwarding, identity]),
      responseHeaders: kept instanceof Promise ? await kept : kept,
      maxBodyBytes,
      lease: session === undefined ? undefined : sessions.lease(session)
    }
  }

  function signedFor (session: Session | undefined, audience: string): string | Promise<string> {
    return session === undefined ? '' : assertions.about(session, audience, () => assertionClaims(session))
  }
}
