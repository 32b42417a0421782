import { createLocalJWKSet, type JSONWebKeySet } from 'jose'
import { type ProviderHttp } from './provider-http.ts'

/** The keys that the provider publishes (RFC 7517 section 5). */
export interface KeySet {
  readonly jwks: JSONWebKeySet
  /** Finds the key that a token's header speaks of, for jose. */
  readonly keyFor: ReturnType<typeof createLocalJWKSet>
}

/** The provider's keys: fetched when first needed, kept for five minutes, and through outages of the provider. */
export interface ProviderKeys {
  /**
   * Attempts something with the keys at hand. Where none of them is the one asked for, it is attempted again with those
   * that others have just fetched, and then with keys fetched for it, since one may have been rotated in a moment ago
   * (OpenID Connect Core section 10.1.1).
   */
  use<Result> (server: { readonly jwks_uri?: string }, attempt: (keys: KeySet) => Promise<Result>): Promise<Result>
}

export interface HeldKeys {
  readonly uri: string
  readonly keys: KeySet
  /** Milliseconds since the epoch. */
  readonly freshUntil: number
}

export interface ProviderKeysParts {
  readonly fetch: ProviderHttp['fetch']
  /** Where the keys are kept, and may be already. */
  readonly memory: { keys?: HeldKeys }
  /** Asked before keys are fetched only because one is unknown: see `createRefetchBudget`. */
  readonly mayRefetch: () => boolean
  readonly now: () => number
}

/** Keys that could not be had (`PROVIDER_KEYS_UNAVAILABLE`), or an answer that is no key set (`PROVIDER_KEYS_INVALID`). */
class ProviderKeysError extends Error {
  override readonly name = 'ProviderKeysError'
  readonly code: 'PROVIDER_KEYS_UNAVAILABLE' | 'PROVIDER_KEYS_INVALID'

  constructor (code: ProviderKeysError['code'], message: string) {
    super(message)
    this.code = code
  }
}

const freshMilliseconds = 5 * 60 * 1000
/** How long keys that could not be renewed are used before the next attempt. */
const keptMilliseconds = 10_000
/** How long a failure without earlier keys is told again: tokens must not turn into requests at a provider that is down. */
const failureMilliseconds = 1_000

/** One store for sign-ins and bearer tokens alike: whoever wears the budget out thereby renews the keys for all. */
export function createProviderKeys ({ fetch, memory, mayRefetch, now }: ProviderKeysParts): ProviderKeys {
  let failure: { readonly error: unknown, readonly toldUntil: number } | undefined
  let fetching: Promise<KeySet> | undefined

  function load (uri: string): Promise<KeySet> {
    fetching ??= fetchKeys(uri, fetch).then(
      (keys) => {
        memory.keys = { uri, keys, freshUntil: now() + freshMilliseconds }
        return keys
      },
      (error: unknown) => {
        failure = { error, toldUntil: now() + failureMilliseconds }
        throw error
      }
    ).finally(() => { fetching = undefined })
    return fetching
  }

  async function current (uri: string): Promise<KeySet> {
    const { keys: held } = memory
    if (held?.uri !== uri) {
      if (failure !== undefined && now() < failure.toldUntil) throw failure.error
      return await load(uri)
    }
    if (now() < held.freshUntil) return held.keys
    const { keys } = held
    return await load(uri).catch(() => {
      memory.keys = { uri, keys, freshUntil: now() + keptMilliseconds }
      return keys
    })
  }

  /** What others have fetched since, or are fetching. It may have been published before the token was signed. */
  async function shared (uri: string, tried: KeySet | undefined): Promise<KeySet | undefined> {
    const { keys: held } = memory
    return held?.uri === uri && held.keys !== tried ? held.keys : await fetching
  }

  async function refetched (uri: string): Promise<KeySet | undefined> {
    return fetching !== undefined || mayRefetch() ? await load(uri) : undefined
  }

  return {
    async use ({ jwks_uri: uri = '' }, attempt) {
      let tried: KeySet | undefined
      let failure: unknown
      for (const source of [current, shared, refetched]) {
        const keys = await source(uri, tried)
        if (keys === undefined) continue
        try {
          return await attempt(keys)
        } catch (error) {
          if (!isUnknownKey(error)) throw error
          failure = error
          tried = keys
        }
      }
      throw failure
    }
  }
}

/** The codes of oauth4webapi and of jose for a key that is not in the set. */
function isUnknownKey (error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return code === 'OAUTH_KEY_SELECTION_FAILED' || code === 'ERR_JWKS_NO_MATCHING_KEY'
}

async function fetchKeys (uri: string, fetch: ProviderHttp['fetch']): Promise<KeySet> {
  const response = await fetch(uri, { headers: { accept: 'application/json, application/jwk-set+json' } })
  if (response.status !== 200) {
    throw new ProviderKeysError(response.status >= 500 ? 'PROVIDER_KEYS_UNAVAILABLE' : 'PROVIDER_KEYS_INVALID', `the provider’s keys: status ${response.status}`)
  }
  try {
    const jwks = await response.json() as JSONWebKeySet
    return { jwks, keyFor: createLocalJWKSet(jwks) }
  } catch {
    throw new ProviderKeysError('PROVIDER_KEYS_INVALID', 'the provider’s keys are not a key set')
  }
}
