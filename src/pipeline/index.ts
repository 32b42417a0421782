/**
 * What happens to a request for the application, in order. The order of the steps below is the order of the checks,
 * and it stands here alone.
 *
 * Owns what is admitted, who asks, whether they may, and what the application is told. It does not own how people sign
 * in (oidc/: it sends them there by URL) nor how bytes travel (proxy/).
 */
import { type FastifyRequest } from 'fastify'
import { type Assertions } from '../assertion/index.ts'
import { type ForwardedRequest } from '../proxy/index.ts'
import { admitTarget } from './admit-target.ts'
import { assertionClaims } from './assertion-claims.ts'
import { authenticate, type AuthenticateParts, type Caller } from './authenticate.ts'
import { authorize } from './authorize.ts'
import { createForwardingHeaders } from './forwarding-headers.ts'
import { createHeaderFilter, exceptAuthorization, upstreamHeaders } from './identity-headers.ts'
import { assertionHeader, type IdentityProfile } from './identity-profile.ts'
import { keepSession } from './keep-session.ts'

export { answerProblem, type ProblemParts } from './answer-problem.ts'
export { canonicalPath, isUnderBasePath } from './canonical-path.ts'
export { compileTemplates, templateClaims } from './header-template.ts'
export { createIdentityProfile } from './identity-profile.ts'

export interface PipelineParts extends AuthenticateParts {
  readonly basePath: string
  readonly publicUrl: URL
  readonly assertions: Assertions
  readonly profile: IdentityProfile
  readonly upstream: { readonly host: string, readonly audience: string }
}

/** Takes a request from its first byte to what may go upstream. @throws {Problem} to end it */
export type Pipeline = (request: FastifyRequest) => Promise<ForwardedRequest>

export function createPipeline (parts: PipelineParts): Pipeline {
  const { sessions, assertions, profile, upstream } = parts
  const isKept = createHeaderFilter(profile.names)
  const isKeptBesideToken = exceptAuthorization(isKept)
  const forwardingHeaders = createForwardingHeaders(parts.publicUrl)
  const host = ['Host', upstream.host]

  async function identityHeaders (caller: Caller | undefined): Promise<readonly string[]> {
    if (caller === undefined) return []
    const signed = assertions.about(caller, upstream.audience, () => assertionClaims(caller))
    const assertion = typeof signed === 'string' ? signed : await signed
    return [...profile.headersOf(caller.identity), assertionHeader, assertion]
  }

  return async (request) => {
    const target = admitTarget(request.originalUrl, parts.basePath)
    const { caller, found, isByToken } = await authenticate(request, target, parts)
    authorize(request, target, caller, parts)
    const identity = await identityHeaders(caller)
    const cookie = found.cookies.others === undefined ? [] : ['Cookie', found.cookies.others]
    const forwarding = forwardingHeaders(request.raw.socket.remoteAddress ?? '', request.id)
    return {
      target: target.target,
      headers: upstreamHeaders(request.raw.rawHeaders, isByToken ? isKeptBesideToken : isKept, [host, cookie, forwarding, identity]),
      responseHeaders: await keepSession(found, sessions)
    }
  }
}
