import { LRUCache } from 'lru-cache'
import { atMost } from '../cache-bounds.ts'
import { type Logger } from '../observability/index.ts'
import { storeOutageReason } from './outage-reason.ts'
import { type Redis } from './redis.ts'
import { isEndedBy, keyOf, maxRevocations, raise, type Revocation, type Revocations, revocationsThatEnd } from './revocations.ts'
import { type Session } from './session.ts'
import { hashOf } from './ticket.ts'

interface HashedRevocation extends Pick<Revocation, 'by'> {
  readonly hash: string
}

/** Revocations that every replica hears of. */
export interface SharedRevocations extends Revocations {
  /** Begins to listen to the others. Resolves when they were heard for the first time, or could not be. */
  start (): Promise<void>
  close (): void
}

export interface SharedRevocationsParts {
  readonly redis: Redis
  /** In milliseconds: what any session may have been given, or be given from now on. */
  readonly longestLifetime: () => number
  readonly logger: Logger
  /** Redis was asked, and answered or did not, for a reason that holds no secret. */
  readonly onAsked: (isUp: boolean, reason?: string) => void
}

const pollMilliseconds = 250
/** Asked for once more each time: what was written while the clock of Redis was being set back a little. */
const overlapMilliseconds = 5_000
/** Handed over well within the time that an operation may take, on a busy machine too. */
const pageSize = 1_000

/**
 * The clocks of replicas differ, so none of them counts: when a session begins and when one is revoked is read from the
 * clock of Redis, on the node that holds the revocations, which does one thing at a time. What began before a revocation
 * is dead and what began afterwards lives, by that order alone.
 */
const readClock = 'local t = redis.call("time") local now = t[1] * 1000 + math.floor(t[2] / 1000) '
const timeScript = `${readClock} return now`
const revokeScript = `${readClock} redis.call("zadd", KEYS[1], "gt", now, ARGV[1]) redis.call("pexpire", KEYS[1], ARGV[2]) return now`
/** Trims while it reads. A write: a master that has become a replica refuses it, and the connection looks for the new one. */
const pollScript = `${readClock} redis.call("zremrangebyscore", KEYS[1], "-inf", now - ARGV[2]) return { now, redis.call("zrangebyscore", KEYS[1], ARGV[1], "+inf", "withscores", "limit", 0, ARGV[3]) }`

/** In Redis, for every replica that shares it; read by each of them several times a second, so that decisions wait for nobody. */
export function createSharedRevocations ({ redis, longestLifetime, logger, onAsked }: SharedRevocationsParts): SharedRevocations {
  const key = redis.keyOf('revocations')
  const revokedAt = new LRUCache<string, number>({ ...atMost(maxRevocations), ttl: longestLifetime() })
  const hashes = new WeakMap<Session, readonly HashedRevocation[]>()
  let isListening = false
  let timer: NodeJS.Timeout | undefined
  /** Up to when everything has been heard, by the clock of Redis. Zero: from the beginning. */
  let heardUntil = 0
  /** The last time that it was so, by the monotonic clock. */
  let heardAt = -Infinity
  let isUp: boolean | undefined

  function hear (members: readonly string[]): number {
    for (let index = 0; index < members.length; index += 2) raise(revokedAt, members[index] ?? '', Number(members[index + 1]), longestLifetime())
    return Number(members.at(-1) ?? 0)
  }

  async function listen (): Promise<void> {
    const askedAt = performance.now()
    let from = Math.max(0, heardUntil - overlapMilliseconds)
    for (;;) {
      const [time, members] = await redis.run(pollScript, key, from, longestLifetime(), pageSize) as [number, string[]]
      const last = hear(members)
      if (members.length < 2 * pageSize) {
        // Another server, or the same one with its clock set back: what it has is heard from the beginning.
        heardUntil = time < heardUntil ? 0 : time
        break
      }
      from = Math.max(last, from + 1)
    }
    heardAt = askedAt
  }

  function told (up: boolean, err?: unknown): void {
    const reason = err instanceof Error ? storeOutageReason(err.message) : undefined
    onAsked(up, reason)
    if (up === isUp) return
    isUp = up
    if (up) logger.info({ event: 'session_store.up' }, 'Redis answers')
    else logger.warn({ event: 'session_store.down', reason, err }, 'Redis does not answer')
  }

  async function poll (): Promise<void> {
    try {
      await listen()
      told(true)
    } catch (error) {
      // Whoever answers next may be another server.
      heardUntil = 0
      told(false, error instanceof Error ? error.cause : error)
    }
    if (isListening) timer = setTimeout(() => { poll().catch(() => { /* it tells of its failures itself */ }) }, pollMilliseconds).unref()
  }

  function hashesOf (session: Session): readonly HashedRevocation[] {
    const known = hashes.get(session) ?? revocationsThatEnd(session).map((revocation) => ({ by: revocation.by, hash: hashOf(keyOf(revocation)) }))
    hashes.set(session, known)
    return known
  }

  return {
    time: async () => Number(await redis.run(timeScript, key)),
    async revoke (revocation) {
      const member = hashOf(keyOf(revocation))
      raise(revokedAt, member, Number(await redis.run(revokeScript, key, member, longestLifetime())), longestLifetime())
    },
    isRevoked (session) {
      if (revokedAt.size === 0) return false
      return hashesOf(session).some((revocation) => isEndedBy(revocation, revokedAt.get(revocation.hash), session))
    },
    staleMilliseconds: () => performance.now() - heardAt,
    async start () {
      isListening = true
      await poll()
    },
    close () {
      isListening = false
      clearTimeout(timer)
    }
  }
}
