import { type Challenge } from '../access/index.ts'
import { Problem } from '../errors.ts'
import { loginUrl } from '../own-routes.ts'

/** The request needs a session: a redirect for a person, 401 for a program, or as the rule says. */
export class SignInChallenge extends Problem {
  readonly loginUrl: string
  readonly manner: Challenge

  /**
   * @param target the page wanted, with its query
   * @param basePath where Doorward’s own routes are: a path, or an address where the page is not on the public origin
   */
  constructor (target: string, manner: Challenge, basePath: string) {
    const url = loginUrl(basePath, target)
    super('sign_in_required', { members: { login_url: url } })
    this.loginUrl = url
    this.manner = manner
  }
}
