import { type Identity } from '../mapping/index.ts'
import { type Conditions } from './decision.ts'
import { type Captured } from './placeholders.ts'

/** Whoever is held against the demands of a rule, and what the address says that the demands refer to. */
export interface Asker {
  readonly identity: Identity
  readonly captured: Captured
}

/**
 * Something demanded of somebody. Of most things it is certain whether somebody has them; an address that nobody has
 * verified neither meets a demand nor, under `not`, its opposite: so there are two questions, and both may be denied.
 */
export interface Condition {
  readonly holds: (asker: Asker) => boolean
  /** Whether it certainly does not hold. */
  readonly fails: (asker: Asker) => boolean
  /** What of it is not met. Asked only where it does not hold. */
  readonly unmet: (asker: Asker) => Conditions
}

/** One that is certain. @param unmet what is told where it does not hold */
export function certain (holds: Condition['holds'], unmet: Conditions): Condition {
  return { holds, fails: (asker) => !holds(asker), unmet: () => unmet }
}

/** @param unmet puts together what the parts that do not hold say */
export function every (parts: readonly Condition[], unmet: (parts: readonly Conditions[]) => Conditions): Condition {
  return {
    holds: (asker) => parts.every((part) => part.holds(asker)),
    fails: (asker) => parts.some((part) => part.fails(asker)),
    unmet: (asker) => unmet(parts.filter((part) => !part.holds(asker)).map((part) => part.unmet(asker)))
  }
}

/** @param unmet puts together what the parts say, none of which holds */
export function some (parts: readonly Condition[], unmet: (parts: readonly Conditions[]) => Conditions): Condition {
  return {
    holds: (asker) => parts.some((part) => part.holds(asker)),
    fails: (asker) => parts.every((part) => part.fails(asker)),
    unmet: (asker) => unmet(parts.map((part) => part.unmet(asker)))
  }
}

export function negated ({ holds, fails }: Condition, unmet: Conditions): Condition {
  return { holds: fails, fails: holds, unmet: () => unmet }
}
