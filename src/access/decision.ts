import { type StepUp } from '../step-up.ts'

/** The slice of the configuration that decides who may reach what. Checked and complete: nothing is validated here. */
export interface AccessSettings {
  /** What holds where no rule matches. */
  readonly default: 'authenticated' | 'anonymous' | 'deny'
  /** The first that matches decides. */
  readonly rules: readonly RuleSettings[]
}

/**
 * What a rule is for (path, methods, hosts, addresses), and what it says of that. At most one of `allow`, `deny` and
 * `require`; with none of them a rule demands a sign-in.
 */
export interface RuleSettings {
  /** May hold `{organization}` and `{project}`, each as a whole segment that `require` refers to. */
  readonly path: string
  readonly methods?: readonly string[] | undefined
  /** As request-origin/ names them. */
  readonly hosts?: readonly string[] | undefined
  /** CIDRs, as request-origin/ writes them. */
  readonly clientAddresses?: readonly string[] | undefined
  readonly allow?: 'anonymous' | 'authenticated' | undefined
  readonly deny?: true | undefined
  readonly require?: Requirements | undefined
  readonly unauthenticated: Challenge
  /** Bytes; absent: a body may be as long as the client likes. */
  readonly maxBody?: number | undefined
  /** Whether a program may come with an access token in place of a session. */
  readonly bearer: boolean
}

/** What is demanded of a person, and of the sign-in itself, which `all`, `any` and `not` do not hold. */
export interface Requirements extends Conditions, StepUp {}

/** Every kind given must be met; within a kind any value does. */
export interface Conditions {
  readonly roles?: readonly string[] | undefined
  /** In any case. */
  readonly groups?: readonly string[] | undefined
  readonly organizations?: Memberships | undefined
  readonly projects?: Memberships | undefined
  /** Attribute → that it is set, or the values of which it must hold one. */
  readonly attributes?: Readonly<Record<string, true | readonly string[]>> | undefined
  /** Signed in at one of these. */
  readonly providers?: readonly string[] | undefined
  /** Of an address that the provider has verified; in lower case. */
  readonly emailDomains?: readonly string[] | undefined
  /** Claim (name or JSON pointer) → what it must hold. Every one of them. */
  readonly claims?: Readonly<Record<string, ClaimDemand>> | undefined
  readonly all?: readonly Conditions[] | undefined
  readonly any?: readonly Conditions[] | undefined
  readonly not?: Conditions | undefined
}

/** Member of any; with roles, any of which has to be held there. */
export type Memberships = readonly string[] | Readonly<Record<string, readonly string[]>>

/** One of these texts, or a text that is matched as a whole. */
export type ClaimDemand = readonly string[] | { readonly matches: string }

/** How a request without a session is answered. */
export type Challenge = 'auto' | 'redirect' | '401'

/** The parts of a request that rules look at; `readings` and `hasEncodedDelimiter` come from the canonical path. */
export interface AccessRequest {
  /** Every way in which an upstream may read the path, in policy form. */
  readonly readings: readonly string[]
  readonly method: string
  /** Which of the known hosts is asked for, as request-origin/ names it. */
  readonly host: string
  /** As request-origin/ writes it; empty where it is not known. */
  readonly clientAddress: string
  /** The path holds `%23` or `%3F`, which some upstreams read as the end of the path. */
  readonly hasEncodedDelimiter: boolean
}

/** The rule that decided, as the audit log and the refused page name it. */
export interface RuleName {
  /** Position in `access.rules`, from 0; `default` where no rule matched. */
  readonly index: number | 'default'
  readonly path: string
  readonly methods?: readonly string[]
  readonly hosts?: readonly string[]
  readonly clientAddresses?: readonly string[]
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
