import { type StepUp } from '../step-up.ts'

/** The slice of the configuration that decides who may reach what. Checked and complete: nothing is validated here. */
export interface AccessSettings {
  /** What holds where no rule matches. */
  readonly default: 'authenticated' | 'anonymous' | 'deny'
  /** The first that matches decides. */
  readonly rules: readonly RuleSettings[]
}

/** At most one of `allow`, `deny` and `require`; with none of them a rule demands a sign-in. */
export interface RuleSettings {
  readonly path: string
  readonly methods?: readonly string[] | undefined
  readonly allow?: 'anonymous' | 'authenticated' | undefined
  readonly deny?: true | undefined
  readonly require?: Requirements | undefined
  readonly unauthenticated: Challenge
  /** Bytes; absent: a body may be as long as the client likes. */
  readonly maxBody?: number | undefined
  /** Whether a program may come with an access token in place of a session. */
  readonly bearer: boolean
}

/** Every kind given must be met; within a kind any value does. */
export interface Requirements extends StepUp {
  readonly roles?: readonly string[] | undefined
  readonly groups?: readonly string[] | undefined
  readonly organizations?: readonly string[] | undefined
  /** Signed in at one of these. */
  readonly providers?: readonly string[] | undefined
  /** Claim (name or JSON pointer) → the values of which it must hold one. */
  readonly claims?: Readonly<Record<string, readonly string[]>> | undefined
}

/** How a request without a session is answered. */
export type Challenge = 'auto' | 'redirect' | '401'

/** The parts of a request that rules look at; `readings` and `hasEncodedDelimiter` come from the canonical path. */
export interface AccessRequest {
  /** Every way in which an upstream may read the path, in policy form. */
  readonly readings: readonly string[]
  readonly method: string
  /** The path holds `%23` or `%3F`, which some upstreams read as the end of the path. */
  readonly hasEncodedDelimiter: boolean
}

/** The rule that decided, as the audit log and the refused page name it. */
export interface RuleName {
  /** Position in `access.rules`, from 0; `default` where no rule matched. */
  readonly index: number | 'default'
  readonly path: string
  readonly methods?: readonly string[]
}

export type Decision =
  | { readonly outcome: 'allow', readonly anonymous: boolean, readonly rule: RuleName, readonly maxBodyBytes?: number }
  /** With what is demanded of the sign-in, so that nobody has to sign in twice. */
  | { readonly outcome: 'sign_in', readonly unauthenticated: Challenge, readonly rule: RuleName, readonly stepUp?: StepUp }
  /** Signed in and permitted, but not as strongly or recently as the rule demands. */
  | { readonly outcome: 'step_up', readonly unauthenticated: Challenge, readonly rule: RuleName, readonly stepUp: StepUp }
  /** `missing` says to the person what `unmet` says to a program; both hold only what is not met. */
  | { readonly outcome: 'deny', readonly rule: RuleName, readonly missing: string, readonly unmet: Requirements }
  /** Open to everybody as one upstream reads the path, perhaps not as another does: to be answered with 400. */
  | { readonly outcome: 'ambiguous', readonly rule: RuleName }
