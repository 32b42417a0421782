import { type Session } from './session.ts'

/**
 * Where sessions live. The browser holds a ticket; what the ticket is (the sealed session itself, or a name for it) is
 * the store's affair. Lifetimes and revocations are not: they are checked outside, the same for every store.
 */
export interface SessionStore {
  /** The session of a ticket, or `undefined` for one that this store did not write. Never throws for a bad ticket. */
  load (ticket: string): Session | undefined | Promise<Session | undefined>
  /** Keeps the session and returns the ticket for the browser. */
  save (session: Session): string | Promise<string>
}
