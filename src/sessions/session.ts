import { randomBytes } from 'node:crypto'
import { type Claims, type Identity } from '../mapping/index.ts'

/** One person signed in with one browser. Times are milliseconds since the epoch. */
export interface Session {
  /** 128 random bits, new at every sign-in. */
  readonly id: string
  readonly identity: Identity
  /** When the person last authenticated at the provider (`auth_time`, OpenID Connect Core section 2). */
  readonly authTime?: number | undefined
  readonly acr?: string | undefined
  readonly amr?: readonly string[] | undefined
  /** The provider's own id of this session (`sid`, OpenID Connect Back-Channel Logout section 2.1). */
  readonly providerSessionId?: string | undefined
  /** Every claim that the provider sent; kept only where the application receives them. */
  readonly allClaims?: Claims | undefined
  /** Kept only where something needs them. */
  readonly tokens?: Tokens | undefined
  /** By the clock that revocations go by, which may be another than that of the other times. */
  readonly createdAt: number
  readonly expiresAt: number
  readonly idleExpiresAt: number
}

/** What the provider gave for this sign-in, as far as something needs it. A secret: it is never logged, audited or shown. */
export interface Tokens {
  readonly accessToken?: string | undefined
  /** Seconds since the epoch; absent where the provider does not say. */
  readonly accessTokenExpiresAt?: number | undefined
  /** Gets new tokens (RFC 6749 section 6). */
  readonly refreshToken?: string | undefined
  /** Tells the provider whose sign-in ends there (`id_token_hint`, OpenID Connect RP-Initiated Logout section 2). */
  readonly idToken?: string | undefined
}

export interface Lifetimes {
  readonly idleMilliseconds: number
  readonly maxMilliseconds: number
}

/** What a sign-in hands over; the session adds its id and its times. */
export type SignedIn = Pick<Session, 'identity' | 'authTime' | 'acr' | 'amr' | 'providerSessionId' | 'allClaims' | 'tokens'>

export type SessionEnd = 'idle_timeout' | 'max_lifetime'

export function newSession (signedIn: SignedIn, now: number, lifetimes: Lifetimes): Session {
  const expiresAt = now + lifetimes.maxMilliseconds
  return {
    ...signedIn,
    id: randomBytes(16).toString('base64url'),
    createdAt: now,
    expiresAt,
    idleExpiresAt: Math.min(now + lifetimes.idleMilliseconds, expiresAt)
  }
}

/** Why the session is over, or `undefined` while it lives. */
export function sessionEnd (session: Pick<Session, 'expiresAt' | 'idleExpiresAt'>, now: number): SessionEnd | undefined {
  if (now >= session.expiresAt) return 'max_lifetime'
  if (now >= session.idleExpiresAt) return 'idle_timeout'
  return undefined
}

/** Every use moves the idle expiry, but writing it back costs: once per tenth of the idle time is exact enough. */
export function isTouchDue (session: Session, now: number, lifetimes: Lifetimes): boolean {
  const wanted = Math.min(now + lifetimes.idleMilliseconds, session.expiresAt)
  return wanted - session.idleExpiresAt >= lifetimes.idleMilliseconds / 10
}

export function touchedSession (session: Session, now: number, lifetimes: Lifetimes): Session {
  return { ...session, idleExpiresAt: Math.min(now + lifetimes.idleMilliseconds, session.expiresAt) }
}
