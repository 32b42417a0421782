/**
 * Bounds of a cache as `lru-cache` takes them. Its option `max` makes room for all entries at once, full or not: caches
 * of 50,000 and 100,000 entries took 23 MiB in a gateway that had not served anybody yet. By size, room is made as it is
 * needed.
 */
interface Bounds<Value> {
  readonly maxSize: number
  readonly sizeCalculation: (value: Value) => number
}

/** At most so many entries. */
export function atMost (entries: number): Bounds<unknown> {
  return { maxSize: entries, sizeCalculation: () => 1 }
}

/**
 * At most so many entries, and at most so many characters in all. Each entry counts as its share of the characters at
 * least, so that one sum holds both bounds.
 * @param lengthOf in characters
 */
export function within<Value> (maxEntries: number, maxCharacters: number, lengthOf: (value: Value) => number): Bounds<Value> {
  const share = Math.max(1, Math.floor(maxCharacters / maxEntries))
  return { maxSize: share * maxEntries, sizeCalculation: (value) => Math.max(share, lengthOf(value)) }
}
