import { LRUCache } from 'lru-cache'
import { type Shelf, type ShelfLimits } from './shelf.ts'

/**
 * The same shelf, with no more on it at a time than this process may put there: what anybody can cause to be kept must not
 * fill a Redis that keeps sessions, too. Where there is no more room, the oldest make room.
 */
export function createBoundedShelf (shelf: Shelf, { maxEntries, maxCharacters }: ShelfLimits): Shelf {
  /** Name → size, of what was put here, and not taken here. */
  const sizes = new LRUCache<string, number>({
    max: maxEntries,
    maxSize: maxCharacters,
    sizeCalculation: (size) => size,
    dispose (_size, name, reason) { if (reason === 'evict') drop(name).catch(() => {}) }
  })

  /** May fail where the store is away: what is there goes when its time is over. */
  async function drop (name: string): Promise<void> {
    await shelf.take(name)
  }

  return {
    put (name, value, milliseconds) {
      sizes.set(name, value.length || 1)
      return shelf.put(name, value, milliseconds)
    },
    take (name) {
      sizes.delete(name)
      return shelf.take(name)
    },
    has: (name) => shelf.has(name)
  }
}
