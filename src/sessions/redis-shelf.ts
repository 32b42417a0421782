import { type Redis } from './redis.ts'
import { type Seal } from './sealing.ts'
import { type Shelf } from './shelf.ts'

/** What lies in Redis. It names its key: moved under another one, it is worth nothing there. */
interface Shelved {
  readonly key: string
  readonly value: string
}

/** In Redis, sealed, for whichever replica comes to take it; the first that does has it, and nobody else. */
export function createRedisShelf (kind: string, { redis, seal }: { readonly redis: Redis, readonly seal: Seal }): Shelf {
  function valueIn (key: string, sealed: string | undefined): string | undefined {
    const shelved = sealed === undefined ? undefined : seal.open(sealed) as Shelved | undefined
    return shelved?.key === key ? shelved.value : undefined
  }

  return {
    async put (name, value, milliseconds) {
      const key = redis.keyOf(kind, name)
      await redis.set(key, seal.seal({ key, value } satisfies Shelved), milliseconds)
    },
    async take (name) {
      const key = redis.keyOf(kind, name)
      return valueIn(key, await redis.take(key))
    },
    async has (name) {
      const key = redis.keyOf(kind, name)
      return valueIn(key, await redis.get(key)) !== undefined
    }
  }
}
