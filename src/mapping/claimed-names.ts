import { readClaim, textOf } from './claim-value.ts'
import { type Claims } from './identity.ts'
import { type Separator } from './settings.ts'
import { type AbsentClaim, type IgnoredValue } from './trace.ts'

/** Where the provider names the groups or the roles of a person, and in which form. */
export interface NamesClaim {
  /** Its name, or a JSON pointer. */
  readonly claim: string
  readonly separator: Separator
  /** Property of an object that holds the name; without it, objects are ignored. */
  readonly property?: string | undefined
}

export interface ClaimedNames {
  /** Once each, in the order in which the provider sent them. */
  readonly names: readonly string[]
  /** What was expected and is not there, or is no name. */
  readonly trace: ReadonlyArray<AbsentClaim | IgnoredValue>
}

/** Compiles what finds the names in the claim: a list, one text, or one text that holds several. */
export function createNameReader (expected: 'groups' | 'roles', { claim, separator, property }: NamesClaim): (claims: Claims) => ClaimedNames {
  const nameOf = (entry: unknown): string | undefined => textOf(property !== undefined && isObject(entry) ? readClaim(entry, property) : entry)

  return (claims) => {
    const value = readClaim(claims, claim)
    if (value === undefined) return { names: [], trace: [{ what: 'absent', expected, claim }] }
    const names = new Set<string>()
    const ignored = new Set<string>()
    for (const entry of typeof value === 'string' ? divided(value, separator) : listOf(value)) {
      const name = nameOf(entry)
      if (name === undefined) ignored.add(kindOf(entry))
      else names.add(name)
    }
    return { names: [...names], trace: [...ignored].map((kind) => ({ what: 'ignored', expected, claim, value: kind })) }
  }
}

function listOf (value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}

function isObject (value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The kind alone, never the value. */
function kindOf (value: unknown): string {
  if (value === '') return 'empty text'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'list' : typeof value
}

const dividers = { comma: ',', semicolon: ';', space: / +/ } as const

/** `CN=` or `2.5.4.3=`, the type of an attribute in a distinguished name (RFC 4514 section 3). */
const attributeType = /^([A-Za-z][A-Za-z0-9-]*|\d+(\.\d+)+) *=/

/**
 * The names in one text. A distinguished name is full of commas (`CN=Admins,OU=Groups`): a text that holds one is never
 * divided there, or a unit called `Admins` would be taken for the group. It is then one name as a whole.
 */
function divided (text: string, separator: Separator): string[] {
  if (separator === 'none' || text === '') return [text]
  const parts = text.trim().split(dividers[separator]).map((part) => part.trim())
  return separator === 'comma' && parts.some((part) => attributeType.test(part)) ? [text] : parts
}
