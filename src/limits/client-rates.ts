import { LRUCache } from 'lru-cache'
import { atMost } from '../cache-bounds.ts'
import { Problem } from '../errors.ts'
import { networkOf } from './network.ts'
import { type Refusals } from './refusals.ts'

/**
 * What is counted, each by itself, so that a program with a token that has expired keeps nobody from signing in.
 * `token` and `logout-token` are given back where they turn out to be good: whoever has such may send any number of them.
 */
export type RatedWork = 'sign-in' | 'form' | 'token' | 'logout-token'

export interface ClientRateSettings {
  /** 0: nothing is limited. */
  readonly perSecond: number
  /** How many a client may ask for at once that has asked for nothing for a while. */
  readonly burst: number
}

/** What one client may still ask for, and when that was so. */
interface Bucket {
  left: number
  at: number
}

/** What was asked for so far; another configuration does not forget it. */
export type ClientRateMemory = LRUCache<string, Bucket>

export interface ClientRatesParts {
  readonly memory: ClientRateMemory
  readonly onRefused: Refusals
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * How often a client may ask for something. A client is an address, or the /64 of an IPv6 address; nobody is limited
 * whose address is not known (empty: on a unix socket), since that would be everybody together.
 */
export interface ClientRates {
  /** Counted before the work, since many at once are as much of it as many in a row. @throws {Problem} `rate_limited` where the client has nothing left */
  take (work: RatedWork, address: string): void
  giveBack (work: RatedWork, address: string): void
}

/** Those who have asked for something last: a few megabytes. Whoever has made room begins anew. */
const maxClients = 50_000

export function createClientRateMemory (): ClientRateMemory {
  return new LRUCache<string, Bucket>(atMost(maxClients))
}

/** A token bucket for each client. */
export function createClientRates ({ perSecond, burst }: ClientRateSettings, { memory, onRefused, now }: ClientRatesParts): ClientRates {
  if (perSecond === 0) return { take () {}, giveBack () {} }

  /** Filled up to now. Where the clock was set back, nothing is taken. */
  function bucketOf (work: RatedWork, network: string): Bucket {
    const key = `${work} ${network}`
    const time = now()
    const known = memory.get(key)
    if (known === undefined) {
      const full = { left: burst, at: time }
      memory.set(key, full)
      return full
    }
    known.left = Math.min(burst, known.left + Math.max(0, time - known.at) * perSecond / 1_000)
    known.at = time
    return known
  }

  return {
    take (work, address) {
      if (address === '') return
      const network = networkOf(address)
      const bucket = bucketOf(work, network)
      if (bucket.left < 1) {
        onRefused('rate', network)
        throw new Problem('rate_limited', { headers: { 'retry-after': String(Math.max(1, Math.ceil((1 - bucket.left) / perSecond))) } })
      }
      bucket.left--
    },
    giveBack (work, address) {
      if (address === '') return
      const bucket = bucketOf(work, networkOf(address))
      bucket.left = Math.min(burst, bucket.left + 1)
    }
  }
}
