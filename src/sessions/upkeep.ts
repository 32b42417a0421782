import { isTouchDue, type Lifetimes, type Session, touchedSession } from './session.ts'
import { type SessionStore } from './store.ts'

interface UpkeepParts {
  readonly store: SessionStore
  readonly lifetimes: Lifetimes
  readonly now: () => number
}

/**
 * Moves the idle expiry of a session that is used through an open connection, where it is kept: no request comes by
 * that could, and another replica, or the next request, must not find it run out.
 */
export function createUpkeep (ticket: string, kept: Session, { store, lifetimes, now }: UpkeepParts): () => void {
  let last = kept

  async function renew (): Promise<void> {
    const current = await store.load(ticket)
    if (current === undefined) return
    last = current
    if (!isTouchDue(current, now(), lifetimes)) return
    const touched = touchedSession(current, now(), lifetimes)
    if (await store.replace(ticket, current, touched) !== undefined) last = touched
  }

  return () => {
    if (!isTouchDue(last, now(), lifetimes)) return
    renew().catch(() => { /* the next use comes by here, too */ })
  }
}
