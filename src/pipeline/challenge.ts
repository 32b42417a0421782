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

const descriptions = {
  invalid_request: 'The request must carry exactly one Authorization header with one token',
  invalid_token: 'The token is malformed, expired, revoked or not meant for this site'
}

/** The challenge that says what was wrong with a token (RFC 6750 section 3), and no more than its sender may know. */
export function bearerChallenge (error: keyof typeof descriptions): Readonly<Record<string, string>> {
  return { 'www-authenticate': `Bearer realm="doorward", error="${error}", error_description="${descriptions[error]}"` }
}
