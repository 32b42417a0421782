import { LRUCache } from 'lru-cache'

const maxRevocations = 100_000

/**
 * Sessions that were ended before their time. A sealed cookie can't be taken back, so a copy of it would go on working
 * after a sign-out (CVE-2024-31999 at @fastify/secure-session); what stands here is dead in every store.
 */
export interface Revocations {
  revoke (sessionId: string): void
  isRevoked (sessionId: string): boolean
}

/** In memory: for this process alone, and for as long as the revoked session could have lived. */
export function createRevocations (maxLifetimeMilliseconds: number): Revocations {
  const revoked = new LRUCache<string, true>({ max: maxRevocations, ttl: maxLifetimeMilliseconds })
  return {
    revoke: (sessionId) => { revoked.set(sessionId, true) },
    isRevoked: (sessionId) => revoked.has(sessionId)
  }
}
