import { type Challenge } from '../access/index.ts'
import { Problem } from '../errors.ts'

/** The request needs a session: a redirect for a person, 401 for a program, or as the rule says. */
export class SignInChallenge extends Problem {
  readonly loginUrl: string
  readonly manner: Challenge

  /** @param target the page wanted, with its query */
  constructor (target: string, manner: Challenge, basePath: string) {
    const loginUrl = `${basePath}/login?${new URLSearchParams({ return_to: target }).toString()}`
    super('sign_in_required', { members: { login_url: loginUrl } })
    this.loginUrl = loginUrl
    this.manner = manner
  }
}
