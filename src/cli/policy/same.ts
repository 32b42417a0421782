/** Whether two values are the same to a policy: lists in any order, each entry once; maps with the same keys. */
export function isSame (one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) return new Set([...one, ...other]).size === new Set(one).size && new Set(one).size === new Set(other).size
  if (!isMap(one) || !isMap(other)) return one === other
  const keys = Object.keys(one)
  return keys.length === Object.keys(other).length && keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key]))
}

export function isMap (value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
