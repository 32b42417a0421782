import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { type Claims, type Identity, type MappingResult } from '../mapping/index.ts'
import { auditRequest } from '../observability/index.ts'
import { loginUrl, switchAccountUrl } from '../own-routes.ts'
import { type FoundSession } from '../sessions/index.ts'
import { beginLogin } from './begin-login.ts'
import { findSessionAtCallback, type SessionAtCallback } from './find-session.ts'
import { formOf } from './form.ts'
import { likelyCause } from './likely-cause.ts'
import { asLoginProblem, LoginProblem } from './login-problem.ts'
import { type LostLogin, type ResumedLogin } from './logins.ts'
import { parametersOf } from './parameters.ts'
import { type SignInParts } from './parts.ts'
import { type Provider } from './provider.ts'
import { recordFailure } from './record-failure.ts'
import { meetsStepUp } from './require-step-up.ts'
import { sendPage } from './send-page.ts'
import { claimsAnswer, type CompletedSignIn } from './show-claims.ts'
import { unusableClaims } from './unusable-claims.ts'
import { startSession } from './start-session.ts'

/**
 * `GET /callback`, or `GET /callback/ID` for each of several providers: ends a sign-in with a redirect to the page first
 * wanted. `POST`, where the provider was asked to answer so (OAuth 2.0 Form Post Response Mode section 2).
 */
export function mountCallback (app: FastifyInstance, parts: SignInParts): void {
  for (const provider of parts.providers.all) {
    const { pathname } = new URL(provider.redirectUri)
    app.get(pathname, async (request, reply) => await endLogin(request, reply, parametersOf(request), provider, parts))
    if (provider.isPostedTo) app.post(pathname, async (request, reply) => await endLogin(request, reply, await formOf(request, reply), provider, parts))
  }
}

async function endLogin (request: FastifyRequest, reply: FastifyReply, parameters: URLSearchParams, provider: Provider, parts: SignInParts): Promise<FastifyReply> {
  const { logins, rounds } = parts
  const sessions = await findSessionAtCallback(request, parts, { provider: provider.id })
  const { found } = sessions
  const login = logins.resume(parameters.get('state'), found.cookies)
  reply.header('cache-control', 'no-store')
  if (!login.isResumed && request.method === 'POST') return reply.redirect(withState(provider.redirectUri, parameters.get('state')), 303)
  if (!login.isResumed) return await recover(request, reply, found, login, provider, parts)

  reply.header('set-cookie', login.clearCookie)
  const signedIn = await complete(request, parameters, login, sessions, provider, parts)
  if (signedIn === undefined) return await beginLogin(request, reply, parts, found, { returnTo: login.returnTo, restarts: 0, errand: { ...login.errand, isInsisting: true }, chooseAccount: false, provider })
  const claims = await claimsAnswer(signedIn, login, provider, request.id, parts)
  if (claims !== undefined) return sendPage(reply.header('set-cookie', [...signedIn.setCookie, ...rounds.forget(found.cookies)]), claims)
  reply.header('set-cookie', [...signedIn.setCookie, rounds.count(login.returnTo, found.cookies, provider.isPostedTo), ...releasedForm(login, parts)])
  return arrive(request, reply, login, parts)
}

/** To the page first wanted. */
function arrive (request: FastifyRequest, reply: FastifyReply, { returnTo, errand: { fragment } }: ResumedLogin | LostLogin, { sessionIsStrict, pages }: SignInParts): FastifyReply {
  if (!sessionIsStrict && fragment === undefined) return reply.redirect(returnTo, 303)
  return sendPage(reply, pages.signedIn({ returnTo, fragment, requestId: request.id }))
}

/** Whether somebody is signed in, a browser does not say to a form of another site (SameSite). It does when it is sent on. */
function withState (redirectUri: string, state: string | null): string {
  const url = new URL(redirectUri)
  if (state !== null && state.length <= longestState) url.searchParams.set('state', state)
  return url.href
}

/** More than any of ours; an address has to be short enough to be served. */
const longestState = 6 * 1024

/** From the provider's answer to a session with its Set-Cookie lines, or `undefined` where the provider has to be asked again. Every LoginProblem is one audit event, and so is success. */
async function complete (request: FastifyRequest, parameters: URLSearchParams, login: ResumedLogin, { found, since }: SessionAtCallback, provider: Provider, parts: SignInParts): Promise<CompletedSignIn | undefined> {
  const { basePath, mapping, audit } = parts
  let identity: Identity | undefined
  try {
    requireSameProvider(login, provider)
    const answer = await provider.redeem(parameters, login.secrets)
    const result = mapping(answer.claims, provider.id)
    identity = result.identity
    requireAdmission(result, answer.claims, basePath, login.returnTo)
    if (!meetsStepUp(answer, login, provider, parts)) return undefined
    const started = await startSession(answer, identity, found, since, parts)
    if (started === undefined) throw new LoginProblem('session_too_large', { members: { likely_cause: 'size', groups: identity.groups.length }, metadata: { groups: identity.groups.length } })
    if (login.replaces !== undefined) await parts.sessions.revoke({ by: 'id', value: login.replaces })
    audit.record({ event: 'login', outcome: 'success', user: identity, session: started.session.id, request: auditRequest(request), metadata: { method: 'oidc', roles: identity.roles, ...unusableClaims(result, answer.claims) } })
    return { answer, result, ...started }
  } catch (failure) {
    const error = asLoginProblem(failure)
    if (!(error instanceof LoginProblem)) throw error
    recordFailure(error, request, parts, identity ?? { ...error.subject, provider: login.provider })
    throw error.withMembers({ login_url: loginUrl(basePath, login.returnTo, login.errand) })
  }
}

/**
 * A provider that forwards the browser to another one, with the request that was meant for itself, wants to be handed
 * the other's code. Each has a redirect URI of its own, so the answer comes in at the wrong one (RFC 9700 section 4.4.2.2).
 *
 * @throws {LoginProblem}
 */
function requireSameProvider (login: ResumedLogin, provider: Provider): void {
  if (login.provider === provider.id) return
  throw new LoginProblem('issuer_mismatch', { metadata: { expected: login.provider, found: provider.id } })
}

/** Whoever posted a form without a session goes to its page now, and the form with them. */
function releasedForm ({ errand: { form }, returnTo }: ResumedLogin, { formCookie }: SignInParts): string[] {
  return form === undefined ? [] : [formCookie.release(form, returnTo)]
}

/** @throws {LoginProblem} where the configuration does not admit the person */
function requireAdmission (result: MappingResult, claims: Claims, basePath: string, returnTo: string): void {
  if (result.refusal === undefined) return
  const { reason, detail, unmet } = result.refusal
  throw new LoginProblem(reason, {
    detail: `Your account ${detail}.`,
    members: { missing: unmet, switch_account_url: switchAccountUrl(basePath, returnTo) },
    person: result.identity,
    metadata: { missing: unmet, ...unusableClaims(result, claims) }
  })
}

/** Nobody is left standing: who is signed in goes on, who is not tries once more, and only then comes a page. */
async function recover (request: FastifyRequest, reply: FastifyReply, found: FoundSession, login: LostLogin, answering: Provider, parts: SignInParts): Promise<FastifyReply> {
  const { basePath, publicOrigin, providers, rounds } = parts
  const provider = providers.get(login.provider ?? '') ?? answering
  if (found.session !== undefined) return arrive(request, reply, login, parts)
  // A `state` that another replica sealed with another secret can't be read, and tells no number of restarts.
  const isRestarted = login.restarts === 0 && !rounds.isCircling(login.returnTo, found.cookies)
  const cause = likelyCause({ found, proto: request.origin.proto, publicOrigin, isCircling: false, isForeign: login.cookieName === undefined })
  const problem = new LoginProblem('state_invalid', {
    members: { likely_cause: cause, cookie: login.cookieName, login_url: loginUrl(basePath, login.returnTo, login.errand) },
    metadata: { isRestarted, cause }
  })
  recordFailure(problem, request, parts, { provider: provider.id })
  if (!isRestarted) {
    reply.header('set-cookie', rounds.forget(found.cookies))
    throw problem
  }
  reply.header('set-cookie', rounds.count(login.returnTo, found.cookies, provider.isPostedTo))
  return await beginLogin(request, reply, parts, found, { returnTo: login.returnTo, restarts: 1, errand: login.errand, chooseAccount: false, provider })
}
