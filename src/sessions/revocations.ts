import { LRUCache } from 'lru-cache'
import { atMost } from '../cache-bounds.ts'
import { type Session } from './session.ts'

/** Which sessions end before their time. */
export type Revocation =
  /** One session of ours. */
  | { readonly by: 'id', readonly value: string }
  /** One session of a provider, or all of a person there (OpenID Connect Back-Channel Logout section 2.7). */
  | { readonly by: 'sid' | 'sub', readonly value: string, readonly provider: string }
  /** All of a person there for which the provider has given no name: any of them may be the one that it means. */
  | { readonly by: 'unnamed', readonly value: string, readonly provider: string }
  /** All of a person at any provider, as an administrator names them. */
  | { readonly by: 'user', readonly value: string }

/**
 * Sessions that were ended before their time. A sealed cookie can't be taken back, so a copy of it would go on working
 * after a sign-out (CVE-2024-31999 at @fastify/secure-session). What stands here is dead in every store, if it began
 * before it was revoked: whoever signs in again afterwards is in.
 */
export interface Revocations {
  /** Resolves once it holds wherever it is to hold. @throws {Problem} where that can't be achieved */
  revoke (revocation: Revocation): void | Promise<void>
  /** On the hot path: decided from memory. */
  isRevoked (session: Session): boolean
  /** For how long nothing has been heard of what others revoke. Zero where there are no others. */
  staleMilliseconds (): number
  /** When a session begins: the time by the clock that revocations go by. @throws {Problem} where that can't be had */
  time (): number | Promise<number>
}

/** What was revoked longest ago makes room. */
export const maxRevocations = 100_000

/**
 * In memory: for this process alone, and for as long as a revoked session could have lived.
 *
 * @param longestLifetime in milliseconds: what any session may have been given, or be given from now on
 */
export function createRevocations (longestLifetime: () => number, now: () => number, max = maxRevocations): Revocations {
  const revokedAt = new LRUCache<string, number>({ ...atMost(max), ttl: longestLifetime() })
  return {
    time: now,
    staleMilliseconds: () => 0,
    revoke: (revocation) => { raise(revokedAt, keyOf(revocation), now(), longestLifetime()) },
    isRevoked (session) {
      if (revokedAt.size === 0) return false
      return revocationsThatEnd(session).some((revocation) => isEndedBy(revocation, revokedAt.get(keyOf(revocation)), session))
    }
  }
}

/** An id is never given twice, so that no clock need be asked. Whoever signs in after any other revocation is in. */
export function isEndedBy ({ by }: Pick<Revocation, 'by'>, revokedAt: number | undefined, { createdAt }: Session): boolean {
  return revokedAt !== undefined && (by === 'id' || revokedAt >= createdAt)
}

/** Clocks go back, and another Redis may know less: neither takes back what was revoked. */
export function raise (revokedAt: LRUCache<string, number>, key: string, time: number, keptMilliseconds: number): void {
  revokedAt.set(key, Math.max(time, revokedAt.get(key) ?? time), { ttl: keptMilliseconds })
}

/** Every revocation that would end this session. */
export function revocationsThatEnd ({ id, providerSessionId, identity: { provider, sub, user } }: Session): Revocation[] {
  return [
    { by: 'id', value: id },
    { by: 'sub', value: sub, provider },
    { by: 'user', value: user },
    providerSessionId === undefined ? { by: 'unnamed', value: sub, provider } : { by: 'sid', value: providerSessionId, provider }
  ]
}

/** One text for one revocation: what stands in front has no colon in it, so that no value can pass for another. */
export function keyOf (revocation: Revocation): string {
  return 'provider' in revocation ? `${revocation.by}:${revocation.provider}:${revocation.value}` : `${revocation.by}:${revocation.value}`
}
