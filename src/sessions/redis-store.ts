import { LRUCache } from 'lru-cache'
import { within } from '../cache-bounds.ts'
import { type Redis } from './redis.ts'
import { type Seal } from './sealing.ts'
import { type Session } from './session.ts'
import { type SessionStore } from './store.ts'
import { isTicket, keptMilliseconds, newTicket } from './ticket.ts'

/** A session as it was last seen in Redis. */
interface Known {
  readonly session: Session
  readonly sealed: string
  /** By the monotonic clock: what is fresh stays so for a while, whatever happens to the time of day. */
  readonly seenAt: number
}

/** What is kept in Redis. It names its key: moved under another one, a record is worth nothing there. */
export interface SessionRecord {
  readonly key: string
  readonly session: Session
}

/** For so long Redis is not asked again. What ends a session before its time is heard of by itself (revocations). */
const freshMilliseconds = 500
const maxKnown = 50_000
const maxKnownCharacters = 64 * 1024 * 1024

export interface RedisStoreParts {
  readonly redis: Redis
  readonly seal: Seal
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Sessions in Redis, sealed, under the hash of their ticket: who reads Redis can neither read a session nor take one over. */
export function createRedisStore ({ redis, seal, now }: RedisStoreParts): SessionStore {
  const known = new LRUCache<string, Known>(within(maxKnown, maxKnownCharacters, ({ sealed }) => sealed.length))
  const asked = new Map<string, Promise<Session | undefined>>()
  let doubts = 0
  const keyOf = (ticket: string): string => redis.keyOf('session', ticket)

  function remember (key: string, session: Session, sealed: string): Session {
    known.set(key, { session, sealed, seenAt: performance.now() })
    return session
  }

  async function read (key: string): Promise<Session | undefined> {
    const sealed = await redis.get(key)
    if (sealed === undefined) {
      known.delete(key)
      return undefined
    }
    const earlier = known.get(key)
    const session = earlier?.sealed === sealed ? earlier.session : opened(key, sealed, seal)
    return session === undefined ? undefined : remember(key, session, sealed)
  }

  /** Whoever asks while somebody else does waits for the same answer. */
  function readOnce (key: string): Promise<Session | undefined> {
    const reading = asked.get(key) ?? read(key).finally(() => { asked.delete(key) })
    asked.set(key, reading)
    return reading
  }

  return {
    holdsSessions: true,
    load (ticket) {
      if (!isTicket(ticket)) return undefined
      const key = keyOf(ticket)
      const last = known.get(key)
      return last !== undefined && performance.now() - last.seenAt < freshMilliseconds ? last.session : readOnce(key)
    },
    async save (session) {
      const ticket = newTicket()
      const key = keyOf(ticket)
      const sealed = seal.seal({ key, session } satisfies SessionRecord)
      await redis.set(key, sealed, keptMilliseconds(session, now()))
      remember(key, session, sealed)
      return ticket
    },
    async replace (ticket, before, after) {
      const key = keyOf(ticket)
      const last = known.get(key)
      if (last?.session !== before) return undefined
      const sealed = seal.seal({ key, session: after } satisfies SessionRecord)
      const isReplaced = await redis.replace(key, last.sealed, sealed, keptMilliseconds(after, now()))
      if (isReplaced) remember(key, after, sealed)
      else known.delete(key)
      return isReplaced ? ticket : undefined
    },
    async remove (ticket) {
      const key = keyOf(ticket)
      known.delete(key)
      await redis.remove(key)
    },
    doubt () {
      known.clear()
      doubts++
    },
    doubts: () => doubts
  }
}

/** What opens was sealed here, by this version's `save` or an earlier one's with the same shape. */
export function opened (key: string, sealed: string, seal: Seal): Session | undefined {
  const record = seal.open(sealed) as SessionRecord | undefined
  return record?.key === key ? record.session : undefined
}
