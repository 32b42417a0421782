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
  /** By the clock of the other times; absent in what an earlier version kept. */
  readonly startedAt?: number | undefined
  readonly expiresAt: number
  readonly idleExpiresAt: number
  /** When the tokens are due for a refresh; absent where they can't be refreshed. */
  readonly refreshAt?: number | undefined
  /** How often they have been: of two states of one session, the higher is the newer. */
  readonly generation?: number | undefined
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
  /** What a refreshed id_token has to repeat; kept beside a refresh token. */
  readonly signedFor?: SignedFor | undefined
}

/** Of the id_token of the sign-in (OpenID Connect Core section 12.2). */
export interface SignedFor {
  readonly issuer: string
  readonly audience: string | readonly string[]
  readonly nonce?: string | undefined
  /** Whether userinfo alone says everything of the person: then it may speak without an id_token, too. */
  readonly isAllInUserinfo: boolean
}

export interface Lifetimes {
  readonly idleMilliseconds: number
  readonly maxMilliseconds: number
  readonly refreshBeforeMilliseconds: number
}

/** What a sign-in hands over; the session adds its id and its times. */
export type SignedIn = Pick<Session, 'identity' | 'authTime' | 'acr' | 'amr' | 'providerSessionId' | 'allClaims' | 'tokens'>

/** What a refresh brings: tokens and, where the provider spoke of the person, who that is now. */
export type Refreshed = Required<Pick<Session, 'tokens'>> & Partial<Pick<Session, 'identity' | 'acr' | 'amr' | 'allClaims'>>

export type SessionEnd = 'idle_timeout' | 'max_lifetime'

export function newSession (signedIn: SignedIn, now: number, lifetimes: Lifetimes): Session {
  const expiresAt = now + lifetimes.maxMilliseconds
  return {
    ...signedIn,
    id: randomBytes(16).toString('base64url'),
    createdAt: now,
    startedAt: now,
    expiresAt,
    idleExpiresAt: Math.min(now + lifetimes.idleMilliseconds, expiresAt),
    ...refreshTime(signedIn.tokens, now, lifetimes)
  }
}

/** The same session, knowing better. Its id and its lifetimes stay: what has been revoked stays revoked. */
export function refreshedSession ({ refreshAt: _, ...session }: Session, refreshed: Refreshed, now: number, lifetimes: Lifetimes): Session {
  return { ...session, ...refreshed, generation: generationOf(session) + 1, ...refreshTime(refreshed.tokens, now, lifetimes) }
}

export function generationOf ({ generation = 0 }: Pick<Session, 'generation'>): number {
  return generation
}

/** Without the id_token that a sign-out hints at. */
export function withoutHint ({ tokens = {}, ...session }: Session): Session {
  const { idToken: _, ...rest } = tokens
  return { ...session, tokens: rest }
}

/** Without what only a refresh needs: it can't be refreshed any more, and is smaller. */
export function withoutRefresh ({ refreshAt: _, tokens = {}, ...session }: Session): Session {
  const { refreshToken: _refreshToken, signedFor: _signedFor, ...rest } = tokens
  return { ...session, tokens: rest }
}

/** Tokens that live hardly longer than `refreshBefore` would otherwise be refreshed by every request. */
const shortestMilliseconds = 30_000

function refreshTime ({ refreshToken, accessTokenExpiresAt }: Tokens = {}, now: number, { refreshBeforeMilliseconds }: Lifetimes): Pick<Session, 'refreshAt'> {
  if (refreshToken === undefined || accessTokenExpiresAt === undefined) return {}
  const lifetime = Math.max(0, accessTokenExpiresAt * 1000 - now)
  return { refreshAt: now + Math.max(lifetime - refreshBeforeMilliseconds, Math.min(lifetime / 2, shortestMilliseconds)) }
}

/** On the hot path: two numbers are compared. */
export function isRefreshDue ({ refreshAt = Infinity }: Session, now: number): boolean {
  return now >= refreshAt
}

/**
 * Why the session is over, or `undefined` while it lives. One that was given a longer life than the configuration now
 * gives ends with the others: what was revoked is remembered for that long and no longer.
 */
export function sessionEnd ({ expiresAt, idleExpiresAt, startedAt = Infinity }: Pick<Session, 'expiresAt' | 'idleExpiresAt' | 'startedAt'>, now: number, { maxMilliseconds }: Pick<Lifetimes, 'maxMilliseconds'>): SessionEnd | undefined {
  if (now >= Math.min(expiresAt, startedAt + maxMilliseconds)) return 'max_lifetime'
  if (now >= idleExpiresAt) return 'idle_timeout'
  return undefined
}

/** Every use moves the idle expiry, but writing it back costs: once per tenth of the idle time is exact enough. */
export function isTouchDue (session: Session, now: number, lifetimes: Lifetimes): boolean {
  const wanted = Math.min(now + lifetimes.idleMilliseconds, session.expiresAt)
  // Another configuration may have made it shorter.
  return Math.abs(wanted - session.idleExpiresAt) >= lifetimes.idleMilliseconds / 10
}

export function touchedSession (session: Session, now: number, lifetimes: Lifetimes): Session {
  return { ...session, idleExpiresAt: Math.min(now + lifetimes.idleMilliseconds, session.expiresAt) }
}
