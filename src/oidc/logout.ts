import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { recordExpiry, type Session } from '../sessions/index.ts'
import { endSession } from './end-session.ts'
import { isFromAnotherSite } from './fetch-metadata.ts'
import { parametersOf } from './parameters.ts'
import { type SignInParts } from './parts.ts'
import { sendPage } from './send-page.ts'
import { wantedPage } from './wanted-page.ts'

/**
 * `GET` and `POST /logout[?return_to=PATH]`: ends the session here, then at the provider (OpenID Connect RP-Initiated
 * Logout). One that another site caused is asked about first: signing people out behind their back is how some attacks
 * begin (RFC 9700 section 4.7 on the login side of the same coin).
 */
export function mountLogout (app: FastifyInstance, parts: SignInParts): void {
  const { basePath, publicOrigin, sessions, pages, providers, logouts, audit } = parts

  async function logout (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const returnTo = wantedPage(parametersOf(request), publicOrigin)
    const found = await sessions.find(request.headers.cookie)
    recordExpiry(found, request, audit)
    reply.header('cache-control', 'no-store')
    // A form of another site brings no session along (SameSite=Lax), nor does a link (Strict), and either could have the
    // cookies deleted all the same.
    const mayHaveSession = found.session !== undefined || request.method === 'POST' || parts.sessionIsStrict
    if (mayHaveSession && isFromAnotherSite(request.headers, publicOrigin)) return sendPage(reply, pages.confirmLogout({ requestId: request.id, returnTo }))
    reply.header('set-cookie', await endSession(request, found, parts))
    return await goOn(request, reply, found.session, returnTo)
  }

  /** The session here is over, whatever becomes of the one at the provider. */
  async function goOn (request: FastifyRequest, reply: FastifyReply, ended: Session | undefined, returnTo: string | undefined): Promise<FastifyReply> {
    const { state, setCookie } = logouts.begin(returnTo)
    const provider = ended && providers.get(ended.identity.provider)
    const atProvider = ended && await provider?.logout.endSessionUrl(ended, state)
    if (atProvider !== undefined && provider?.logout.sendsBack === true) reply.header('set-cookie', setCookie)
    if (atProvider !== undefined) return reply.redirect(atProvider.href, 303)
    if (returnTo !== undefined) return reply.redirect(returnTo, 303)
    return sendPage(reply, pages.signedOut({ requestId: request.id, isEverywhere: false }))
  }

  app.get(`${basePath}/logout`, logout)
  app.post(`${basePath}/logout`, logout)
}
