/**
 * What a rule may demand of a sign-in itself: how somebody authenticated at the provider, and how long ago (RFC 9470).
 * Owns the comparison and its words. It does not own which rule demands what (access/), nor how more is asked for (oidc/).
 */

export interface StepUp {
  /** Any of these (`acr`, OpenID Connect Core section 2), the one that is wanted most first. */
  readonly acr?: readonly string[] | undefined
  /** How long ago somebody may have authenticated, in milliseconds. */
  readonly maxAge?: number | undefined
}

/** How and how long ago somebody authenticated, as far as the provider says. */
export interface Authentication {
  readonly acr?: string | undefined
  /** Milliseconds; absent where it is not known. */
  readonly age?: number | undefined
}

/** @param authTime seconds since the epoch. @param now milliseconds since the epoch. @param tolerance of the clocks, in milliseconds */
export function authenticationOf ({ acr, authTime }: { readonly acr?: string | undefined, readonly authTime?: number | undefined }, now: number, tolerance: number): Authentication {
  if (authTime === undefined) return { acr }
  const age = now - authTime * 1000
  // In the future lies what no clock explains, and what would be recent for ever.
  return age >= -tolerance ? { acr, age: Math.max(0, age - tolerance) } : { acr }
}

/** What of the demand is not met, or `undefined` where all of it is. What is not known does not meet anything. */
export function unmetStepUp ({ acr, maxAge }: StepUp, authentication: Authentication = {}): StepUp | undefined {
  const lacksAcr = acr !== undefined && (authentication.acr === undefined || !acr.includes(authentication.acr))
  const isTooOld = maxAge !== undefined && !((authentication.age ?? Infinity) <= maxAge)
  if (!lacksAcr && !isTooOld) return undefined
  return { ...lacksAcr && { acr }, ...isTooOld && { maxAge } }
}

/** As `max_age` has it: whole seconds. */
export function maxAgeSeconds (maxAge: number): number {
  return Math.floor(maxAge / 1000)
}

/** Completes “This page needs …”: `a sign-in of the kind gold or silver that is not older than 15 minutes`. */
export function stepUpWords ({ acr, maxAge }: StepUp): string {
  const kind = acr === undefined ? '' : ` of the kind ${acr.join(' or ')}`
  const age = maxAge === undefined ? '' : ` that is not older than ${durationWords(maxAge)}`
  return `a sign-in${kind}${age}`
}

const units = [['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000]] as const

function durationWords (milliseconds: number): string {
  const [unit, size] = units.find(([, size]) => milliseconds % size === 0) ?? ['second', 1000]
  const count = milliseconds / size
  return count === 1 ? `1 ${unit}` : `${count} ${unit}s`
}
