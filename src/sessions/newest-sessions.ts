import { LRUCache } from 'lru-cache'
import { generationOf, type Session } from './session.ts'

/**
 * The newest state of each session that was refreshed. A browser goes on with the cookie that it had: its other requests
 * are under way, and an answer with the new cookie may be lost. The refresh token in the old one may have been spent, and
 * providers take one that comes twice for stolen (RFC 9700 section 4.14.2).
 */
export interface NewestSessions {
  /** The newest state known, which may be the very one given. Never rejects. */
  of (session: Session): Session | Promise<Session>
  /** Never rejects: what can't be shared is known here at least. */
  keep (session: Session): void | Promise<void>
}

const maxSessions = 50_000
const maxCharacters = 64 * 1024 * 1024

/** In memory: for this process alone, each for as long as it may live. */
export function createNewestSessions (now: () => number): NewestSessions {
  const held = new LRUCache<string, Session>({
    max: maxSessions,
    maxSize: maxCharacters,
    sizeCalculation: (session) => JSON.stringify(session).length
  })

  function put (session: Session): Session {
    held.set(session.id, session, { ttl: Math.max(1, session.expiresAt - now()) })
    return session
  }

  return {
    of (session) {
      const known = held.get(session.id)
      if (known === undefined || generationOf(known) <= generationOf(session)) return session
      // The same object for as long as it may be: what is prepared for the application hangs on it.
      return known.idleExpiresAt >= session.idleExpiresAt ? known : put({ ...known, idleExpiresAt: session.idleExpiresAt })
    },
    keep (session) {
      const known = held.get(session.id)
      if (known === undefined || generationOf(known) < generationOf(session)) put(session)
    }
  }
}
