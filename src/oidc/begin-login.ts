import { type FastifyReply, type FastifyRequest } from 'fastify'
import { auditRequest } from '../observability/index.ts'
import { type FoundSession } from '../sessions/index.ts'
import { LoginProblem } from './login-problem.ts'
import { type SignInParts } from './parts.ts'

export interface LoginWish {
  readonly returnTo: string
  readonly restarts: number
  /** Ask the provider to let the person choose, where it would otherwise sign the same one in again. */
  readonly chooseAccount: boolean
}

/** Sends the browser to the provider, with a login in progress in a cookie. @throws {LoginProblem} */
export async function beginLogin (request: FastifyRequest, reply: FastifyReply, parts: SignInParts, found: FoundSession, wish: LoginWish): Promise<FastifyReply> {
  const { provider, logins, audit } = parts
  const { secrets, setCookie } = logins.begin(wish.returnTo, wish.restarts, found.cookies)
  try {
    const url = await provider.authorizationUrl(secrets, wish)
    reply.header('set-cookie', setCookie)
    return reply.header('cache-control', 'no-store').redirect(url.href, 302)
  } catch (error) {
    if (error instanceof LoginProblem) {
      audit.record({ event: 'login', outcome: 'failure', reason: error.reason, user: { provider: provider.id }, request: auditRequest(request), metadata: { method: 'oidc' } })
    }
    throw error
  }
}
