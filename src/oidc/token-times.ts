import { type LikelyCause } from '../pages/index.ts'
import { ProviderAnswerError } from './advice.ts'
import { LoginProblem } from './login-problem.ts'

/** A time in a token that can't be, by our clock. In seconds since the epoch. */
export interface WrongTime {
  readonly claim: string
  readonly found: number
  readonly now: number
  readonly tolerance: number
  /** What the token says of its own age (`iat`), where it says so. */
  readonly issuedAt?: number | undefined
}

const claimsOfTime: readonly unknown[] = ['exp', 'nbf', 'iat']

export function isWrongTime (wrong: Readonly<Record<string, unknown>>): wrong is WrongTime & Record<string, unknown> {
  return claimsOfTime.includes(wrong['claim']) && [wrong['found'], wrong['now'], wrong['tolerance']].every((value) => typeof value === 'number')
}

/**
 * A token that is refused for its times, told so that a clock that is off is seen at once: with both clocks. A token
 * lives for minutes, and comes straight from the provider: one that has expired, or is yet to begin, was seldom stolen.
 */
export function wrongTime (wrong: WrongTime, cause?: unknown): LoginProblem {
  const { claim, found, now, tolerance } = wrong
  const happened = `The id_token’s ${claim} is ${dateOf(found)}, the clock here says ${dateOf(now)}: more than ${tolerance} s (provider.clockTolerance) apart`
  return new LoginProblem('id_token_invalid', {
    cause: new ProviderAnswerError('clock', happened, cause),
    members: clockMembers(wrong),
    metadata: { claim, found, now, tolerance }
  })
}

/**
 * For the person: one of the clocks is wrong. By how much, `iat` tells, in seconds; the provider's is ahead of ours where
 * that is positive.
 */
function clockMembers ({ issuedAt, now, tolerance }: WrongTime): Record<string, unknown> {
  // A token that says that it is new, and over at once, is wrong in another way.
  if (issuedAt === undefined || Math.abs(issuedAt - now) <= tolerance) return {}
  return { likely_cause: 'clock' satisfies LikelyCause, clock_difference: Math.round(issuedAt - now) }
}

/** A claim may hold any number; not every one is a date. */
function dateOf (seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString()
}
