import { type Cookies } from './cookies.ts'
import { fittingSession } from './fitting-session.ts'
import { type FoundSession } from './found-session.ts'
import { type NewestSessions } from './newest-sessions.ts'
import { isRefreshDue, type Lifetimes, type Refreshed, refreshedSession, type Session } from './session.ts'
import { type SessionStore } from './store.ts'

/** What becomes of sessions when their tokens are refreshed. */
export interface Freshness {
  /** The newest state of a session that there is. @throws {Problem} where that can't be known */
  newest (session: Session): Session | Promise<Session>
  /** Run out, signed out or revoked since it was found. */
  hasEnded (session: Session): boolean
  /** Keeps what a refresh brought, unless the session has ended meanwhile or does not fit into cookies any more. */
  refresh (session: Session, refreshed: Refreshed): Promise<Session | 'ended' | 'too_large'>
  /** What was found, now that it is known what has become of it; `undefined`: it is over. */
  refound (found: FoundSession, session: Session | undefined): FoundSession
}

export interface FreshnessParts {
  readonly cookies: Cookies
  readonly store: SessionStore
  readonly newest: NewestSessions
  readonly hasEnded: (session: Session) => boolean
  readonly now: () => number
}

export function createFreshness (lifetimes: Lifetimes, { cookies, store, newest, hasEnded, now }: FreshnessParts) {
  function refound (found: FoundSession, session: Session | undefined): FoundSession {
    // What is newer may have ended for another reason than what was presented: somebody has another name now.
    if (session === undefined || hasEnded(session)) return { cookies: found.cookies, session: undefined }
    return { ...found, session, isRefreshDue: isRefreshDue(session, now()), isNewer: found.isNewer === true || session !== found.session }
  }

  /** As it fits where it will be written once there is an answer to write it into. */
  async function fitting (session: Session): Promise<Session | undefined> {
    return store.holdsSessions ? session : (await fittingSession(session, cookies.read(undefined), { cookies, store }))?.session
  }

  return {
    refound,
    hasEnded,
    newest: (session: Session) => newest.surelyOf(session),
    /** Only what is due can be out of date: a browser sends an earlier state for a while, or for ever if an answer was lost. */
    upToDate (found: FoundSession, presented: Session): FoundSession | Promise<FoundSession> {
      const known = newest.of(presented)
      return known instanceof Promise ? known.then((later) => refound(found, later)) : refound(found, known)
    },
    async refresh (session: Session, refreshed: Refreshed): Promise<Session | 'ended' | 'too_large'> {
      const next = await fitting(refreshedSession(session, refreshed, now(), lifetimes))
      if (next === undefined) return 'too_large'
      if (hasEnded(next)) return 'ended'
      await newest.keep(next)
      return next
    }
  }
}
