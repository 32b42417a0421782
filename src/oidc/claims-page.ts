import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'
import { type ClaimNames, type Identity, type MappingResult } from '../mapping/index.ts'
import { auditRequest } from '../observability/index.ts'
import { claimsUrl, loginUrl, switchAccountUrl } from '../own-routes.ts'
import { type Answer, wantsHtml } from '../pages/index.ts'
import { type FoundSession, type Session } from '../sessions/index.ts'
import { beginLogin } from './begin-login.ts'
import { claimsReport } from './claims-report.ts'
import { isNavigation } from './fetch-metadata.ts'
import { type ResumedLogin } from './logins.ts'
import { parametersOf } from './parameters.ts'
import { type SignInParts } from './parts.ts'
import { type Provider } from './provider.ts'
import { type SignInAnswer } from './provider-answer.ts'

/** What the claims page has to know of the configuration, and of what is behind the gateway. */
export interface ClaimsPageParts {
  /** Whoever has one of them may see it; without any there is no such page. */
  readonly roles: readonly string[]
  /** What the settings call the claims of a provider. */
  readonly namesAt: (provider: string) => ClaimNames
  /** What each application is told of somebody, in bytes. */
  readonly headerSizes: (session: Session) => Promise<ReadonlyArray<{ readonly path: string, readonly bytes: number }>>
}

/**
 * `GET /claims`: what the provider says of whoever asks. A session keeps next to nothing of that, so the provider is asked
 * again: a sign-in begins, and the callback shows what it brought. That works at every replica, and is never out of date.
 */
export function mountClaimsPage (app: FastifyInstance, parts: SignInParts): void {
  const { basePath, publicOrigin, claimsPage, sessions, providers, rounds } = parts
  if (claimsPage.roles.length === 0) return

  app.get(claimsUrl(basePath), async (request, reply) => {
    const page = claimsUrl(basePath, wantsJson(request) ? 'json' : 'html')
    reply.header('cache-control', 'no-store')
    // A sign-in begins where it ends: its cookie does not leave the host.
    if (request.origin.host !== new URL(publicOrigin).host) return reply.redirect(publicOrigin + page, 302)
    const found = reported(await sessions.find(request.headers.cookie), request, parts)
    const provider = providers.get(found.session?.identity.provider ?? '')
    if (found.session === undefined || provider === undefined) return toSignIn(request, reply, loginUrl(basePath, page))
    requireReader(found.session, page, request, parts)
    if (!isNavigation(request.headers)) throw new Problem('sign_in_required', { members: { login_url: page } })
    // Whoever comes back from here without an answer would else be sent round and round.
    reply.header('set-cookie', rounds.count(page, found.cookies))
    return await beginLogin(request, reply, parts, found, { returnTo: page, restarts: 0, errand: {}, chooseAccount: false, provider })
  })
}

function wantsJson (request: FastifyRequest): boolean {
  return parametersOf(request).get('format') === 'json' || !wantsHtml(request.headers)
}

function reported (found: FoundSession, request: FastifyRequest, { audit }: SignInParts): FoundSession {
  if (found.ended === undefined) return found
  const { session, reason } = found.ended
  audit.record({ event: 'session.expired', outcome: 'success', reason, user: session.identity, session: session.id, request: auditRequest(request) })
  return found
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

function isReader ({ roles }: Identity, claimsPage: ClaimsPageParts): boolean {
  return claimsPage.roles.some((role) => roles.includes(role))
}

/** A sign-in that has been completed, with all that the provider said. */
export interface CompletedSignIn {
  readonly answer: SignInAnswer
  readonly result: MappingResult
  readonly session: Session
  readonly setCookie: readonly string[]
}

/**
 * The page that ends a sign-in which was for it, or `undefined`: it was for another page, or the person is another one now,
 * or has lost the role. Whoever is sent to the page then is refused there.
 */
export async function claimsAnswer (signedIn: CompletedSignIn, { returnTo }: ResumedLogin, provider: Provider, requestId: string, parts: SignInParts): Promise<Answer | undefined> {
  const { basePath, claimsPage, pages, now } = parts
  const format = (['html', 'json'] as const).find((format) => returnTo === claimsUrl(basePath, format))
  if (format === undefined || !isReader(signedIn.result.identity, claimsPage)) return undefined
  const sizes = { cookie: cookieSize(signedIn.setCookie), headers: await claimsPage.headerSizes(signedIn.session) }
  const report = claimsReport({ ...signedIn, provider, names: claimsPage.namesAt(provider.id), sizes, now: now() })
  return pages.claims(report, format, requestId)
}

/** What the browser will send of them: a cookie's name and value. */
function cookieSize (setCookie: readonly string[]): { bytes: number, count: number } {
  const pairs = setCookie.filter((line) => !/; Max-Age=0(;|$)/i.test(line)).map((line) => line.split(';', 1)[0] ?? '')
  return { bytes: pairs.reduce((sum, pair) => sum + Buffer.byteLength(pair), 0), count: pairs.length }
}
