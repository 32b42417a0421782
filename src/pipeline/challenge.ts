import { type Challenge } from '../access/index.ts'
import { Problem, type ProblemOptions } from '../errors.ts'
import { type LoginErrand, loginUrl } from '../own-routes.ts'
import { maxAgeSeconds, type StepUp, stepUpWords } from '../step-up.ts'

/** What a sign-in is wanted for, and in which manner: a redirect for a person, 401 for a program, or as the rule says. */
export interface SignInWish {
  /** The page wanted, with its query. */
  readonly target: string
  readonly manner: Challenge
  /** Where Doorward’s own routes are: a path, or an address where the page is not on the public origin. */
  readonly basePath: string
  readonly errand?: LoginErrand
  /** Somebody is signed in, but not as the rule demands. */
  readonly stepUp?: StepUp
}

/** The request needs a session, or a better one. */
export class SignInChallenge extends Problem {
  readonly loginUrl: string
  readonly manner: Challenge
  readonly #wish: SignInWish

  constructor (wish: SignInWish) {
    const url = loginUrl(wish.basePath, wish.target, wish.errand)
    super(wish.stepUp === undefined ? 'sign_in_required' : 'step_up_required', problemOf(wish.stepUp, url))
    this.loginUrl = url
    this.manner = wish.manner
    this.#wish = wish
  }

  /** The same, with a form that waits for the sign-in. */
  withForm (form: string): SignInChallenge {
    return this.with({ errand: { ...this.#wish.errand, form } })
  }

  /** The same challenge, as it is for somebody elsewhere. */
  with (change: Partial<SignInWish>): SignInChallenge {
    return new SignInChallenge({ ...this.#wish, ...change })
  }
}

function problemOf (stepUp: StepUp | undefined, url: string): ProblemOptions {
  if (stepUp === undefined) return { members: { login_url: url } }
  const { acr, maxAge } = stepUp
  return {
    detail: `This page needs ${stepUpWords(stepUp)}.`,
    members: { login_url: url, acr_values: acr, max_age: maxAge && maxAgeSeconds(maxAge) },
    headers: stepUpChallenge(stepUp)
  }
}

/** RFC 9470 section 3: what the next token, or the next sign-in, has to show. The configuration admits nothing that would break the quotes. */
function stepUpChallenge ({ acr, maxAge }: StepUp): Readonly<Record<string, string>> {
  const demands = [
    ...acr === undefined ? [] : [`acr_values="${acr.join(' ')}"`],
    ...maxAge === undefined ? [] : [`max_age="${maxAgeSeconds(maxAge)}"`]
  ]
  return { 'www-authenticate': ['Bearer realm="doorward"', 'error="insufficient_user_authentication"', 'error_description="A stronger or more recent sign-in is needed"', ...demands].join(', ') }
}

const descriptions = {
  invalid_request: 'The request must carry exactly one Authorization header with one token',
  invalid_token: 'The token is malformed, expired, revoked or not meant for this site'
}

/** The challenge that says what was wrong with a token (RFC 6750 section 3), and no more than its sender may know. */
export function bearerChallenge (error: keyof typeof descriptions): Readonly<Record<string, string>> {
  return { 'www-authenticate': `Bearer realm="doorward", error="${error}", error_description="${descriptions[error]}"` }
}
