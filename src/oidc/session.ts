import type { IncomingHttpHeaders } from 'node:http'
import { type FastifyInstance } from 'fastify'
import { Problem } from '../errors.ts'
import { loginUrl } from '../own-routes.ts'
import { recordExpiry, type Session } from '../sessions/index.ts'
import { type SignInParts } from './parts.ts'

/** `GET /session`: who am I, for the application's scripts. Never a token; asking does not extend the session. */
export function mountSession (app: FastifyInstance, { basePath, publicOrigin, sessions, audit }: SignInParts): void {
  /** To a script of another origin, a path would be one there. */
  const isOfPublicOrigin = ({ origin = publicOrigin }: IncomingHttpHeaders): boolean => origin === publicOrigin

  app.get(`${basePath}/session`, { exposeHeadRoute: true }, async (request, reply) => {
    const found = await sessions.find(request.headers.cookie)
    const { session } = found
    // A page that counts down may be the first to notice, and the last to ask.
    recordExpiry(found, request, audit)
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    if (session === undefined) throw new Problem('sign_in_required', { members: { login_url: loginUrl(isOfPublicOrigin(request.headers) ? basePath : publicOrigin + basePath) } })
    return publicSession(session)
  })
}

function publicSession ({ identity, authTime, expiresAt, idleExpiresAt }: Session): Record<string, unknown> {
  const { claims: _claims, ...who } = identity
  return {
    ...who,
    authTime: authTime === undefined ? undefined : new Date(authTime * 1000).toISOString(),
    expiresAt: new Date(expiresAt).toISOString(),
    idleExpiresAt: new Date(idleExpiresAt).toISOString()
  }
}
