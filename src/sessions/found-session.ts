import { type RequestCookies } from './cookies.ts'
import { type Session, type SessionEnd } from './session.ts'

/** What a Cookie header comes to. */
export interface FoundSession {
  readonly cookies: RequestCookies
  readonly session: Session | undefined
  /** The same, as the store has it: what is written there has to say what it replaces. */
  readonly kept?: Session | undefined
  /** The session that the browser sent, where it is over. */
  readonly past?: Session | undefined
  /** Set where the browser sent a session that has run out, the first time that it does. */
  readonly ended?: { readonly session: Session, readonly reason: SessionEnd } | undefined
  /** Its tokens should be refreshed now. */
  readonly isRefreshDue?: boolean
  /** The browser has an earlier state of it, and is to be given this one. */
  readonly isNewer?: boolean
}
