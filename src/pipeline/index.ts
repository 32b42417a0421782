/**
 * What happens to a request for an application, in order. The order of the steps below is the order of the checks,
 * and it stands here alone.
 *
 * Owns what is admitted, who asks, whether they may, where it goes, and what the application is told. It does not own
 * how people sign in (oidc/: it sends them there by URL) nor how bytes travel (proxy/).
 */
import { type Assertions } from '../assertion/index.ts'
import { Problem } from '../errors.ts'
import { type Admitted } from '../proxy/index.ts'
import { admitTarget } from './admit-target.ts'
import { type Asked } from './asked.ts'
import { assertionClaims } from './assertion-claims.ts'
import { authenticate, type AuthenticateParts, type Caller } from './authenticate.ts'
import { authorize } from './authorize.ts'
import { checkOrigin } from './check-origin.ts'
import { createUpstreamChoice, targetFor, type UpstreamRoute } from './choose-upstream.ts'
import { createForwardingHeaders } from './forwarding-headers.ts'
import { createHeaderFilter, exceptAuthorization, upstreamHeaders } from './identity-headers.ts'
import { assertionHeader } from './identity-profile.ts'
import { keepSession } from './keep-session.ts'
import { limitBody } from './limit-body.ts'

export { answerProblem, type ProblemParts } from './answer-problem.ts'
export { type Asked } from './asked.ts'
export { canonicalPath, isUnderBasePath } from './canonical-path.ts'
export { SignInChallenge } from './challenge.ts'
export { type UpstreamRoute } from './choose-upstream.ts'
export { compileTemplates } from './header-template.ts'
export { createIdentityProfile, type IdentityProfile } from './identity-profile.ts'

export interface PipelineParts extends AuthenticateParts {
  readonly basePath: string
  readonly publicUrl: URL
  readonly assertions: Assertions
  /** With one for `/` every path has one. */
  readonly upstreams: readonly UpstreamRoute[]
  /** Whose pages may open WebSockets. */
  readonly webSocketOrigins: ReadonlySet<string>
}

/** A request that may go upstream. */
export interface Admission extends Admitted {
  /** Name, value, name, value…: what the application is told of whoever asks; nothing of nobody. Also among `headers`. */
  readonly identity: readonly string[]
  /** Under which of them a client's word is worth nothing. */
  readonly identityNames: readonly string[]
}

/** Takes a request from its first byte to what may go upstream, whoever takes it there. @throws {Problem} to end it */
export type Pipeline = (request: Asked) => Promise<Admission>

export function createPipeline (parts: PipelineParts): Pipeline {
  const { sessions, assertions, upstreams } = parts
  // What one application is told, a client must not tell another either: it may hand the request on.
  const isKept = createHeaderFilter(upstreams.flatMap(({ profile }) => profile.names))
  const isKeptBesideToken = exceptAuthorization(isKept)
  const upstreamFor = createUpstreamChoice(upstreams)
  const forwardingHeaders = createForwardingHeaders()

  // Waited for is only what is not there yet: a turn of the event loop costs more than most steps.
  return async (request) => {
    const target = admitTarget(request.originalUrl, parts.basePath)
    const looked = authenticate(request, target, parts)
    const { caller, found, isByToken, lease } = looked instanceof Promise ? await looked : looked
    const { maxBodyBytes } = authorize(request, target, caller, parts)
    checkOrigin(request, found.session, parts.webSocketOrigins)
    limitBody(request.headers, maxBodyBytes)
    const upstream = upstreamFor(target.readings[0] ?? '')
    if (upstream === undefined) throw new Problem('not_found')
    const targetThere = targetFor(upstream, target.target)
    if (targetThere === undefined) throw new Problem('target_invalid')

    const signed = signedFor(caller, upstream.audience)
    const assertion = typeof signed === 'string' ? signed : await signed
    const identity = caller === undefined ? [] : [...upstream.profile.headersOf(caller), assertionHeader, assertion]
    const host = ['Host', upstream.host ?? request.origin.host]
    const cookie = found.cookies.others === undefined ? [] : ['Cookie', found.cookies.others]
    const forwarding = forwardingHeaders(request.origin, request.id)
    const kept = keepSession(found, sessions)
    return {
      forward: upstream.forward,
      target: targetThere,
      headers: upstreamHeaders(request.raw.rawHeaders, isByToken ? isKeptBesideToken : isKept, [host, cookie, forwarding, identity]),
      identity,
      identityNames: upstream.profile.names,
      responseHeaders: kept instanceof Promise ? await kept : kept,
      maxBodyBytes,
      lease
    }
  }

  function signedFor (caller: Caller | undefined, audience: string): string | Promise<string> {
    return caller === undefined ? '' : assertions.about(caller, audience, () => assertionClaims(caller))
  }
}
