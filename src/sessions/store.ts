import { type Session } from './session.ts'

/**
 * Where sessions live. The browser holds a ticket; what the ticket is (the sealed session itself, or a name for it) is
 * the store's affair. Lifetimes and revocations are not: they are checked outside, the same for every store.
 *
 * Everything but a bad ticket may fail: @throws {Problem} `session_store_unavailable`
 */
export interface SessionStore {
  /** Whether sessions are kept here, and not by the browser: then a ticket stays the same while its session changes. */
  readonly holdsSessions: boolean
  /** The session of a ticket, or `undefined` for one that this store did not write. */
  load (ticket: string): Session | undefined | Promise<Session | undefined>
  /** Keeps a new session. @returns its ticket, which nobody has had before */
  save (session: Session): string | Promise<string>
  /**
   * Keeps what has become of a session that was loaded. @returns the ticket from now on, or `undefined` where the session
   * has been changed or removed meanwhile, and nothing was kept
   */
  replace (ticket: string, before: Session, after: Session): string | undefined | Promise<string | undefined>
  /** Forgets a session. One that the browser keeps can't be forgotten: revocations are there for that. */
  remove (ticket: string): void | Promise<void>
  /** Believes nothing any more that was unsealed before: another secret may count from now on. */
  doubt (): void
  /** How often that was so. */
  doubts (): number
}
