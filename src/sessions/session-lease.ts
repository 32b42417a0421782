import { type FoundSession } from './found-session.ts'
import { type Lifetimes, type Session, touchedSession } from './session.ts'
import { type SessionMemory } from './session-memory.ts'
import { type SessionStore } from './store.ts'
import { createUpkeep } from './upkeep.ts'

/** For a connection that stays open after its request: whether the session of its request has ended. */
export interface SessionLease {
  isOver (): boolean
  /** Moves the idle expiry as a request does. There is no response to write it into, so it is remembered here. */
  use (): void
}

export interface SessionLeaseParts {
  readonly store: SessionStore
  readonly lifetimes: Lifetimes
  readonly leased: SessionMemory['leased']
  readonly hasEnded: (session: Session) => boolean
  readonly now: () => number
}

export function leaseSession ({ session, kept, cookies: { ticket } }: FoundSession & { readonly session: Session }, { store, lifetimes, leased, hasEnded, now }: SessionLeaseParts): SessionLease {
  const keepUp = store.holdsSessions && kept !== undefined && ticket !== undefined ? createUpkeep(ticket, kept, { store, lifetimes, now }) : undefined
  let doubts = store.doubts()
  let isBelieved = true

  /** Whether what the browser brought is still worth something: whoever has a secret that was taken away seals any session. */
  function believes (): boolean {
    if (doubts === store.doubts() || ticket === undefined) return isBelieved
    doubts = store.doubts()
    const loaded = store.load(ticket)
    if (!(loaded instanceof Promise)) isBelieved = loaded !== undefined
    // Where it can't be asked, it is asked again at the next look.
    else loaded.then((found) => { isBelieved = found !== undefined }, () => { doubts = -1 })
    return isBelieved
  }

  return {
    isOver: () => hasEnded(session) || !believes(),
    use () {
      // What has ended stays ended, however late an answer comes.
      if (hasEnded(session)) return
      leased.set(session.id, touchedSession(session, now(), lifetimes).idleExpiresAt)
      keepUp?.()
    }
  }
}
