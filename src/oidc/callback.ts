import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { type Identity } from '../mapping/index.ts'
import { auditRequest } from '../observability/index.ts'
import { type FoundSession } from '../sessions/index.ts'
import { beginLogin, loginUrl } from './begin-login.ts'
import { LoginProblem } from './login-problem.ts'
import { type LostLogin, type ResumedLogin } from './logins.ts'
import { parametersOf } from './parameters.ts'
import { type SignInParts } from './parts.ts'

const method = { method: 'oidc' }

/** `GET /callback`: ends a sign-in with a redirect to the page first wanted. */
export function mountCallback (app: FastifyInstance, parts: SignInParts): void {
  const { basePath, provider, logins, rounds, sessions, mapping, audit, pages } = parts

  app.get(`${basePath}/callback`, async (request, reply) => {
    const parameters = parametersOf(request)
    const found = await sessions.find(request.headers.cookie)
    const login = logins.resume(parameters.get('state'), found.cookies)
    reply.header('cache-control', 'no-store')
    if (!login.isResumed) return await recover(request, reply, found, login)

    reply.header('set-cookie', login.clearCookie)
    const setCookie = await complete(request, parameters, login, found)
    reply.header('set-cookie', [...setCookie, rounds.count(login.returnTo, found.cookies)])
    if (!parts.sessionIsStrict) return reply.redirect(login.returnTo, 303)
    const { status, headers, body } = pages.signedIn({ returnTo: login.returnTo, requestId: request.id })
    return reply.code(status).headers(headers).send(body)
  })

  /** From the provider's answer to a session. Every way out is one audit event. */
  async function complete (request: FastifyRequest, parameters: URLSearchParams, login: ResumedLogin, found: FoundSession): Promise<string[]> {
    let identity: Identity | undefined
    try {
      const { claims, ...answer } = await provider.redeem(parameters, login.secrets)
      const result = mapping(claims, provider.id)
      identity = result.identity
      if (result.refusal !== undefined) throw new LoginProblem(result.refusal.reason, { detail: `Your account ${result.refusal.detail}.`, members: { switch_account_url: `${loginUrl(basePath, login.returnTo)}&switch_account=true` } })
      const started = await sessions.start({ identity, ...answer }, found)
      if (started === undefined) throw new LoginProblem('session_too_large')
      audit.record({ event: 'login', outcome: 'success', user: identity, session: started.session.id, request: auditRequest(request), metadata: { ...method, roles: identity.roles } })
      return started.setCookie
    } catch (error) {
      if (!(error instanceof LoginProblem)) throw error
      audit.record({ event: 'login', outcome: 'failure', reason: error.reason, user: identity ?? { provider: provider.id }, request: auditRequest(request), metadata: { ...method, ...error.metadata } })
      throw withWayBack(error, login.returnTo)
    }
  }

  /** Nobody is left standing: who is signed in goes on, who is not tries once more, and only then comes a page. */
  async function recover (request: FastifyRequest, reply: FastifyReply, found: FoundSession, login: LostLogin): Promise<FastifyReply> {
    if (found.session !== undefined) return reply.redirect(login.returnTo, 303)
    // A `state` that another replica sealed with another secret can't be read, and tells no number of restarts.
    const isRestarted = login.restarts === 0 && !rounds.isCircling(login.returnTo, found.cookies)
    audit.record({ event: 'login', outcome: 'failure', reason: 'state_invalid', user: { provider: provider.id }, request: auditRequest(request), metadata: { ...method, isRestarted } })
    if (isRestarted) {
      reply.header('set-cookie', rounds.count(login.returnTo, found.cookies))
      return await beginLogin(request, reply, parts, found, { returnTo: login.returnTo, restarts: 1, chooseAccount: false })
    }
    reply.header('set-cookie', rounds.forget(found.cookies))
    throw withWayBack(new LoginProblem('state_invalid', { members: { cookie: login.cookieName } }), login.returnTo)
  }

  function withWayBack (problem: LoginProblem, returnTo: string): LoginProblem {
    const { reason, code, cause, detail, headers, metadata, members } = problem
    return new LoginProblem(reason, { code, cause, detail, headers, metadata, members: { login_url: loginUrl(basePath, returnTo), ...members } })
  }
}
