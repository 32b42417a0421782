/** How much memory sessions and their ends take in Redis. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { freePort, stopProgram } from './programs.ts'
import { startRedis } from './redis-server.ts'
import { type SubjectParts } from './subjects/index.ts'
import { launchDoorward } from './subjects/doorward.ts'
import { protectedPath } from './upstream.ts'
import { signIn } from './visitors.ts'

export interface RedisRecords {
  /** By how much the memory of Redis (`used_memory`) grows with each session of this user: its record, and the note of the provider's `sid`. */
  sessionBytes (user: string): Promise<number>
  /** The same for each session that is ended. */
  endBytes (): Promise<number>
  close (): Promise<void>
}

const signIns = 40
const ends = 400

/** @throws {Error} where Redis is not installed */
export async function startRedisRecords (parts: SubjectParts): Promise<RedisRecords> {
  const redis = await startRedis()
  const admin = `127.0.0.1:${await freePort()}`
  const token = randomBytes(32).toString('base64url')
  const register: SubjectParts['register'] = (client) => parts.register({ ...client, backchannel_logout_uri: 'http://localhost:1/', backchannel_logout_session_required: true })
  const doorward = await launchDoorward({ ...parts, register }, {
    id: 'records', title: 'Doorward', user: 'alice', sections: { access: { default: 'authenticated' }, admin: { listen: admin, token }, session: { store: 'redis', redis: { url: redis.url } } }
  })

  async function growth (count: number, act: () => Promise<unknown>): Promise<number> {
    // The first makes what all others share.
    await act()
    const before = usedBytes(redis.port)
    for (let number = 0; number < count; number++) await act()
    return (usedBytes(redis.port) - before) / count
  }

  return {
    sessionBytes: (user) => growth(signIns, () => signIn({ ...doorward, tells: { ...doorward.tells, user } }, protectedPath)),
    endBytes: () => growth(ends, async () => {
      const response = await fetch(`http://${admin}/api/sessions/revoke`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify({ session: randomBytes(16).toString('base64url') }) })
      if (!response.ok) throw new Error(`a session can’t be ended: ${response.status}`)
      await response.body?.cancel()
    }),
    async close () {
      await stopProgram(doorward)
      await redis.end()
    }
  }
}

function usedBytes (port: number): number {
  const [, bytes] = /^used_memory:(\d+)/m.exec(execFileSync('redis-cli', ['-p', String(port), 'info', 'memory'], { encoding: 'utf8' })) ?? []
  return Number(bytes)
}
