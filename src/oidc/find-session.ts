import { type FastifyRequest } from 'fastify'
import { type AuditUser } from '../observability/index.ts'
import { type FoundSession } from '../sessions/index.ts'
import { asLoginProblem, LoginProblem } from './login-problem.ts'
import { type SignInParts } from './parts.ts'
import { recordFailure } from './record-failure.ts'

/**
 * The session that the browser has already, when a sign-in begins and when it ends. Where sessions can't be kept now, it
 * goes no further: the code is not spent, and whoever reloads the page later is signed in after all.
 *
 * @param user the provider, as far as it is known
 * @throws {LoginProblem}
 */
export async function findSession (request: FastifyRequest, parts: SignInParts, user: AuditUser): Promise<FoundSession> {
  try {
    parts.sessions.requireAvailable()
    return await parts.sessions.find(request.headers.cookie)
  } catch (failure) {
    const error = asLoginProblem(failure)
    if (error instanceof LoginProblem) recordFailure(error, request, parts, user)
    throw error
  }
}
