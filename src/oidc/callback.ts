import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { type Identity, type MappingResult } from '../mapping/index.ts'
import { auditRequest } from '../observability/index.ts'
import { loginUrl, switchAccountUrl } from '../own-routes.ts'
import { type FoundSession } from '../sessions/index.ts'
import { beginLogin } from './begin-login.ts'
import { likelyCause } from './likely-cause.ts'
import { LoginProblem } from './login-problem.ts'
import { type LostLogin, type ResumedLogin } from './logins.ts'
import { parametersOf } from './parameters.ts'
import { type SignInParts } from './parts.ts'
import { recordFailure } from './record-failure.ts'
import { meetsStepUp } from './require-step-up.ts'
import { sendPage } from './send-page.ts'

/** `GET /callback`: ends a sign-in with a redirect to the page first wanted. */
export function mountCallback (app: FastifyInstance, parts: SignInParts): void {
  const { basePath, logins, rounds, sessions } = parts

  app.get(`${basePath}/callback`, async (request, reply) => {
    const parameters = parametersOf(request)
    const found = await sessions.find(request.headers.cookie)
    const login = logins.resume(parameters.get('state'), found.cookies)
    reply.header('cache-control', 'no-store')
    if (!login.isResumed) return await recover(request, reply, found, login, parts)

    reply.header('set-cookie', login.clearCookie)
    const setCookie = await complete(request, parameters, login, found, parts)
    if (setCookie === undefined) return await beginLogin(request, reply, parts, found, { ...login, restarts: 0, chooseAccount: false, errand: { ...login.errand, isInsisting: true } })
    reply.header('set-cookie', [...setCookie, rounds.count(login.returnTo, found.cookies), ...releasedForm(login, parts)])
    return arrive(request, reply, login, parts)
  })
}

/** To the page first wanted. */
function arrive (request: FastifyRequest, reply: FastifyReply, { returnTo, errand: { fragment } }: ResumedLogin | LostLogin, { sessionIsStrict, pages }: SignInParts): FastifyReply {
  if (!sessionIsStrict && fragment === undefined) return reply.redirect(returnTo, 303)
  return sendPage(reply, pages.signedIn({ returnTo, fragment, requestId: request.id }))
}

/** From the provider's answer to a session, or `undefined` where the provider has to be asked again. Every LoginProblem is one audit event, and so is success. */
async function complete (request: FastifyRequest, parameters: URLSearchParams, login: ResumedLogin, found: FoundSession, parts: SignInParts): Promise<string[] | undefined> {
  const { basePath, provider, sessions, mapping, keeps, audit } = parts
  let identity: Identity | undefined
  try {
    const { claims, allClaims, tokens, ...answer } = await provider.redeem(parameters, login.secrets)
    const result = mapping(claims, provider.id)
    identity = result.identity
    requireAdmission(result, basePath, login.returnTo)
    if (!meetsStepUp(answer, login, parts)) return undefined
    const started = await sessions.start({ identity, ...answer, ...keeps.allClaims && { allClaims }, ...keeps.accessToken && { tokens } }, found)
    if (started === undefined) throw new LoginProblem('session_too_large', { members: { likely_cause: 'size', groups: identity.groups.length }, metadata: { groups: identity.groups.length } })
    audit.record({ event: 'login', outcome: 'success', user: identity, session: started.session.id, request: auditRequest(request), metadata: { method: 'oidc', roles: identity.roles, ...unusableClaims(result) } })
    return started.setCookie
  } catch (error) {
    if (!(error instanceof LoginProblem)) throw error
    recordFailure(error, request, parts, identity)
    throw error.withMembers({ login_url: loginUrl(basePath, login.returnTo, login.errand) })
  }
}

/** Whoever posted a form without a session goes to its page now, and the form with them. */
function releasedForm ({ errand: { form }, returnTo }: ResumedLogin, { formCookie }: SignInParts): string[] {
  return form === undefined ? [] : [formCookie.release(form, returnTo)]
}

/** @throws {LoginProblem} where the configuration does not admit the person */
function requireAdmission (result: MappingResult, basePath: string, returnTo: string): void {
  if (result.refusal === undefined) return
  const { reason, detail } = result.refusal
  throw new LoginProblem(reason, {
    detail: `Your account ${detail}.`,
    members: { switch_account_url: switchAccountUrl(basePath, returnTo) },
    person: result.identity,
    metadata: unusableClaims(result)
  })
}

/** Claims that were looked for and are absent or of another kind: the commonest reason for a role that is missing. */
function unusableClaims ({ trace }: MappingResult): { unusable?: readonly unknown[] } {
  const unusable = trace.filter(({ what }) => what === 'absent' || what === 'ignored').slice(0, 10)
  return unusable.length === 0 ? {} : { unusable }
}

/** Nobody is left standing: who is signed in goes on, who is not tries once more, and only then comes a page. */
async function recover (request: FastifyRequest, reply: FastifyReply, found: FoundSession, login: LostLogin, parts: SignInParts): Promise<FastifyReply> {
  const { basePath, publicOrigin, rounds } = parts
  if (found.session !== undefined) return arrive(request, reply, login, parts)
  // A `state` that another replica sealed with another secret can't be read, and tells no number of restarts.
  const isRestarted = login.restarts === 0 && !rounds.isCircling(login.returnTo, found.cookies)
  const cause = likelyCause({ found, proto: request.origin.proto, publicOrigin, isCircling: false, isForeign: login.cookieName === undefined })
  const problem = new LoginProblem('state_invalid', {
    members: { likely_cause: cause, cookie: login.cookieName, login_url: loginUrl(basePath, login.returnTo, login.errand) },
    metadata: { isRestarted, cause }
  })
  recordFailure(problem, request, parts)
  if (!isRestarted) {
    reply.header('set-cookie', rounds.forget(found.cookies))
    throw problem
  }
  reply.header('set-cookie', rounds.count(login.returnTo, found.cookies))
  return await beginLogin(request, reply, parts, found, { ...login, restarts: 1, chooseAccount: false })
}
