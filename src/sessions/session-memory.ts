import { LRUCache } from 'lru-cache'
import { atMost } from '../cache-bounds.ts'

/** What is remembered of sessions wherever they are kept, by their ids. */
export interface SessionMemory {
  /** Ended sessions that were spoken of already. */
  readonly told: LRUCache<string, true>
  /** Idle expiry of sessions that are used through open connections, which write no cookies. Milliseconds since the epoch. */
  readonly leased: LRUCache<string, number>
}

const maxTold = 10_000
const maxLeased = 100_000

export function createSessionMemory (): SessionMemory {
  return { told: new LRUCache<string, true>(atMost(maxTold)), leased: new LRUCache<string, number>(atMost(maxLeased)) }
}
