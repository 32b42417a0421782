/** How much memory sessions and their ends take in Redis, as Doorward's own code writes them. */
import { randomBytes } from 'node:crypto'
import { createLogger } from '../src/observability/index.ts'
import { createCookies, createRedis, createSeals, createSessions, createStorage, type Redis, type Session } from '../src/sessions/index.ts'
import { startRedis } from './redis-server.ts'

export interface Records {
  /** What Redis says of the record of one session (`MEMORY USAGE`). */
  readonly recordBytes: number
  /** By how much its memory (`used_memory`) grows with each session that begins: the record, and the note of the provider's `sid`. */
  readonly sessionBytes: number
  /** The same for each session that is ended. */
  readonly revocationBytes: number
}

const count = 1_000
const lifetimes = { idleMilliseconds: 1_800_000, maxMilliseconds: 28_800_000, refreshBeforeMilliseconds: 60_000 }
const keyPrefix = 'doorward:'
const recordScript = 'local keys = redis.call("keys", ARGV[1]) return redis.call("memory", "usage", keys[1], "samples", 0)'

/** A thousand sessions as this one, each with an id and a name at the provider of its own. @throws {Error} where Redis is not installed */
export async function measureRecords (like: Session): Promise<Records> {
  const server = await startRedis()
  const settings = { url: server.url, nodes: [], cluster: false, keyPrefix }
  const logger = createLogger({ level: 'silent', format: 'json', isTerminal: false, secretPaths: [] }, process.stdout)
  const redis = await createRedis(settings, { keyPrefix, logger, onFailed () {} })
  const seals = await createSeals(['session', 'record', 'shelf'], { secrets: [randomBytes(32)], application: 'http://localhost' })
  const storage = await createStorage({ store: 'redis', redis: settings, maxLifetimeMilliseconds: lifetimes.maxMilliseconds }, { seals, logger, now: Date.now, onAsked () {}, onFailed () {} })
  try {
    await redis.connect()
    await storage.start()
    const cookies = createCookies({ name: 'doorward', sameSite: 'lax', secure: false })
    const sessions = createSessions(lifetimes, { ...storage, cookies, now: Date.now })
    const nobody = sessions.ignore(undefined)
    const empty = await usedBytes(redis)
    for (let number = 0; number < count; number++) await sessions.start({ ...like, providerSessionId: randomBytes(16).toString('base64url') }, nobody, Date.now())
    const full = await usedBytes(redis)
    const recordBytes = Number(await redis.run(recordScript, keyPrefix, `${keyPrefix}session:*`))
    for (let number = 0; number < count; number++) await sessions.revoke({ by: 'id', value: randomBytes(16).toString('base64url') })
    return { recordBytes, sessionBytes: (full - empty) / count, revocationBytes: (await usedBytes(redis) - full) / count }
  } finally {
    storage.close()
    redis.close()
    await server.end()
  }
}

async function usedBytes (redis: Redis): Promise<number> {
  const [, bytes] = /^used_memory:(\d+)/m.exec(String(await redis.run('return redis.call("info", "memory")', keyPrefix))) ?? []
  return Number(bytes)
}
