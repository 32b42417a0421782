import { type FastifyInstance, type FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'
import { beginLogin } from './begin-login.ts'
import { isFromAnotherSite } from './fetch-metadata.ts'
import { parametersOf } from './parameters.ts'
import { endSession } from './end-session.ts'
import { type SignInParts } from './parts.ts'
import { wantedPage } from './wanted-page.ts'

/** `GET /login?return_to=PATH[&switch_account=true]`: starts a sign-in. Other parameters mean nothing here. */
export function mountLogin (app: FastifyInstance, parts: SignInParts): void {
  const { basePath, publicOrigin, sessions } = parts

  app.get(`${basePath}/login`, async (request, reply) => {
    const parameters = parametersOf(request)
    const returnTo = wantedPage(parameters, publicOrigin) ?? '/'
    if (!isNavigation(request)) throw new Problem('sign_in_required', { members: { login_url: request.originalUrl } })
    const found = await sessions.find(request.headers.cookie)
    const chooseAccount = parameters.get('switch_account') === 'true'
    // Whoever asks for another account has left this one, whether or not the sign-in is completed.
    if (chooseAccount && !isFromAnotherSite(request.headers, publicOrigin)) reply.header('set-cookie', await endSession(request, found, parts))
    return await beginLogin(request, reply, parts, found, { returnTo, restarts: 0, chooseAccount })
  })
}

/** A script or an image can't sign anybody in: it would only leave a login cookie behind each time. */
function isNavigation (request: FastifyRequest): boolean {
  const mode = request.headers['sec-fetch-mode']
  return mode === undefined || mode === 'navigate'
}
