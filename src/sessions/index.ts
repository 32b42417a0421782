/**
 * Sessions: who is signed in with this browser, since when, and for how long.
 *
 * Owns the cookies, the seals, the stores, the lifetimes and the revocations. It does not own how a session comes to be
 * (oidc/) nor what it is good for (pipeline/, access/).
 */
import { LRUCache } from 'lru-cache'
import { type Cookies, type RequestCookies } from './cookies.ts'
import { type NewestSessions } from './newest-sessions.ts'
import { type Revocation, type Revocations } from './revocations.ts'
import { isRefreshDue, isTouchDue, type Lifetimes, newSession, type Refreshed, refreshedSession, type Session, type SessionEnd, sessionEnd, type SignedIn, touchedSession, withoutRefresh } from './session.ts'
import { type SessionStore } from './store.ts'

export { type Cookies, createCookies, type RequestCookies } from './cookies.ts'
export { createCookieStore } from './cookie-store.ts'
export { createLeases, type Leases } from './leases.ts'
export { createNewestSessions } from './newest-sessions.ts'
export { createRevocations, type Revocation } from './revocations.ts'
export { createSeals, type Seal } from './sealing.ts'
export { generationOf, isRefreshDue, type Refreshed, type Session, type SignedFor, type SignedIn, type Tokens } from './session.ts'

export interface SessionParts {
  readonly cookies: Cookies
  readonly store: SessionStore
  readonly revocations: Revocations
  readonly newest: NewestSessions
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface FoundSession {
  readonly cookies: RequestCookies
  readonly session: Session | undefined
  /** Set where the browser sent a session that has run out, the first time that it does. */
  readonly ended?: { readonly session: Session, readonly reason: SessionEnd } | undefined
  /** Its tokens should be refreshed now. */
  readonly isRefreshDue?: boolean
  /** The browser has an earlier state of it, and is to be given this one. */
  readonly isNewer?: boolean
}

export interface SessionLease {
  isOver (): boolean
  /** Moves the idle expiry as a request does. There is no response to write it into, so it is remembered here. */
  use (): void
}

export interface Sessions {
  /** The living session of a Cookie header. On the hot path: at most one look into a bounded cache. */
  find (cookieHeader: string | undefined): FoundSession | Promise<FoundSession>
  /** The cookies alone, where another credential says who asks. */
  ignore (cookieHeader: string | undefined): FoundSession
  /** Starts a session with a new id; the one the browser had is over. `undefined`: it does not fit into cookies. */
  start (signedIn: SignedIn, found: FoundSession): Promise<{ session: Session, setCookie: string[] } | undefined>
  /** The newest state of a session there is. On the hot path of a browser that has an earlier one. */
  newest (session: Session): Session | Promise<Session>
  /** Keeps what a refresh brought, unless the session has ended meanwhile or does not fit into cookies any more. */
  refresh (session: Session, refreshed: Refreshed): Promise<Session | 'ended' | 'too_large'>
  /** As it is found now that it may have been refreshed. */
  refound (found: FoundSession, session: Session | undefined): FoundSession
  /** Set-Cookie lines that move the idle expiry or bring a newer state, or `undefined` while neither is due. */
  touch (found: FoundSession): string[] | undefined | Promise<string[] | undefined>
  /** For a connection that stays open after its request: says when the session has ended, and counts what is done there. */
  lease (session: Session): SessionLease
  /** Ends a session before its time. Resolves to the Set-Cookie lines that remove it from the browser. */
  end (found: FoundSession): Promise<string[]>
  /** Ends sessions that somebody else than their browser asks to end, wherever they are. */
  revoke (revocation: Revocation): Promise<void>
}

const maxTold = 10_000
const maxLeased = 100_000

export function createSessions (lifetimes: Lifetimes, { cookies, store, revocations, newest, now }: SessionParts): Sessions {
  /** Ended sessions that were spoken of already. */
  const told = new LRUCache<string, true>({ max: maxTold })
  /** Session id → idle expiry, of sessions that are used through open connections, which write no cookies. */
  const leased = new LRUCache<string, number>({ max: maxLeased })

  function endOf (session: Session): SessionEnd | 'revoked' | undefined {
    if (revocations.isRevoked(session)) return 'revoked'
    const idleExpiresAt = Math.max(session.idleExpiresAt, leased.get(session.id) ?? 0)
    return sessionEnd({ expiresAt: session.expiresAt, idleExpiresAt }, now())
  }

  function judge (cookiesSent: RequestCookies, session: Session | undefined): FoundSession | Promise<FoundSession> {
    if (session === undefined) return { cookies: cookiesSent, session }
    const reason = endOf(session)
    if (reason === undefined) return isRefreshDue(session, now()) ? renewed(cookiesSent, session) : { cookies: cookiesSent, session }
    // Told once: browsers go on sending the cookie, and anybody may.
    const isNews = reason !== 'revoked' && !told.has(session.id)
    told.set(session.id, true)
    return isNews ? { cookies: cookiesSent, session: undefined, ended: { session, reason } } : { cookies: cookiesSent, session: undefined }
  }

  /** Only what is due can be out of date: a browser sends an earlier state for a while, or for ever if an answer was lost. */
  function renewed (cookiesSent: RequestCookies, presented: Session): FoundSession | Promise<FoundSession> {
    const found = newest.of(presented)
    const sent = { cookies: cookiesSent, session: presented }
    return found instanceof Promise ? found.then((later) => refound(sent, later)) : refound(sent, found)
  }

  function refound (found: FoundSession, session: Session | undefined): FoundSession {
    if (session === undefined) return { cookies: found.cookies, session }
    return { ...found, session, isRefreshDue: isRefreshDue(session, now()), isNewer: found.isNewer === true || session !== found.session }
  }

  /** Without what only a refresh needs, rather than not at all. */
  async function fitting (session: Session, earlier: RequestCookies): Promise<{ session: Session, setCookie: string[] } | undefined> {
    for (const smaller of [session, withoutRefresh(session)]) {
      const setCookie = cookies.writeTicket(await store.save(smaller), earlier)
      if (setCookie !== undefined) return { session: smaller, setCookie }
    }
    return undefined
  }

  return {
    refound,
    newest: (session) => newest.of(session),
    find (cookieHeader) {
      const sent = cookies.read(cookieHeader)
      if (sent.ticket === undefined) return { cookies: sent, session: undefined }
      const loaded = store.load(sent.ticket)
      return loaded instanceof Promise ? loaded.then((session) => judge(sent, session)) : judge(sent, loaded)
    },
    ignore: (cookieHeader) => ({ cookies: cookies.read(cookieHeader), session: undefined }),
    async start (signedIn, found) {
      const started = await fitting(newSession(signedIn, now(), lifetimes), found.cookies)
      if (started !== undefined && found.session !== undefined) await revocations.revoke({ by: 'id', value: found.session.id })
      return started
    },
    async refresh (session, refreshed) {
      const next = refreshedSession(session, refreshed, now(), lifetimes)
      // A store that is away must not cost the tokens: the ones before may be worth nothing any more.
      const fit = await fitting(next, cookies.read(undefined)).catch(() => ({ session: next }))
      if (fit === undefined) return 'too_large'
      if (endOf(fit.session) !== undefined) return 'ended'
      await newest.keep(fit.session)
      return fit.session
    },
    touch ({ session, isNewer = false, cookies: earlier }) {
      if (session === undefined || !(isNewer || isTouchDue(session, now(), lifetimes))) return undefined
      const touched = touchedSession(session, now(), lifetimes)
      if (leased.has(session.id)) leased.set(session.id, touched.idleExpiresAt)
      const ticket = store.save(touched)
      return ticket instanceof Promise ? ticket.then((text) => cookies.writeTicket(text, earlier)) : cookies.writeTicket(ticket, earlier)
    },
    lease (session) {
      return {
        isOver: () => endOf(session) !== undefined,
        use () {
          // What has ended stays ended, however late an answer comes.
          if (endOf(session) === undefined) leased.set(session.id, touchedSession(session, now(), lifetimes).idleExpiresAt)
        }
      }
    },
    async end ({ session, cookies: earlier }) {
      if (session !== undefined) await revocations.revoke({ by: 'id', value: session.id })
      return cookies.clearTicket(earlier)
    },
    async revoke (revocation) { await revocations.revoke(revocation) }
  }
}
