const maxTextLength = 512
const maxEntries = 1_000
/** Nothing that is told of means anything deeper down. Writing it would exhaust the stack, and the event would be lost. */
const maxDepth = 16

/** A copy of a JSON value for people to read: text from outside is cut, and so are lists and whatever is nested too deep. */
export function bounded (value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return value.length > maxTextLength ? `${value.slice(0, maxTextLength)}…` : value
  if (typeof value !== 'object' || value === null) return value
  if (depth === maxDepth) return '…'
  if (Array.isArray(value)) return value.slice(0, maxEntries).map((entry) => bounded(entry, depth + 1))
  return Object.fromEntries(Object.entries(value).slice(0, maxEntries).map(([name, member]) => [name, bounded(member, depth + 1)]))
}
