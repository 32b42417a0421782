/**
 * Sessions: who is signed in with this browser, since when, and for how long.
 *
 * Owns the cookies, the seals, the stores, the lifetimes and the revocations. It does not own how a session comes to be
 * (oidc/) nor what it is good for (pipeline/, access/).
 */
import { Problem } from '../errors.ts'
import { type Cookies, type RequestCookies } from './cookies.ts'
import { fittingSession } from './fitting-session.ts'
import { createFreshness, type Freshness } from './freshness.ts'
import { type FoundSession } from './found-session.ts'
import { type NamedRevocation, type NamedSessions } from './named-sessions.ts'
import { type NewestSessions } from './newest-sessions.ts'
import { type Revocation, type Revocations } from './revocations.ts'
import { isRefreshDue, isTouchDue, type Lifetimes, newSession, type Session, type SessionEnd, sessionEnd, type SignedIn, touchedSession } from './session.ts'
import { leaseSession, type SessionLease } from './session-lease.ts'
import { type SessionMemory } from './session-memory.ts'
import { type SessionStore } from './store.ts'

export { createBoundedShelf } from './bounded-shelf.ts'
export { type Cookies, createCookies, type RequestCookies } from './cookies.ts'
export { createFormCookie, type FormCookie, formLifetimeMilliseconds } from './form-cookie.ts'
export { type FoundSession } from './found-session.ts'
export { type Leases } from './leases.ts'
export { recordExpiry } from './record-expiry.ts'
export { createRedis, type Redis } from './redis.ts'
export { type Revocation } from './revocations.ts'
export { type Shelf } from './shelf.ts'
export { createExchangeableSeals, type ExchangeableSeals } from './exchangeable-seals.ts'
export { createSeals, type Seal } from './sealing.ts'
export { generationOf, isRefreshDue, type Lifetimes, type Refreshed, type Session, type SignedIn, type Tokens } from './session.ts'
export { createStorage, type Storage, type StorageParts, type StorageSettings } from './storage.ts'
export { revokedWithProvider } from './trusted-providers.ts'

export interface SessionParts {
  readonly cookies: Cookies
  readonly store: SessionStore
  readonly revocations: Revocations
  readonly named: NamedSessions
  readonly newest: NewestSessions
  readonly memory: SessionMemory
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface Sessions extends Freshness {
  /** @throws {Problem} `session_store_unavailable` where nobody could be signed in or out now */
  requireAvailable (): void
  /** The living session of a Cookie header. On the hot path: at most one look into a bounded cache. @throws {Problem} as above, or rejects */
  find (cookieHeader: string | undefined): FoundSession | Promise<FoundSession>
  /** The cookies alone, where another credential says who asks. */
  ignore (cookieHeader: string | undefined): FoundSession
  /** Now, by the clock that the end of sessions goes by. @throws {Problem} where that can't be had */
  time (): Promise<number>
  /**
   * Starts a session with a new id; the one the browser had is over. `undefined`: it does not fit into cookies.
   *
   * @param since the `time` before the provider was asked who this is: whoever is signed out there meanwhile is out
   */
  start (signedIn: SignedIn, found: FoundSession, since: number): Promise<{ session: Session, setCookie: string[] } | undefined>
  /** Set-Cookie lines that move the idle expiry or bring a newer state, or `undefined` while neither is due. */
  touch (found: FoundSession): string[] | undefined | Promise<string[] | undefined>
  /** For a connection that stays open after its request: says when the session has ended, and counts what is done there. */
  lease (found: FoundSession & { readonly session: Session }): SessionLease
  /** Ends a session before its time. Resolves to the Set-Cookie lines that remove it from the browser. */
  end (found: FoundSession): Promise<string[]>
  /** Ends sessions that somebody else than their browser asks to end, wherever they are. */
  revoke (revocation: Revocation): Promise<void>
  /** The same, as somebody asks who proves nothing. @returns whether a session of that name began here and was not ended so before */
  revokeNamed (revocation: NamedRevocation): Promise<boolean>
}

/** Longer than this nobody is let in on the word of a memory that may be out of date. */
const mostStaleMilliseconds = 2_000
/** Connections that are open stay so a little longer, or every failover would cut them all. */
const mostStaleOpenMilliseconds = 60_000

export function createSessions (lifetimes: Lifetimes, { cookies, store, revocations, named, newest, memory, now }: SessionParts): Sessions {
  const { told, leased } = memory
  const hasEnded = (session: Session): boolean => endOf(session) !== undefined
  const freshness = createFreshness(lifetimes, { cookies, store, newest, hasEnded, now })
  const leaseParts = { store, lifetimes, leased, hasEnded, now }

  function endOf (session: Session): SessionEnd | 'revoked' | undefined {
    if (revocations.isRevoked(session) || named.isEnded(session)) return 'revoked'
    const idleExpiresAt = Math.max(session.idleExpiresAt, leased.get(session.id) ?? 0)
    return sessionEnd({ expiresAt: session.expiresAt, startedAt: session.startedAt, idleExpiresAt }, now(), lifetimes)
  }

  function judge (cookiesSent: RequestCookies, session: Session | undefined): FoundSession | Promise<FoundSession> {
    if (session === undefined) return { cookies: cookiesSent, session }
    const reason = endOf(session)
    if (reason === undefined) {
      requireAvailable()
      const found = { cookies: cookiesSent, session, kept: session }
      return isRefreshDue(session, now()) ? freshness.upToDate(found, session) : found
    }
    // Told once: browsers go on sending the cookie, and anybody may.
    const isNews = reason !== 'revoked' && !told.has(session.id)
    told.set(session.id, true)
    return { cookies: cookiesSent, session: undefined, past: session, ...isNews && { ended: { session, reason } } }
  }

  /** Fails while it can't be known whether somebody else has ended a session. */
  function requireAvailable (): void {
    const stale = revocations.staleMilliseconds()
    if (stale > mostStaleMilliseconds) throw new Problem('session_store_unavailable', { cause: new Error('nothing was heard of revocations for too long'), headers: { 'retry-after': '2' } })
  }

  /** Moves the idle expiry where the session is kept. Not worth a refusal: the next request comes by here, too. */
  function renew ({ kept, cookies: { ticket } }: FoundSession, touched: Session): string | undefined | Promise<string | undefined> {
    if (kept === undefined || ticket === undefined) return undefined
    const renewed = store.replace(ticket, kept, touched)
    return renewed instanceof Promise ? renewed.catch(unlessUnavailable) : renewed
  }

  /** Dead by its revocation, wherever a copy of it is; that its record goes too only saves room. */
  async function endKept ({ session, cookies: { ticket } }: FoundSession): Promise<void> {
    if (session === undefined) return
    await revocations.revoke({ by: 'id', value: session.id })
    if (ticket !== undefined) await Promise.resolve(store.remove(ticket)).catch(unlessUnavailable)
  }

  function linesFor (ticket: string | undefined, earlier: RequestCookies): string[] | undefined {
    return ticket === undefined || ticket === earlier.ticket ? undefined : cookies.writeTicket(ticket, earlier)
  }

  return {
    ...freshness,
    requireAvailable,
    find (cookieHeader) {
      const sent = cookies.read(cookieHeader)
      if (sent.ticket === undefined) return { cookies: sent, session: undefined }
      const loaded = store.load(sent.ticket)
      return loaded instanceof Promise ? loaded.then((session) => judge(sent, session)) : judge(sent, loaded)
    },
    ignore: (cookieHeader) => ({ cookies: cookies.read(cookieHeader), session: undefined }),
    time: async () => await revocations.time(),
    async start (signedIn, found, since) {
      const session = { ...newSession(signedIn, now(), lifetimes), createdAt: since }
      await named.note(session)
      const started = await fittingSession(session, found.cookies, { cookies, store })
      if (started !== undefined) await endKept(found)
      return started
    },
    touch (found) {
      const { session, isNewer = false, cookies: earlier } = found
      if (session === undefined || !(isNewer || isTouchDue(session, now(), lifetimes))) return undefined
      const touched = touchedSession(session, now(), lifetimes)
      if (leased.has(session.id)) leased.set(session.id, touched.idleExpiresAt)
      const ticket = renew(found, touched)
      return ticket instanceof Promise ? ticket.then((text) => linesFor(text, earlier)) : linesFor(ticket, earlier)
    },
    lease (found) {
      const { isOver, use } = leaseSession(found, leaseParts)
      return { use, isOver: () => revocations.staleMilliseconds() > mostStaleOpenMilliseconds || isOver() }
    },
    async end (found) {
      await endKept(found)
      return cookies.clearTicket(found.cookies)
    },
    async revoke (revocation) { await revocations.revoke(revocation) },
    revokeNamed: (revocation) => named.end(revocation)
  }
}

function unlessUnavailable (error: unknown): undefined {
  if (error instanceof Problem && error.code === 'session_store_unavailable') return
  throw error
}
