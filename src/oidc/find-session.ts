import { type FastifyRequest } from 'fastify'
import { type AuditUser } from '../observability/index.ts'
import { type FoundSession, recordExpiry } from '../sessions/index.ts'
import { asLoginProblem, LoginProblem } from './login-problem.ts'
import { type SignInParts } from './parts.ts'
import { recordFailure } from './record-failure.ts'

/** Where a sign-in meets the sessions: what the browser has already, and when that was looked for, by their clock. */
export interface SessionAtCallback {
  readonly found: FoundSession
  readonly since: number
}

/**
 * The session that the browser has already, when a sign-in begins.
 *
 * @param user the provider, as far as it is known
 * @throws {LoginProblem}
 */
export async function findSession (request: FastifyRequest, parts: SignInParts, user: AuditUser): Promise<FoundSession> {
  return await whileKept(request, parts, user, async () => await find(request, parts))
}

/**
 * The same when it ends, before the login is taken: where sessions can't be kept now, it goes no further. The code is not
 * spent, and whoever reloads the page later is signed in after all.
 *
 * @throws {LoginProblem}
 */
export async function findSessionAtCallback (request: FastifyRequest, parts: SignInParts, user: AuditUser): Promise<SessionAtCallback> {
  return await whileKept(request, parts, user, async () => ({ since: await parts.sessions.time(), found: await find(request, parts) }))
}

async function find (request: FastifyRequest, { sessions, audit }: SignInParts): Promise<FoundSession> {
  const found = await sessions.find(request.headers.cookie)
  recordExpiry(found, request, audit)
  return found
}

async function whileKept<Result> (request: FastifyRequest, parts: SignInParts, user: AuditUser, ask: () => Promise<Result>): Promise<Result> {
  try {
    parts.sessions.requireAvailable()
    return await ask()
  } catch (failure) {
    const error = asLoginProblem(failure)
    if (error instanceof LoginProblem) recordFailure(error, request, parts, user)
    throw error
  }
}
