import { type FastifyInstance, type FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'
import { type FoundSession } from '../sessions/index.ts'
import { beginLogin } from './begin-login.ts'
import { isFromAnotherSite } from './fetch-metadata.ts'
import { type Errand } from './logins.ts'
import { parametersOf } from './parameters.ts'
import { returnToPath } from './return-to.ts'
import { endSession } from './end-session.ts'
import { type SignInParts } from './parts.ts'
import { sendPage } from './send-page.ts'

/** `GET /login?return_to=PATH[&rule=NUMBER][&form=NAME][&fragment=NAME][&switch_account=true]`: starts a sign-in. Other parameters mean nothing here. */
export function mountLogin (app: FastifyInstance, parts: SignInParts): void {
  const { basePath, publicOrigin, keepsFragment, sessions, formCookie, pages } = parts

  function wantedPage (parameters: URLSearchParams): string {
    const text = parameters.get('return_to') ?? '/'
    const path = returnToPath(text, publicOrigin)
    if (path === undefined) throw new Problem('return_to_invalid')
    return path
  }

  /** What is said here may have been changed on the way: the rules decide again at the page, and a form is that of this browser. */
  function errandOf (parameters: URLSearchParams, { cookies }: FoundSession): Errand {
    const rule = parameters.get('rule') ?? ''
    const form = formCookie.waiting(cookies, parameters.get('form') ?? '')
    const fragment = parameters.get('fragment') ?? ''
    return {
      ...form !== undefined && { form },
      .../^\d{1,4}$/.test(rule) && { rule: Number(rule) },
      ...keepsFragment && /^[0-9a-f-]{36}$/.test(fragment) && { fragment }
    }
  }

  /** The same sign-in, for a browser that has no fragment to keep, or can't. */
  function onward (parameters: URLSearchParams): string {
    return `${basePath}/login?${new URLSearchParams([...parameters, ['fragment', 'none']]).toString()}`
  }

  app.get(`${basePath}/login`, async (request, reply) => {
    const parameters = parametersOf(request)
    const returnTo = wantedPage(parameters)
    if (!isNavigation(request)) throw new Problem('sign_in_required', { members: { login_url: request.originalUrl } })
    if (keepsFragment && !parameters.has('fragment')) return sendPage(reply, pages.signingIn({ returnTo, onward: onward(parameters), requestId: request.id }))
    const found = await sessions.find(request.headers.cookie)
    const chooseAccount = parameters.get('switch_account') === 'true'
    // Whoever asks for another account has left this one, whether or not the sign-in is completed.
    if (chooseAccount && !isFromAnotherSite(request.headers, publicOrigin)) reply.header('set-cookie', await endSession(request, found, parts))
    return await beginLogin(request, reply, parts, found, { returnTo, restarts: 0, errand: errandOf(parameters, found), chooseAccount })
  })
}

/** A script or an image can't sign anybody in: it would only leave a login cookie behind each time. */
function isNavigation (request: FastifyRequest): boolean {
  const mode = request.headers['sec-fetch-mode']
  return mode === undefined || mode === 'navigate'
}
