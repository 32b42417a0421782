/**
 * What happens to a request for the application, in order. The order of the steps below is the order of the checks,
 * and it stands here alone.
 *
 * Owns what is admitted, who asks, whether they may, and what the application is told. It does not own how people sign
 * in (oidc/: it sends them there by URL) nor how bytes travel (proxy/).
 */
import { type FastifyRequest } from 'fastify'
import { type Access } from '../access/index.ts'
import { type Assertions } from '../assertion/index.ts'
import { type Audit } from '../observability/index.ts'
import { type ForwardedRequest } from '../proxy/index.ts'
import { type Session, type Sessions } from '../sessions/index.ts'
import { admitTarget } from './admit-target.ts'
import { assertionClaims } from './assertion-claims.ts'
import { authorize } from './authorize.ts'
import { createForwardingHeaders } from './forwarding-headers.ts'
import { createHeaderFilter, upstreamHeaders } from './identity-headers.ts'
import { assertionHeader, type IdentityProfile } from './identity-profile.ts'
import { keepSession } from './keep-session.ts'
import { loadSession } from './load-session.ts'

export { answerProblem, type ProblemParts } from './answer-problem.ts'
export { canonicalPath, isUnderBasePath } from './canonical-path.ts'
export { compileTemplates, templateClaims } from './header-template.ts'
export { createIdentityProfile } from './identity-profile.ts'

export interface PipelineParts {
  readonly basePath: string
  readonly publicUrl: URL
  readonly sessions: Sessions
  readonly access: Access
  readonly assertions: Assertions
  readonly profile: IdentityProfile
  readonly audit: Audit
  /** `host` is what the application is told; absent: the one that was asked for. */
  readonly upstream: { readonly host: string | undefined, readonly audience: string }
}

/** Takes a request from its first byte to what may go upstream. @throws {Problem} to end it */
export type Pipeline = (request: FastifyRequest) => Promise<ForwardedRequest>

export function createPipeline (parts: PipelineParts): Pipeline {
  const { sessions, assertions, profile, upstream } = parts
  const isKept = createHeaderFilter(profile.names)
  const forwardingHeaders = createForwardingHeaders()

  async function identityHeaders (session: Session | undefined): Promise<readonly string[]> {
    if (session === undefined) return []
    const signed = assertions.about(session, upstream.audience, () => assertionClaims(session))
    const assertion = typeof signed === 'string' ? signed : await signed
    return [...profile.headersOf(session.identity), assertionHeader, assertion]
  }

  return async (request) => {
    const target = admitTarget(request.originalUrl, parts.basePath)
    const found = await loadSession(request, sessions, parts.audit)
    authorize(request, target, found.session, parts)
    const identity = await identityHeaders(found.session)
    const host = ['Host', upstream.host ?? request.origin.host]
    const cookie = found.cookies.others === undefined ? [] : ['Cookie', found.cookies.others]
    const forwarding = forwardingHeaders(request.origin, request.id)
    return {
      target: target.target,
      headers: upstreamHeaders(request.raw.rawHeaders, isKept, [host, cookie, forwarding, identity]),
      responseHeaders: await keepSession(found, sessions)
    }
  }
}
