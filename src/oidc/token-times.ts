import { ProviderAnswerError } from './advice.ts'
import { LoginProblem } from './login-problem.ts'

/** A time in a token that can't be, by our clock. In seconds since the epoch. */
export interface WrongTime {
  readonly claim: string
  readonly found: number
  readonly now: number
  readonly tolerance: number
}

const claimsOfTime: readonly unknown[] = ['exp', 'nbf', 'iat']

export function isWrongTime (wrong: Readonly<Record<string, unknown>>): wrong is WrongTime & Record<string, unknown> {
  return claimsOfTime.includes(wrong['claim']) && [wrong['found'], wrong['now'], wrong['tolerance']].every((value) => typeof value === 'number')
}

/**
 * A token that is refused for its times, told so that a clock that is off is seen at once: with both clocks. A token
 * lives for minutes, and comes straight from the provider: one that has expired, or is yet to begin, was seldom stolen.
 */
export function wrongTime ({ claim, found, now, tolerance }: WrongTime, cause?: unknown): LoginProblem {
  const happened = `The id_token’s ${claim} is ${dateOf(found)}, the clock here says ${dateOf(now)}: more than ${tolerance} s (provider.clockTolerance) apart`
  return new LoginProblem('id_token_invalid', {
    cause: new ProviderAnswerError('clock', happened, cause),
    metadata: { claim, found, now, tolerance }
  })
}

/** A claim may hold any number; not every one is a date. */
function dateOf (seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString()
}
