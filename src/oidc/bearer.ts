import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { atMost } from '../cache-bounds.ts'
import { Problem } from '../errors.ts'
import { allClaimsOf, type Claims, type Identity, type Mapping, type Refusal } from '../mapping/index.ts'
import { bounded, type Logger, type TokenRejection } from '../observability/index.ts'
import { type SignedIn } from '../sessions/index.ts'
import { isNumericDate } from './access-token-claims.ts'
import { providerOf } from './bearer-provider.ts'
import { type Provider } from './provider.ts'
import { type Providers } from './providers.ts'
import { createSharedWork } from './shared-work.ts'
import { TokenRejected } from './token-rejected.ts'

/** What a bearer token is worth. */
export type TokenVerdict =
  /**
   * One object for as long as the token is trusted. `holds` while it may be relied on although it can't be checked
   * again: to the end of the token, and not much longer than it was trusted.
   */
  | { readonly outcome: 'accepted', readonly caller: SignedIn, readonly holds: () => boolean }
  /** The token is good, but whom it speaks for is not admitted here. */
  | { readonly outcome: 'refused', readonly identity: Identity, readonly refusal: Refusal }
  | { readonly outcome: 'rejected', readonly cause: TokenRejection }

/**
 * Judges a bearer token.
 *
 * @param beforeWork called where what it is worth is not known yet; may throw, and then it is not found out
 * @throws {Problem} `token_unverifiable` where it can't be judged: that is never a "no", nor a "yes"
 */
export type CheckToken = (token: string, beforeWork?: () => void) => TokenVerdict | Promise<TokenVerdict>

export interface BearerParts {
  readonly providers: Providers
  readonly mapping: Mapping
  /** What the application receives of a caller beside the identity. The token is never kept. */
  readonly keeps: { readonly allClaims: boolean }
  /** Whether a provider of this id is in the configuration now: where another is in place meanwhile, what is open depends on it too. */
  readonly isTrusted: (provider: string) => boolean
  readonly logger: Logger
  readonly now: () => number
}

interface Known {
  readonly verdict: TokenVerdict
  readonly until: number
}

const maxKnown = 5_000
const rejectedMilliseconds = 5_000
/** How long a provider may be away before what depends on a token ends. */
const patienceMilliseconds = 5 * 60_000

/** Checks every token once, however many requests carry it, and remembers what came of it; the token itself is not kept. */
export function createBearer (parts: BearerParts): CheckToken {
  const { providers, isTrusted, logger, now } = parts
  const valid = new LRUCache<string, Known>(atMost(maxKnown))
  /** Apart, so that made-up tokens can't drive out the good ones. */
  const rejected = new LRUCache<string, Known>(atMost(maxKnown))
  const once = createSharedWork<TokenVerdict>()

  async function check (token: string, key: string): Promise<TokenVerdict> {
    let provider: Provider | undefined
    try {
      provider = providerOf(token, providers)
      const { claims, trustedUntil, expiresAt = Infinity } = await provider.readAccessToken(token)
      const { id } = provider
      const holds = (): boolean => isTrusted(id) && now() < Math.min(expiresAt, trustedUntil + patienceMilliseconds)
      const verdict = verdictOn(claims, provider, holds, parts)
      valid.set(key, { verdict, until: trustedUntil })
      return verdict
    } catch (error) {
      if (!(error instanceof TokenRejected)) throw unverifiable(error)
      const { reason: cause, found } = error
      logger.debug({ event: 'token.rejected', provider: provider?.id, cause, found: excerpt(found) }, 'a bearer token was not accepted')
      const verdict = { outcome: 'rejected', cause } as const
      // What it was worth before would hide this, and the provider would be asked at every request.
      valid.delete(key)
      rejected.set(key, { verdict, until: now() + rejectedMilliseconds })
      return verdict
    }
  }

  return (token, beforeWork) => {
    // One token has one judge (bearer-provider.ts): what it says of the token stands for nobody else (RFC 7662 section 4).
    const key = createHash('sha256').update(token).digest('base64')
    const known = valid.get(key) ?? rejected.get(key)
    if (known !== undefined && now() < known.until) return known.verdict
    beforeWork?.()
    return once(key, async () => await check(token, key))
  }
}

function verdictOn (claims: Claims, provider: Provider, holds: () => boolean, { mapping, keeps }: BearerParts): TokenVerdict {
  const { identity, refusal } = mapping(claims, provider.id)
  if (refusal !== undefined) return { outcome: 'refused', identity, refusal }
  const { auth_time: authTime, acr, amr } = claims
  const caller = {
    identity,
    authTime: isNumericDate(authTime) ? authTime : undefined,
    acr: typeof acr === 'string' ? acr : undefined,
    amr: Array.isArray(amr) ? amr.filter((method) => typeof method === 'string') : undefined,
    ...keeps.allClaims && { allClaims: allClaimsOf(claims, {}) }
  }
  return { outcome: 'accepted', caller: Object.freeze(caller), holds }
}

/** The provider is away, refuses our client, or answers nonsense. When to come back it may have said itself. */
function unverifiable (cause: unknown): Problem {
  const retryAfter = (cause instanceof Problem ? cause.headers['retry-after'] : undefined) ?? '5'
  return new Problem('token_unverifiable', { cause, headers: { 'retry-after': retryAfter } })
}

/** From a token that nobody has vouched for: enough to see the mistake by. */
function excerpt (found: unknown): string | undefined {
  return found === undefined ? undefined : JSON.stringify(bounded(found)).slice(0, 200)
}
