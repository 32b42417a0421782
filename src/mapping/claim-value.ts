import { claimPath } from './claim-pointer.ts'
import { type Claims } from './identity.ts'

/**
 * The value of a claim given by name, or by JSON pointer where it begins with a slash; undefined where there is none.
 * Own properties only: a pointer to `/constructor` must not find what every object inherits.
 */
export function readClaim (claims: Claims, nameOrPointer: string): unknown {
  return claimPath(nameOrPointer).reduce<unknown>(member, claims)
}

/** A text, not empty; undefined for anything else. */
export function textOf (value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The texts of a list, or one text as a list of one. Whatever else is there is left out. */
export function textList (value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((entry) => textOf(entry) !== undefined)
}

function member (value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  // RFC 6901 section 4: an element of a list is named by its index. The length is a list's own, but no element.
  if (Array.isArray(value) && key === 'length') return undefined
  return (value as Record<string, unknown>)[key]
}
