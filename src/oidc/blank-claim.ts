/** Whether a claim says nothing: it is absent or null, a text of nothing but spaces, or a list or object without anything in it. */
export function isBlank (value: unknown): boolean {
  if (value === null || value === undefined) return true
  if (typeof value === 'string') return value.trim() === ''
  return typeof value === 'object' && Object.keys(value).length === 0
}
