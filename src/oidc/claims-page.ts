import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'
import { auditRequest } from '../observability/index.ts'
import { claimsUrl, loginUrl, switchAccountUrl } from '../own-routes.ts'
import { wantsHtml } from '../pages/index.ts'
import { recordExpiry, type Session } from '../sessions/index.ts'
import { beginLogin } from './begin-login.ts'
import { isReader } from './claims-readers.ts'
import { isNavigation } from './fetch-metadata.ts'
import { parametersOf } from './parameters.ts'
import { type SignInParts } from './parts.ts'

/**
 * `GET /claims`: what the provider says of whoever asks. A session keeps next to nothing of that, so the provider is asked
 * again: a sign-in begins, and the callback shows what it brought. That works at every replica, and is never out of date.
 */
export function mountClaimsPage (app: FastifyInstance, parts: SignInParts): void {
  const { basePath, publicOrigin, claimsPage, sessions, providers, rounds, audit } = parts
  if (claimsPage.roles.length === 0) return

  app.get(claimsUrl(basePath), async (request, reply) => {
    const page = claimsUrl(basePath, wantsJson(request) ? 'json' : 'html')
    reply.header('cache-control', 'no-store')
    // A sign-in begins where it ends: its cookie does not leave the host.
    if (request.origin.host !== new URL(publicOrigin).host) return reply.redirect(publicOrigin + page, 302)
    const found = await sessions.find(request.headers.cookie)
    recordExpiry(found, request, audit)
    const provider = providers.get(found.session?.identity.provider ?? '')
    if (found.session === undefined || provider === undefined) return toSignIn(request, reply, loginUrl(basePath, page))
    requireReader(found.session, page, request, parts)
    if (!isNavigation(request.headers)) throw new Problem('sign_in_required', { members: { login_url: page } })
    // Whoever comes back from here without an answer would else be sent round and round.
    reply.header('set-cookie', rounds.count(page, found.cookies, provider.isPostedTo))
    return await beginLogin(request, reply, parts, found, { returnTo: page, restarts: 0, errand: {}, chooseAccount: false, provider })
  })
}

function wantsJson (request: FastifyRequest): boolean {
  return parametersOf(request).get('format') === 'json' || !wantsHtml(request.headers)
}

function toSignIn (request: FastifyRequest, reply: FastifyReply, url: string): FastifyReply {
  if (!wantsHtml(request.headers)) throw new Problem('sign_in_required', { members: { login_url: url } })
  return reply.redirect(url, 302)
}

/** @throws {Problem} `access_denied` */
function requireReader ({ id, identity }: Session, page: string, request: FastifyRequest, { basePath, claimsPage, audit }: SignInParts): void {
  if (isReader(identity, claimsPage)) return
  const missing = { roles: claimsPage.roles }
  audit.record({ event: 'access.denied', outcome: 'failure', reason: 'rule_denied', user: identity, session: id, request: auditRequest(request), metadata: { rule: 'pages.claimsFor', missing } })
  throw new Problem('access_denied', {
    detail: `This page needs ${claimsPage.roles.length === 1 ? 'the role' : 'one of the roles'} ${claimsPage.roles.join(', ')}.`,
    person: identity,
    members: { rule: 'pages.claimsFor', missing, switch_account_url: switchAccountUrl(basePath, page) }
  })
}
