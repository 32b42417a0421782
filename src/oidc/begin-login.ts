import { type FastifyReply, type FastifyRequest } from 'fastify'
import { loginUrl } from '../own-routes.ts'
import { type FoundSession } from '../sessions/index.ts'
import { likelyCause } from './likely-cause.ts'
import { LoginProblem } from './login-problem.ts'
import { type Errand } from './logins.ts'
import { type SignInParts } from './parts.ts'
import { recordFailure } from './record-failure.ts'
import { stepUpFor } from './require-step-up.ts'

export interface LoginWish {
  readonly returnTo: string
  readonly restarts: number
  readonly errand: Errand
  /** Ask the provider to let the person choose, where it would otherwise sign the same one in again. */
  readonly chooseAccount: boolean
}

/** Sends the browser to the provider, with a login in progress in a cookie. @throws {LoginProblem} */
export async function beginLogin (request: FastifyRequest, reply: FastifyReply, parts: SignInParts, found: FoundSession, wish: LoginWish): Promise<FastifyReply> {
  const { provider, logins, rounds } = parts
  try {
    if (!wish.chooseAccount && rounds.isCircling(wish.returnTo, found.cookies)) {
      // Whoever tries again after the page gets as many rounds as at first: what was wrong may have been put right.
      reply.header('set-cookie', rounds.forget(found.cookies))
      throw circling(request, parts, wish, found)
    }
    const { secrets, setCookie } = logins.begin(wish.returnTo, wish.restarts, wish.errand, found.cookies)
    const url = await provider.authorizationUrl(secrets, { chooseAccount: wish.chooseAccount, stepUp: stepUpFor(wish.errand, parts), isInsisting: wish.errand.isInsisting })
    reply.header('set-cookie', setCookie)
    return reply.header('cache-control', 'no-store').redirect(url.href, 302)
  } catch (error) {
    if (error instanceof LoginProblem) recordFailure(error, request, parts)
    throw error
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
