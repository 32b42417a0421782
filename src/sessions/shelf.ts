import { LRUCache } from 'lru-cache'

/** Things kept for a short while on the server, each to be taken once. What is put there is sealed by whoever puts it. */
export interface Shelf {
  /** @throws {Problem} where it can't be kept */
  put (name: string, value: string, milliseconds: number): void | Promise<void>
  /** The value, to the first who asks; `undefined` for everybody else, and once its time is over. */
  take (name: string): string | undefined | Promise<string | undefined>
  /** Whether something lies there; it stays. @throws {Problem} where that can't be known */
  has (name: string): boolean | Promise<boolean>
}

export interface ShelfLimits {
  readonly maxEntries: number
  /** Of all values together. */
  readonly maxCharacters: number
}

interface Entry {
  readonly value: string
  readonly until: number
}

/** In memory: for this process alone. Where there is no more room, the oldest make room. */
export function createMemoryShelf ({ maxEntries, maxCharacters }: ShelfLimits, now: () => number): Shelf {
  const entries = new LRUCache<string, Entry>({ max: maxEntries, maxSize: maxCharacters, sizeCalculation: ({ value }) => value.length || 1 })
  return {
    put (name, value, milliseconds) { entries.set(name, { value, until: now() + milliseconds }) },
    take (name) {
      const entry = entries.get(name)
      entries.delete(name)
      return entry !== undefined && now() < entry.until ? entry.value : undefined
    },
    has: (name) => now() < (entries.get(name)?.until ?? -Infinity)
  }
}
