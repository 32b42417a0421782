import { type Claims } from '../mapping/index.ts'
import { audiencesOf, isNumericDate, requireTimes } from './access-token-claims.ts'
import { mediaTypeOf } from './access-token-kind.ts'
import { TokenRejected } from './token-rejected.ts'

/** What a logout token must say to be accepted. */
export interface LogoutTerms {
  readonly issuer: string
  readonly clientId: string
  readonly toleranceSeconds: number
}

/** Not every provider names the type: what else makes it a logout token, it has to have anyway. */
const acceptedTypes: readonly unknown[] = [undefined, 'jwt', 'logout+jwt']

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
const oldestSeconds = 24 * 60 * 60
const maxNameLength = 255

/** Refuses access tokens, assertions and whatever else says by its type that it is no logout token. @throws {TokenRejected} */
export function requireLogoutType (typ: unknown): void {
  const type = mediaTypeOf(typ)
  if (!acceptedTypes.includes(type)) throw new TokenRejected('kind', type)
}

/**
 * Judges the claims of a logout token (OpenID Connect Back-Channel Logout sections 2.4 and 2.6).
 *
 * @param now seconds since the epoch
 * @throws {TokenRejected}
 */
export function requireLogoutClaims (claims: Claims, { issuer, clientId, toleranceSeconds }: LogoutTerms, now: number): void {
  const { iss, aud, iat, jti } = claims
  if (iss !== issuer) throw new TokenRejected('issuer', iss)
  if (audiencesOf(aud)?.includes(clientId) !== true) throw new TokenRejected('audience', aud)
  requireTimes(claims, false, now, toleranceSeconds)
  // One without them could be kept, and sent at any time.
  if (!isNumericDate(iat)) throw new TokenRejected('claims', 'iat')
  if (iat < now - oldestSeconds) throw new TokenRejected('expired', iat)
  if (!isName(jti)) throw new TokenRejected('claims', 'jti')
  requireLogoutEvent(claims)
  requireSubjectOrSession(claims)
}

/** Until when the token would be accepted, in seconds since the epoch. */
export function acceptedUntil ({ iat, exp }: Claims, toleranceSeconds: number): number {
  const times = [Number(exp) + toleranceSeconds, Number(iat) + oldestSeconds]
  return Math.min(...times)
}

/** An id_token has a nonce and no event: one must not do for the other (section 2.4, RFC 8725 section 3.12). */
function requireLogoutEvent (claims: Claims): void {
  if (Object.hasOwn(claims, 'nonce')) throw new TokenRejected('kind', 'nonce')
  const { events } = claims
  if (!isObject(events) || !Object.hasOwn(events, logoutEvent) || !isObject(events[logoutEvent])) throw new TokenRejected('kind', 'events')
}

function requireSubjectOrSession ({ sub, sid }: Claims): void {
  if (sub === undefined && sid === undefined) throw new TokenRejected('claims', 'sub')
  if (sub !== undefined && !isName(sub)) throw new TokenRejected('claims', 'sub')
  if (sid !== undefined && !isName(sid)) throw new TokenRejected('claims', 'sid')
}

/** Bounded, since it is remembered. */
function isName (value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxNameLength
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
