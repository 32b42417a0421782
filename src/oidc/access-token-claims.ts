import { type Claims } from '../mapping/index.ts'
import { TokenRejected } from './token-rejected.ts'

/** What an access token must say to be accepted. */
export interface TokenTerms {
  readonly issuer: string
  /** One of them must be among the token's. */
  readonly audiences: readonly string[]
  readonly toleranceSeconds: number
  /** Claims that may be absent; one that is there is checked all the same. */
  readonly mayLack: ReadonlyArray<'iss' | 'aud' | 'exp'>
}

/** The end of the year 9999. Beyond it lies what overflowed, or was meant never to expire. */
const lastSecond = 253_402_300_799

/**
 * Judges who issued a token, for whom, and when (RFC 9068 section 4, RFC 8725 sections 3.8 and 3.9).
 *
 * @param nowSeconds since the epoch
 * @throws {TokenRejected}
 */
export function requireClaims (claims: Claims, terms: TokenTerms, nowSeconds: number): void {
  const { iss, aud, sub, cnf } = claims
  const isOptional = (claim: 'iss' | 'aud' | 'exp') => claims[claim] === undefined && terms.mayLack.includes(claim)
  if (iss !== terms.issuer && !isOptional('iss')) throw new TokenRejected('issuer', iss)
  if (!isOptional('aud')) requireAudience(aud, terms.audiences)
  requireTimes(claims, isOptional('exp'), nowSeconds, terms.toleranceSeconds)
  // Bound to a key (RFC 9449, RFC 8705): whoever sends it has not shown here that the key is theirs.
  if (cnf !== undefined) throw new TokenRejected('sender_constrained')
  // Without a subject everybody would be the same person.
  if (typeof sub !== 'string' || sub === '') throw new TokenRejected('claims', 'sub')
}

/** The audiences of a token; `undefined` for what is neither a text nor a list of them. */
export function audiencesOf (aud: unknown): readonly string[] | undefined {
  const audiences: unknown[] = Array.isArray(aud) ? aud : [aud]
  return audiences.every((audience) => typeof audience === 'string') ? audiences : undefined
}

function requireAudience (aud: unknown, accepted: readonly string[]): void {
  const audiences = audiencesOf(aud)
  if (audiences?.some((audience) => accepted.includes(audience)) !== true) throw new TokenRejected('audience', aud)
}

/** Judges `exp`, and `nbf` and `iat` where they are there. @param now seconds since the epoch @throws {TokenRejected} */
export function requireTimes ({ exp, nbf, iat }: Claims, mayLackExp: boolean, now: number, tolerance: number): void {
  const times = { ...!mayLackExp && { exp }, ...nbf !== undefined && { nbf }, ...iat !== undefined && { iat } }
  const odd = Object.entries(times).find(([, time]) => !isNumericDate(time))
  if (odd !== undefined) throw new TokenRejected('claims', odd[0])
  if (isNumericDate(exp) && exp <= now - tolerance) throw new TokenRejected('expired', exp)
  const since = [nbf, iat].filter(isNumericDate)
  if (since.some((time) => time > now + tolerance)) throw new TokenRejected('not_yet_valid', Math.max(...since))
}

/** Seconds since the epoch, fractions allowed (RFC 7519 section 2). */
export function isNumericDate (value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= lastSecond
}
