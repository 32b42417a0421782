/**
 * The right to do something alone. Whoever holds it may vanish: what is shared ends by itself after a while, and is
 * renewed until then.
 */
export interface Leases {
  /** Ends it, or `undefined` while somebody else holds it. Rejects where that can't be known. */
  acquire (name: string): Release | undefined | Promise<Release | undefined>
}

/** Never rejects: what can't be given back ends by itself. */
export type Release = () => void | Promise<void>

/** In memory: among the requests of this process. */
export function createLeases (): Leases {
  const held = new Set<string>()
  return {
    acquire (name) {
      if (held.has(name)) return undefined
      held.add(name)
      return () => { held.delete(name) }
    }
  }
}
