import { type FastifyInstance } from 'fastify'
import { recordExpiry } from '../sessions/index.ts'
import { parametersOf } from './parameters.ts'
import { type SignInParts } from './parts.ts'
import { sendPage } from './send-page.ts'

/**
 * `GET /signed-out`: where the provider sends people back to after a sign-out there. A `state` that is wrong or missing
 * is not believed, and nothing is wrong with that: anybody may come here (OpenID Connect RP-Initiated Logout section 3).
 */
export function mountSignedOut (app: FastifyInstance, { basePath, sessions, logouts, pages, audit }: SignInParts): void {
  app.get(`${basePath}/signed-out`, async (request, reply) => {
    const found = await sessions.find(request.headers.cookie)
    recordExpiry(found, request, audit)
    const logout = logouts.resume(parametersOf(request).get('state'), found.cookies)
    reply.header('cache-control', 'no-store')
    if (logout !== undefined) reply.header('set-cookie', logout.clearCookie)
    if (logout?.returnTo !== undefined) return reply.redirect(logout.returnTo, 303)
    // Somebody who has signed in again, or has never signed out, is not told otherwise.
    if (found.session !== undefined) return reply.redirect('/', 303)
    return sendPage(reply, pages.signedOut({ requestId: request.id, isEverywhere: logout !== undefined }))
  })
}
