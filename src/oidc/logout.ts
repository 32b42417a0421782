import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { endSession } from './end-session.ts'
import { isFromAnotherSite } from './fetch-metadata.ts'
import { type SignInParts } from './parts.ts'

/**
 * `GET` and `POST /logout`: ends the session here. One that another site caused is asked about first: signing people
 * out behind their back is how some attacks begin (RFC 9700 section 4.7 on the login side of the same coin).
 */
export function mountLogout (app: FastifyInstance, parts: SignInParts): void {
  const { basePath, publicOrigin, sessions, pages } = parts

  async function logout (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const found = await sessions.find(request.headers.cookie)
    reply.header('cache-control', 'no-store')
    // A form of another site brings no session along (SameSite=Lax), and could have its cookies deleted all the same.
    const mayHaveSession = found.session !== undefined || request.method === 'POST'
    if (mayHaveSession && isFromAnotherSite(request.headers, publicOrigin)) {
      const { status, headers, body } = pages.confirmLogout(request.id)
      return reply.code(status).headers(headers).send(body)
    }
    reply.header('set-cookie', await endSession(request, found, parts))
    const { status, headers, body } = pages.signedOut(request.id)
    return reply.code(status).headers(headers).send(body)
  }

  app.get(`${basePath}/logout`, logout)
  app.post(`${basePath}/logout`, logout)
}
