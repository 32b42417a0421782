/**
 * What happens to a request for an application, in order. The order of the steps below is the order of the checks,
 * and it stands here alone.
 *
 * Owns what is admitted, who asks, whether they may, where it goes, and what the application is told. It does not own
 * how people sign in (oidc/: it sends them there by URL) nor how bytes travel (proxy/).
 */
import { type Assertions } from '../assertion/index.ts'
import { type Admitted } from '../proxy/index.ts'
import { admitTarget } from './admit-target.ts'
import { type Asked } from './asked.ts'
import { assertionClaims } from './assertion-claims.ts'
import { authenticate, type Authenticated, type AuthenticateParts } from './authenticate.ts'
import { authorize, type AuthorizeParts } from './authorize.ts'
import { type CanonicalPath } from './canonical-path.ts'
import { checkOrigin } from './check-origin.ts'
import { createUpstreamChoice, type UpstreamRoute } from './choose-upstream.ts'
import { createForwardingHeaders } from './forwarding-headers.ts'
import { createHeaderFilter, exceptAuthorization, keptHeaders } from './identity-headers.ts'
import { assertionHeader } from './identity-profile.ts'
import { keepSession } from './keep-session.ts'
import { limitBody } from './limit-body.ts'

export { answerProblem, type ProblemParts } from './answer-problem.ts'
export { type Asked } from './asked.ts'
export { callerHeaders } from './caller-headers.ts'
export { canonicalPath, isUnderBasePath } from './canonical-path.ts'
export { SignInChallenge } from './challenge.ts'
export { type UpstreamRoute } from './choose-upstream.ts'
export { compileTemplates } from './header-template.ts'
export { createCrossOrigin } from './cross-origin.ts'
export { createKeepForm } from './keep-form.ts'
export { createKeptForms, type KeptForms } from './kept-form.ts'
export { createSendForm } from './send-form.ts'
export { createIdentityProfile, type IdentityProfile } from './identity-profile.ts'

export interface PipelineParts extends AuthenticateParts, AuthorizeParts {
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

/** Takes a request from its first byte to what may go upstream, whoever takes it there. @throws {Problem} to end it, or rejects with one */
export type Pipeline = (request: Asked) => Admission | Promise<Admission>

export function createPipeline (parts: PipelineParts): Pipeline {
  const { sessions, assertions, upstreams } = parts
  // What one application is told, a client must not tell another either: it may hand the request on.
  const isKept = createHeaderFilter(upstreams.flatMap(({ profile }) => profile.names))
  const isKeptBesideToken = exceptAuthorization(isKept)
  const chooseUpstream = createUpstreamChoice(upstreams)
  const forwardingHeaders = createForwardingHeaders()

  // Waited for is only what is not there yet: a turn of the event loop costs more than most steps.
  return (request) => {
    const target = admitTarget(request.originalUrl, parts.basePath)
    const who = authenticate(request, target, parts)
    return who instanceof Promise ? who.then((found) => admit(request, target, found)) : admit(request, target, who)
  }

  function admit (request: Asked, target: CanonicalPath, who: Authenticated): Admission | Promise<Admission> {
    const { caller, found } = who
    const { maxBodyBytes } = authorize(request, target, caller, parts)
    checkOrigin(request, found.session, parts.webSocketOrigins)
    limitBody(request.headers, maxBodyBytes)
    const upstream = chooseUpstream(target)

    const assertion = caller === undefined ? undefined : assertions.about(caller, upstream.route.audience, () => assertionClaims(caller))
    const cookies = keepSession(found, sessions)
    const complete = (signed: string | undefined, responseHeaders: readonly string[]): Admission => {
      const identity = caller === undefined || signed === undefined ? [] : [...upstream.route.profile.headersOf(caller), assertionHeader, signed]
      return {
        forward: upstream.route.forward,
        target: upstream.target,
        headers: headersFor(request, who, upstream.route, identity),
        identity,
        identityNames: upstream.route.profile.names,
        responseHeaders,
        maxBodyBytes,
        lease: who.lease
      }
    }
    if (assertion instanceof Promise || cookies instanceof Promise) return Promise.all([assertion, cookies]).then(([signed, lines]) => complete(signed, lines))
    return complete(assertion, cookies)
  }

  function headersFor (request: Asked, { found, isByToken }: Authenticated, { host }: UpstreamRoute, identity: readonly string[]): string[] {
    const { others } = found.cookies
    const kept = keptHeaders(request.raw.rawHeaders, isByToken ? isKeptBesideToken : isKept)
    kept.push('Host', host ?? request.origin.host)
    if (others !== undefined) kept.push('Cookie', others)
    kept.push(...forwardingHeaders(request.origin, request.id))
    kept.push(...identity)
    return kept
  }
}
