/** No claim that means anything is nested deeper; a hostile one must not exhaust the stack here or wherever it is written. */
const maxDepth = 32

/** Freezes an object that was built here, and everything in it. */
export function deepFrozen<T> (value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const member of Object.values(value)) deepFrozen(member)
  return Object.freeze(value)
}

/** A copy of a JSON value, so that freezing it leaves the claims as they came; what is nested too deep becomes null. */
export function copyOf (value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth === maxDepth) return null
  if (Array.isArray(value)) return value.map((entry) => copyOf(entry, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, copyOf(member, depth + 1)]))
}
