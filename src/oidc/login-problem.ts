import { type AuditUser, type LoginFailure } from '../observability/index.ts'
import { Problem, type ProblemCode, type ProblemOptions } from '../errors.ts'

/** What the person sees for each reason that the audit trail names. */
const codes: Record<LoginFailure, ProblemCode> = {
  setup_error: 'sign_in_unavailable',
  token_exchange_failed: 'provider_failed',
  no_userinfo: 'provider_failed',
  userinfo_invalid: 'provider_failed',
  id_token_invalid: 'provider_failed',
  nonce_mismatch: 'provider_failed',
  issuer_mismatch: 'provider_failed',
  idp_error: 'provider_refused',
  state_invalid: 'login_cookie_missing',
  no_email_claim: 'sign_in_refused',
  required_group_missing: 'sign_in_refused',
  groups_overage_unresolved: 'groups_overage_unresolved',
  acr_not_met: 'acr_not_met',
  session_too_large: 'session_too_large',
  session_store_unavailable: 'session_store_unavailable'
}

export interface LoginProblemOptions extends ProblemOptions {
  /** In place of the code that belongs to the reason. */
  readonly code?: ProblemCode
  /** For the audit trail, beside the reason. */
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Whom it is about, as far as known before anything was decided. */
  readonly subject?: AuditUser
}

/** A sign-in that fails since sessions can't be kept or read is a failed sign-in; everything else stays what it is. */
export function asLoginProblem (error: unknown): unknown {
  if (!(error instanceof Problem) || error instanceof LoginProblem || error.code !== 'session_store_unavailable') return error
  return new LoginProblem(error.code, { cause: error.cause, headers: error.headers })
}

/** A sign-in that ended without a session, with the reason for the audit trail. */
export class LoginProblem extends Problem {
  readonly reason: LoginFailure
  readonly metadata: Readonly<Record<string, unknown>>
  readonly subject: AuditUser
  readonly #options: LoginProblemOptions

  constructor (reason: LoginFailure, options: LoginProblemOptions = {}) {
    super(options.code ?? codes[reason], options)
    this.reason = reason
    this.metadata = options.metadata ?? {}
    this.subject = options.subject ?? {}
    this.#options = options
  }

  /** The same problem, about somebody. */
  about (subject: AuditUser): LoginProblem {
    return new LoginProblem(this.reason, { ...this.#options, subject })
  }

  /** The same problem with members that only its catcher knows; its own stay as they are. */
  withMembers (members: Readonly<Record<string, unknown>>): LoginProblem {
    return new LoginProblem(this.reason, { ...this.#options, members: { ...members, ...this.members } })
  }
}
