/**
 * The closed list of everything Doorward can answer with when it does not answer with the application.
 *
 * Owns the code, the status (RFC 9110 section 15), and the words that a stranger may read. It does not own how an
 * answer looks (pages/) nor what is written down about it (observability/): the cause of a problem stays in `cause`
 * and leaves the process only through the log.
 */
export interface ProblemText {
  readonly status: number
  /** A few words, the same for every occurrence (RFC 9457 section 3.1.3). */
  readonly title: string
  /** What it means for the reader and what to do next. Never an address, a name of ours, or a claim. */
  readonly detail: string
}

export const problems = {
  target_invalid: { status: 400, title: 'Address not accepted', detail: 'This address can be read in more than one way, so it was not passed on. Check it for double slashes, dots, backslashes or unusual escapes.' },
  return_to_invalid: { status: 400, title: 'Return address not accepted', detail: 'After signing in, people can only be sent to a page of this site. The address given is not one.' },
  provider_unknown: { status: 400, title: 'Sign-in not known', detail: 'The link that led here names an identity provider at which nobody signs in to this site.' },
  request_invalid: { status: 400, title: 'Request not understood', detail: 'The request is not valid HTTP or carries a parameter twice.' },
  logout_token_invalid: { status: 400, title: 'Logout token not accepted', detail: 'The logout token is malformed, expired, used before, or not meant for this site.' },
  login_cookie_missing: { status: 400, title: 'Sign-in could not be completed', detail: 'Your browser did not send back the cookie that belongs to this sign-in.' },
  sign_in_required: { status: 401, title: 'Sign-in required', detail: 'You need to sign in to see this.' },
  step_up_required: { status: 401, title: 'You need to sign in again', detail: 'You are signed in, but this page needs a stronger or more recent sign-in.' },
  token_invalid: { status: 401, title: 'Token not accepted', detail: 'The bearer token is malformed, expired, revoked or not meant for this site.' },
  access_denied: { status: 403, title: 'You don’t have access', detail: 'You are signed in, but this page needs a permission that your account does not have.' },
  acr_not_met: { status: 403, title: 'This sign-in is not enough', detail: 'The identity provider signed you in, but not as strongly or recently as this page demands.' },
  origin_refused: { status: 403, title: 'Connection refused', detail: 'A page of another site tried to open a connection in your name.' },
  peer_untrusted: { status: 403, title: 'Not for the public', detail: 'This address answers the proxy in front of this site, and nobody else.' },
  sign_in_refused: { status: 403, title: 'You can’t sign in here', detail: 'The identity provider knows you, but this site does not admit your account.' },
  provider_refused: { status: 403, title: 'Sign-in was not granted', detail: 'The identity provider ended the sign-in without granting it.' },
  not_found: { status: 404, title: 'Page not found', detail: 'There is nothing at this address.' },
  method_not_allowed: { status: 405, title: 'Method not allowed', detail: 'This address does not accept the method of the request.' },
  request_timeout: { status: 408, title: 'Request took too long', detail: 'The request stopped arriving before it was whole.' },
  form_not_sent: { status: 409, title: 'Your form was not sent', detail: 'What you had filled in could not be kept while you signed in. Nothing of it was sent.' },
  body_too_large: { status: 413, title: 'Request too large', detail: 'The request carries more than this address accepts.' },
  target_too_long: { status: 414, title: 'Address too long', detail: 'The address of the request is longer than this site accepts.' },
  media_type_unsupported: { status: 415, title: 'Media type not accepted', detail: 'The body of the request is not in a form that this address accepts.' },
  host_unknown: { status: 421, title: 'Not the address of this site', detail: 'This site does not answer under the host name in the address. Check it for a typing mistake.' },
  headers_too_large: { status: 431, title: 'Request headers too large', detail: 'The request carries more or larger headers than this site accepts. Deleting the cookies of this site usually helps.' },
  internal: { status: 500, title: 'Something went wrong', detail: 'This is our fault, not yours. Try again; if it stays, tell the administrator the reference below.' },
  session_too_large: { status: 500, title: 'Sign-in could not be completed', detail: 'Your account carries more information than a session can hold. The administrator can reduce the groups that the identity provider sends.' },
  provider_failed: { status: 502, title: 'Sign-in could not be completed', detail: 'The identity provider’s answer could not be accepted. Try again; if it stays, tell the administrator the reference below.' },
  groups_overage_unresolved: { status: 502, title: 'Sign-in could not be completed', detail: 'The identity provider keeps the list of your groups apart, and it could not be read. Without it nobody can tell what you may do here. Tell the administrator the reference below.' },
  upstream_failed: { status: 502, title: 'Application not reachable', detail: 'The application behind this site did not answer properly. Try again in a moment.' },
  session_store_unavailable: { status: 503, title: 'Sign-in can’t be checked', detail: 'Who is signed in can’t be looked up at the moment. Nobody has been signed out: try again in a moment.' },
  sign_in_unavailable: { status: 503, title: 'Sign-in is unavailable', detail: 'The identity provider can’t be reached at the moment. Try again in a moment; whoever is already signed in can go on.' },
  logout_unavailable: { status: 503, title: 'Logout can’t be carried out', detail: 'The logout can’t be checked at the moment, so nobody was signed out by it. Try again in a moment.' },
  token_unverifiable: { status: 503, title: 'Token can’t be checked', detail: 'The bearer token can’t be checked at the moment, because the identity provider does not answer as it should. Try again in a moment.' },
  upstream_timeout: { status: 504, title: 'Application did not answer in time', detail: 'The application behind this site took too long to answer. Try again in a moment.' }
} as const satisfies Record<string, ProblemText>

export type ProblemCode = keyof typeof problems

export interface ProblemOptions {
  /** What really happened: for the log alone. */
  readonly cause?: unknown
  /** Said to the reader in place of the general detail. Must hold nothing that only the log may know. */
  readonly detail?: string
  /** Sent with the answer, such as `retry-after` (RFC 9110 section 10.2.3). */
  readonly headers?: Readonly<Record<string, string>>
  /** Members added to the problem document (RFC 9457 section 3.2). */
  readonly members?: Readonly<Record<string, unknown>>
  /** Whom a refusal is about: told to that person alone, on the page. */
  readonly person?: Person | undefined
}

/** Whom a problem is about; an identity is one. */
export interface Person {
  readonly user: string
  readonly email?: string | undefined
  /** The id of the provider in the configuration. */
  readonly provider: string
  readonly roles: readonly string[]
  readonly groups: readonly string[]
}

/** Thrown by any part to end a request; told apart by `code`, never by message. */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly headers: Readonly<Record<string, string>>
  readonly members: Readonly<Record<string, unknown>>
  readonly person: Person | undefined

  constructor (code: ProblemCode, options: ProblemOptions = {}) {
    const text = problems[code]
    super(text.title, { cause: options.cause })
    this.name = 'Problem'
    this.code = code
    this.status = text.status
    this.title = text.title
    this.detail = options.detail ?? text.detail
    this.headers = options.headers ?? {}
    this.members = options.members ?? {}
    this.person = options.person
  }
}
