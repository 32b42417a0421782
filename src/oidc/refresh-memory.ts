import { LRUCache } from 'lru-cache'
import { atMost } from '../cache-bounds.ts'
import { createGate } from './gate.ts'

type Gate = ReturnType<typeof createGate>

/** What has to hold for all refreshes of the process. */
export interface RefreshMemory {
  /** Session id → until when nothing is tried. Milliseconds since the epoch. */
  readonly heldOffUntil: LRUCache<string, number>
  /** Each provider has its own: one that hangs holds up nobody else's people. */
  gateOf (provider: string): Gate
}

const maxHeldOff = 100_000
const maxProviders = 1_000
/** Sessions that began together are due together. */
const refreshesAtOnce = { running: 50, waiting: 5_000 }

export function createRefreshMemory (): RefreshMemory {
  const gates = new LRUCache<string, Gate>(atMost(maxProviders))
  return {
    heldOffUntil: new LRUCache<string, number>(atMost(maxHeldOff)),
    gateOf (provider) {
      const gate = gates.get(provider) ?? createGate(refreshesAtOnce)
      gates.set(provider, gate)
      return gate
    }
  }
}
