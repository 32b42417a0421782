import { type Logger } from '../observability/index.ts'
import { createCookieStore } from './cookie-store.ts'
import { createLeases, createSharedLeases, type Leases } from './leases.ts'
import { createMemoryStore } from './memory-store.ts'
import { createNamedSessions, type NamedSessions } from './named-sessions.ts'
import { createNewestSessions, createSharedNewestSessions, type NewestSessions } from './newest-sessions.ts'
import { createRedis, type RedisSettings } from './redis.ts'
import { createRedisStore } from './redis-store.ts'
import { createRevocations, type Revocations } from './revocations.ts'
import { type Seal } from './sealing.ts'
import { createRedisShelf } from './redis-shelf.ts'
import { createSharedRevocations } from './shared-revocations.ts'
import { createMemoryShelf, type Shelf, type ShelfLimits } from './shelf.ts'
import { createSessionMemory, type SessionMemory } from './session-memory.ts'
import { type SessionStore } from './store.ts'

export interface StorageSettings {
  readonly store: 'cookie' | 'memory' | 'redis'
  /** Needed by the store of that name; beside another one it shares the end of sessions. */
  readonly redis?: RedisSettings & { readonly keyPrefix: string } | undefined
  /** In milliseconds: what any session may have been given, or be given from now on. */
  readonly longestLifetime: () => number
}

export interface StorageParts {
  /** For what browsers keep, and for what Redis keeps: neither can be used as the other. */
  readonly seals: { readonly session: Seal, readonly record: Seal, readonly shelf: Seal }
  readonly logger: Logger
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Redis was asked whether it is there. */
  readonly onAsked: (isUp: boolean, reason?: string) => void
  /** An operation did not end as it should. */
  readonly onFailed: () => void
}

/** Where sessions are kept, and where their end is written down. */
export interface Storage {
  readonly store: SessionStore
  readonly revocations: Revocations
  readonly named: NamedSessions
  readonly newest: NewestSessions
  readonly leases: Leases
  readonly memory: SessionMemory
  /** A place for one kind of thing, asked for once; in Redis, Redis itself sets the limits. */
  shelf (kind: string, limits: ShelfLimits): Shelf
  /** Resolves once it is known whether everything is there; what is not is tried again for as long as it takes. */
  start (): Promise<void>
  close (): void
}

const nameLimits = { maxEntries: 100_000, maxCharacters: 100_000 }
const maxUnproven = 10_000

export async function createStorage ({ store, redis: settings, longestLifetime }: StorageSettings, { seals, logger, now, onAsked, onFailed }: StorageParts): Promise<Storage> {
  const own = (): SessionStore => store === 'memory' ? createMemoryStore(now) : createCookieStore(seals.session)
  const named = (names: Shelf, revocations: Revocations): NamedSessions =>
    createNamedSessions({ names, revocations, unproven: createRevocations(longestLifetime, now, maxUnproven), longestLifetime })
  if (settings === undefined) {
    const revocations = createRevocations(longestLifetime, now)
    return {
      store: own(),
      revocations,
      named: named(createMemoryShelf(nameLimits, now), revocations),
      newest: createNewestSessions(now),
      leases: createLeases(),
      memory: createSessionMemory(),
      shelf: (_kind, limits) => createMemoryShelf(limits, now),
      async start () {},
      close () {}
    }
  }
  const redis = await createRedis(settings, { keyPrefix: settings.keyPrefix, logger, onFailed })
  const revocations = createSharedRevocations({ redis, longestLifetime, logger, onAsked })
  const shelf = (kind: string): Shelf => createRedisShelf(kind, { redis, seal: seals.shelf })
  return {
    store: store === 'redis' ? createRedisStore({ redis, seal: seals.record, now }) : own(),
    revocations,
    named: named(shelf('sid'), revocations),
    newest: createSharedNewestSessions({ redis, seal: seals.record, logger, now }),
    leases: createSharedLeases(redis),
    memory: createSessionMemory(),
    shelf,
    async start () {
      await redis.connect()
      await revocations.start()
    },
    close () {
      revocations.close()
      redis.close()
    }
  }
}
