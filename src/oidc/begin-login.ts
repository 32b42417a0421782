import { type FastifyReply, type FastifyRequest } from 'fastify'
import { loginUrl } from '../own-routes.ts'
import { type FoundSession } from '../sessions/index.ts'
import { likelyCause } from './likely-cause.ts'
import { LoginProblem } from './login-problem.ts'
import { type Errand } from './logins.ts'
import { type SignInParts } from './parts.ts'
import { type Provider } from './provider.ts'
import { recordFailure } from './record-failure.ts'
import { stepUpFor } from './require-step-up.ts'

export interface LoginWish {
  readonly returnTo: string
  readonly restarts: number
  readonly errand: Errand
  /** Ask the provider to let the person choose, where it would otherwise sign the same one in again. */
  readonly chooseAccount: boolean
  readonly provider: Provider
  /** Who is going to sign in, as far as known. */
  readonly loginHint?: string | undefined
}

/** Sends the browser to the provider, with a login in progress in a cookie. @throws {LoginProblem} */
export async function beginLogin (request: FastifyRequest, reply: FastifyReply, parts: SignInParts, found: FoundSession, wish: LoginWish): Promise<FastifyReply> {
  const { logins, rounds } = parts
  const { provider, errand } = wish
  try {
    if (!wish.chooseAccount && rounds.isCircling(wish.returnTo, found.cookies)) {
      // Whoever tries again after the page gets as many rounds as at first: what was wrong may have been put right.
      reply.header('set-cookie', rounds.forget(found.cookies))
      throw circling(request, parts, wish, found)
    }
    const { secrets, setCookie } = logins.begin({ ...wish, provider: provider.id, isPostedTo: provider.isPostedTo, replaces: found.session?.id }, found.cookies)
    const url = await provider.authorizationUrl(secrets, { ...wish, stepUp: stepUpFor(errand, parts), isInsisting: errand.isInsisting })
    reply.header('set-cookie', setCookie)
    return reply.header('cache-control', 'no-store').redirect(url.href, request.method === 'GET' ? 302 : 303)
  } catch (error) {
    if (!(error instanceof LoginProblem)) throw error
    recordFailure(error, request, parts, { provider: provider.id })
    // Of several providers, another one may be there.
    throw parts.providers.only === undefined ? error.withMembers({ login_url: loginUrl(parts.basePath, wish.returnTo, errand) }) : error
  }
}

function circling ({ origin: { proto } }: FastifyRequest, { rounds, basePath, publicOrigin }: SignInParts, { returnTo, errand }: LoginWish, found: FoundSession): LoginProblem {
  const cause = likelyCause({ found, proto, publicOrigin, isCircling: true })
  return new LoginProblem('state_invalid', {
    detail: 'You were signed in several times in a row, but your browser did not come back with the session, or the application did not accept it.',
    members: { likely_cause: cause, cookie: found.cookies.ticket === undefined ? rounds.cookieName : undefined, login_url: loginUrl(basePath, returnTo, errand) },
    metadata: { isCircling: true, cause }
  })
}
