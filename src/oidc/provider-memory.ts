import { LRUCache } from 'lru-cache'
import { atMost } from '../cache-bounds.ts'
import { type LearnedAlgorithm } from './logout-token.ts'
import { type DpopKeys } from './provider-dpop.ts'
import { type ProviderServer } from './provider-introspection.ts'
import { type HeldKeys } from './provider-keys.ts'
import { type FoundMetadata } from './provider-metadata.ts'
import { type ProviderSettings } from './provider-settings.ts'
import { createRefetchBudget } from './refetch-budget.ts'

/**
 * What is known of a provider, however its client is configured: it is kept while the configuration is exchanged, so that
 * a provider that is away at that moment serves as it did before.
 */
export interface ProviderMemory {
  metadata?: FoundMetadata<ProviderServer>
  keys?: HeldKeys
  algorithm?: LearnedAlgorithm
  /** What access tokens are bound to. */
  dpopKeys?: DpopKeys
  readonly mayRefetch: () => boolean
}

export interface ProviderMemories {
  /**
   * The same for the same provider: by its id, its issuer, where its metadata come from, the client there, and who vouches
   * for its certificate. What was learned on the word of an authority that is trusted no more is worth nothing.
   */
  of (settings: Pick<ProviderSettings, 'id' | 'issuer' | 'profile' | 'discovery' | 'endpoints' | 'clientId' | 'caPem'>): ProviderMemory
}

const maxRemembered = 1_000

export function createProviderMemories (now: () => number): ProviderMemories {
  const memories = new LRUCache<string, ProviderMemory>(atMost(maxRemembered))
  return {
    of ({ id, issuer, profile, discovery, endpoints, clientId, caPem }) {
      const key = JSON.stringify([id, issuer, profile, discovery, endpoints, clientId, caPem])
      const memory = memories.get(key) ?? { mayRefetch: createRefetchBudget(now) }
      memories.set(key, memory)
      return memory
    }
  }
}
