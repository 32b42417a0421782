/**
 * Sessions: who is signed in with this browser, since when, and for how long.
 *
 * Owns the cookies, the seals, the stores, the lifetimes and the revocations. It does not own how a session comes to be
 * (oidc/) nor what it is good for (pipeline/, access/).
 */
import { LRUCache } from 'lru-cache'
import { type Cookies, type RequestCookies } from './cookies.ts'
import { type Revocation, type Revocations } from './revocations.ts'
import { isTouchDue, type Lifetimes, newSession, type Session, type SessionEnd, sessionEnd, type SignedIn, touchedSession } from './session.ts'
import { type SessionStore } from './store.ts'

export { type Cookies, createCookies, type RequestCookies } from './cookies.ts'
export { createCookieStore } from './cookie-store.ts'
export { createRevocations, type Revocation } from './revocations.ts'
export { createFormCookie, type FormCookie, formLifetimeMilliseconds } from './form-cookie.ts'
export { createSeals, type Seal } from './sealing.ts'
export { createMemoryShelf, type Shelf } from './shelf.ts'
export { type Session, type SignedIn, type Tokens } from './session.ts'

export interface SessionParts {
  readonly cookies: Cookies
  readonly store: SessionStore
  readonly revocations: Revocations
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface FoundSession {
  readonly cookies: RequestCookies
  readonly session: Session | undefined
  /** The session that the browser sent, where it is over. */
  readonly past?: Session | undefined
  /** Set where the browser sent a session that has run out, the first time that it does. */
  readonly ended?: { readonly session: Session, readonly reason: SessionEnd } | undefined
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
  /** Set-Cookie lines that move the idle expiry, or `undefined` while that is not due. */
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

export function createSessions (lifetimes: Lifetimes, { cookies, store, revocations, now }: SessionParts): Sessions {
  /** Ended sessions that were spoken of already. */
  const told = new LRUCache<string, true>({ max: maxTold })
  /** Session id → idle expiry, of sessions that are used through open connections, which write no cookies. */
  const leased = new LRUCache<string, number>({ max: maxLeased })

  function endOf (session: Session): SessionEnd | 'revoked' | undefined {
    if (revocations.isRevoked(session)) return 'revoked'
    const idleExpiresAt = Math.max(session.idleExpiresAt, leased.get(session.id) ?? 0)
    return sessionEnd({ expiresAt: session.expiresAt, idleExpiresAt }, now())
  }

  function judge (cookiesSent: RequestCookies, session: Session | undefined): FoundSession {
    if (session === undefined) return { cookies: cookiesSent, session }
    const reason = endOf(session)
    if (reason === undefined) return { cookies: cookiesSent, session }
    // Told once: browsers go on sending the cookie, and anybody may.
    const isNews = reason !== 'revoked' && !told.has(session.id)
    told.set(session.id, true)
    return { cookies: cookiesSent, session: undefined, past: session, ...isNews && { ended: { session, reason } } }
  }

  return {
    find (cookieHeader) {
      const sent = cookies.read(cookieHeader)
      if (sent.ticket === undefined) return { cookies: sent, session: undefined }
      const loaded = store.load(sent.ticket)
      return loaded instanceof Promise ? loaded.then((session) => judge(sent, session)) : judge(sent, loaded)
    },
    ignore: (cookieHeader) => ({ cookies: cookies.read(cookieHeader), session: undefined }),
    async start (signedIn, found) {
      const session = newSession(signedIn, now(), lifetimes)
      const setCookie = cookies.writeTicket(await store.save(session), found.cookies)
      if (setCookie === undefined) return undefined
      if (found.session !== undefined) await revocations.revoke({ by: 'id', value: found.session.id })
      return { session, setCookie }
    },
    touch ({ session, cookies: earlier }) {
      if (session === undefined || !isTouchDue(session, now(), lifetimes)) return undefined
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
