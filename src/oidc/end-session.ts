import { type FastifyRequest } from 'fastify'
import { auditRequest } from '../observability/index.ts'
import { type FoundSession } from '../sessions/index.ts'
import { type SignInParts } from './parts.ts'

/** Ends the session that the person asked to end, if there is one, and its tokens; Set-Cookie lines that remove all trace of it. */
export async function endSession (request: FastifyRequest, found: FoundSession, { sessions, rounds, audit, providers }: SignInParts): Promise<string[]> {
  const setCookie = [...await sessions.end(found), ...rounds.forget(found.cookies)]
  if (found.session === undefined) return setCookie
  const { id, identity, tokens } = found.session
  audit.record({ event: 'logout', outcome: 'success', reason: 'user', user: identity, session: id, request: auditRequest(request) })
  await providers.get(identity.provider)?.logout.revokeTokens(tokens)
  return setCookie
}
