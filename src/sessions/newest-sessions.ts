import { LRUCache } from 'lru-cache'
import { type Logger } from '../observability/index.ts'
import { type Redis } from './redis.ts'
import { opened, type SessionRecord } from './redis-store.ts'
import { type Seal } from './sealing.ts'
import { generationOf, isRefreshDue, type Session } from './session.ts'

/**
 * The newest state of each session that was refreshed. A browser goes on with the cookie that it had: its other requests
 * are under way, and an answer with the new cookie may be lost. The refresh token in the old one may have been spent, and
 * providers take one that comes twice for stolen (RFC 9700 section 4.14.2).
 */
export interface NewestSessions {
  /** The newest state known, which may be the very one given. Never rejects. */
  of (session: Session): Session | Promise<Session>
  /** The same, for who is going to spend a refresh token. @throws {Problem} where another replica may know a newer one, and can't be asked */
  surelyOf (session: Session): Session | Promise<Session>
  /** Never rejects: what can't be shared is known here at least. */
  keep (session: Session): void | Promise<void>
}

const maxSessions = 50_000
const maxCharacters = 64 * 1024 * 1024

interface OwnNewestSessions extends NewestSessions {
  of (session: Session): Session
}

/** In memory: for this process alone, each for as long as it may live. */
export function createNewestSessions (now: () => number): OwnNewestSessions {
  const held = new LRUCache<string, Session>({
    max: maxSessions,
    maxSize: maxCharacters,
    sizeCalculation: (session) => JSON.stringify(session).length
  })

  function put (session: Session): Session {
    held.set(session.id, session, { ttl: Math.max(1, session.expiresAt - now()) })
    return session
  }

  function of (session: Session): Session {
    const known = held.get(session.id)
    if (known === undefined || generationOf(known) <= generationOf(session)) return session
    // The same object for as long as it may be: what is prepared for the application hangs on it.
    return known.idleExpiresAt >= session.idleExpiresAt ? known : put({ ...known, idleExpiresAt: session.idleExpiresAt })
  }

  return {
    of,
    surelyOf: of,
    keep (session) {
      const known = held.get(session.id)
      if (known === undefined || generationOf(known) < generationOf(session)) put(session)
    }
  }
}

export interface SharedNewestParts {
  readonly redis: Redis
  readonly seal: Seal
  readonly logger: Logger
  readonly now: () => number
}

/** In Redis too, sealed, for every replica that shares it. Asked is it only about what is due as far as is known here. */
export function createSharedNewestSessions ({ redis, seal, logger, now }: SharedNewestParts): NewestSessions {
  const here = createNewestSessions(now)

  async function read (session: Session): Promise<Session> {
    const key = redis.keyOf('newest', session.id)
    const sealed = await redis.get(key)
    const found = sealed === undefined ? undefined : opened(key, sealed, seal)
    if (found !== undefined) await here.keep(found)
    return here.of(session)
  }

  function complain (session: Session, err: unknown): void {
    logger.warn({ event: 'refresh.unshared', session: session.id, err }, 'what other replicas know of a refreshed session can’t be had at the moment')
  }

  function surelyOf (session: Session): Session | Promise<Session> {
    const known = here.of(session)
    return isRefreshDue(known, now()) ? read(known) : known
  }

  return {
    surelyOf,
    of (session) {
      const found = surelyOf(session)
      if (!(found instanceof Promise)) return found
      return found.catch((error: unknown) => {
        complain(session, error)
        return here.of(session)
      })
    },
    async keep (session) {
      await here.keep(session)
      const key = redis.keyOf('newest', session.id)
      await redis.set(key, seal.seal({ key, session } satisfies SessionRecord), session.expiresAt - now()).catch((error: unknown) => { complain(session, error) })
    }
  }
}
