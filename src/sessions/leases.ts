import { randomBytes } from 'node:crypto'
import { type Redis } from './redis.ts'

/** The right to do something alone. */
export interface Leases {
  /** Gives it back, or `undefined` while somebody else holds it. @throws {Problem} where that can't be known */
  acquire (name: string): Release | undefined | Promise<Release | undefined>
}

/** Never rejects: what can't be given back ends by itself. */
export type Release = () => void | Promise<void>

/** In memory: among the requests of this process. */
export function createLeases (): Leases {
  const held = new Set<string>()
  return {
    acquire (name) {
      if (held.has(name)) return undefined
      held.add(name)
      return () => { held.delete(name) }
    }
  }
}

/**
 * Longer than what is done under it takes at most, since whoever holds it may not get to renewing it; and renewed, since
 * that may still take longer. Whoever vanishes holds it until then.
 */
const leaseMilliseconds = 25_000
const renewalMilliseconds = 5_000

/** Prolongs what is still ours. */
const renewScript = 'if redis.call("get", KEYS[1]) ~= ARGV[1] then return 0 end return redis.call("pexpire", KEYS[1], ARGV[2])'

/** In Redis, among all replicas that share it. */
export function createSharedLeases (redis: Redis): Leases {
  return {
    async acquire (name) {
      const key = redis.keyOf('lease', name)
      // One that was lost and taken by somebody else is neither prolonged nor given back.
      const token = randomBytes(16).toString('base64url')
      if (!await redis.add(key, token, leaseMilliseconds)) return undefined
      const renewal = setInterval(() => {
        redis.run(renewScript, key, token, leaseMilliseconds).catch(() => { /* there is another turn before it ends */ })
      }, renewalMilliseconds).unref()
      return async () => {
        clearInterval(renewal)
        await redis.removeIf(key, token).catch(() => false)
      }
    }
  }
}
