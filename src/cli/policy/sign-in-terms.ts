import { type Configuration, providersOf } from '../../config/index.ts'
import { type Refusal } from '../../mapping/index.ts'

/** One setting that decides whether somebody may sign in. */
export interface SignInTerm {
  readonly setting: 'claims.requireEmail' | 'groups.require' | 'groups.allow'
  /** The claim with the e-mail address, or the groups. */
  readonly expects: readonly string[]
  /** Whoever has no e-mail address is not asked for groups any more. */
  readonly outcome: 'met' | 'unmet' | 'not_reached'
  /** What of it is missing. */
  readonly missing?: readonly string[]
}

/** The terms that hold at this provider, in the order in which they are looked at. */
export function termsOf (configuration: Configuration, provider: string, refusal: Refusal | undefined): SignInTerm[] {
  const own = providersOf(configuration).find(({ id }) => id === provider)
  const { claims, groups } = configuration
  const isReached = refusal?.reason !== 'no_email_claim'
  const term = (setting: SignInTerm['setting'], expects: readonly string[], reached: boolean): SignInTerm[] => {
    const missing = refusal?.unmet[setting]
    if (expects.length === 0) return []
    return [{ setting, expects, outcome: missing !== undefined ? 'unmet' : reached ? 'met' : 'not_reached', ...missing && { missing } }]
  }
  return [
    ...term('claims.requireEmail', own?.claims.requireEmail ?? claims.requireEmail ? [own?.claims.email ?? claims.email] : [], true),
    ...term('groups.require', own?.groups.require ?? groups.require, isReached),
    ...term('groups.allow', own?.groups.allow ?? groups.allow, isReached)
  ]
}
