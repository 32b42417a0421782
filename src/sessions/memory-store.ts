import { LRUCache } from 'lru-cache'
import { within } from '../cache-bounds.ts'
import { type Session } from './session.ts'
import { type SessionStore } from './store.ts'
import { hashOf, isTicket, keptMilliseconds, newTicket } from './ticket.ts'

const maxSessions = 100_000
const maxCharacters = 256 * 1024 * 1024
const purgeEveryMilliseconds = 60_000

/**
 * Sessions in the memory of this process: gone when it ends, and unknown to every other. Bounded by number and by size;
 * where there are more, the one that was used longest ago makes room. It is not sealed: the key would lie beside it.
 */
export function createMemoryStore (now: () => number): SessionStore {
  const sessions = new LRUCache<string, Session>(within(maxSessions, maxCharacters, (session) => JSON.stringify(session).length))
  let purgedAt = performance.now()

  /** Only who signs in makes the memory grow, so that is when it is looked through. */
  function purge (): void {
    if (performance.now() - purgedAt < purgeEveryMilliseconds) return
    purgedAt = performance.now()
    sessions.purgeStale()
  }

  function keep (key: string, session: Session): void {
    sessions.set(key, session, { ttl: keptMilliseconds(session, now()) })
  }

  return {
    holdsSessions: true,
    load: (ticket) => isTicket(ticket) ? sessions.get(hashOf(ticket)) : undefined,
    save (session) {
      purge()
      const ticket = newTicket()
      keep(hashOf(ticket), session)
      return ticket
    },
    replace (ticket, before, after) {
      const key = hashOf(ticket)
      if (sessions.get(key) !== before) return undefined
      keep(key, after)
      return ticket
    },
    remove (ticket) { sessions.delete(hashOf(ticket)) },
    // Nothing here was sealed.
    doubt () {},
    doubts: () => 0
  }
}
