import { isDeepStrictEqual } from 'node:util'
import { conditionsIn, type PlacedConditions } from './conditions.ts'
import { type Path } from './path.ts'
import { isPlaceholder, placeholders, placeholdersIn } from './path-glob.ts'
import { type Conditions } from './schema-conditions.ts'

/** Something in a rule that can't be meant. */
interface RuleFault {
  /** From the rule on. */
  readonly path: Path
  readonly message: string
}

interface RuleParts {
  readonly path: string
  readonly require?: Conditions | undefined
}

/** What of a rule contradicts itself, or could only fail. */
export function ruleFaults ({ path, require }: RuleParts): RuleFault[] {
  const placed = [...conditionsIn(require)]
  return [...unusedFaults(placed, path), ...placed.flatMap((each) => [...depthFaults(each), ...nameFaults(each, path), ...contradictions(each)])]
}

/** Deeper, nobody can tell any more who is let through. */
const maxDepth = 4

function depthFaults ({ path, depth }: PlacedConditions): RuleFault[] {
  return depth === maxDepth + 1 ? [{ path, message: `expected at most ${maxDepth} of all, any and not within each other` }] : []
}

/** Names in braces: the one of the address has to be there, and means nothing where it may be negated. */
function nameFaults ({ conditions, path, isBelowNot }: PlacedConditions, glob: string): RuleFault[] {
  return namesIn(conditions).flatMap(([kind, name, key]) => {
    if (!/^\{.*\}$/.test(name)) return []
    const problem = nameProblem(kind, name, glob, isBelowNot)
    return problem === undefined ? [] : [{ path: [...path, kind, key], message: problem }]
  })
}

type Kind = typeof placeholders[keyof typeof placeholders]

function nameProblem (kind: Kind, name: string, glob: string, isBelowNot: boolean): string | undefined {
  const [expected = ''] = Object.entries(placeholders).find(([, ofKind]) => ofKind === kind) ?? []
  if (name !== expected) return `expected ${expected}, the only name in braces that ${kind} may hold`
  if (!glob.split('/').includes(name)) return `${name} is not in the path of the rule, so nobody could be a member of it`
  return isBelowNot ? `${name} can’t stand below not: whoever spells the address otherwise would be let through` : undefined
}

type Name = readonly [kind: Kind, name: string, key: string | number]

function namesIn ({ organizations = [], projects = [] }: Conditions): Name[] {
  return ([['organizations', organizations], ['projects', projects]] as const).flatMap(([kind, given]): Name[] => {
    return Array.isArray(given) ? given.map((name, index) => [kind, name, index]) : Object.keys(given).map((name) => [kind, name, name])
  })
}

/** Whoever names it in the path thinks that it protects. */
function unusedFaults (placed: readonly PlacedConditions[], glob: string): RuleFault[] {
  const used = new Set(placed.flatMap(({ conditions }) => namesIn(conditions).map(([, name]) => name)).filter(isPlaceholder))
  return placeholdersIn(glob).filter((placeholder) => !used.has(placeholder))
    .map((placeholder) => ({ path: ['path'], message: `expected ${placeholder} in require.${placeholders[placeholder]} too: without that, the path protects nothing` }))
}

/** What is demanded, and at the same time forbidden by `not`. */
function contradictions ({ conditions, path }: PlacedConditions): RuleFault[] {
  const together = conjunctionOf(conditions)
  const demands = together.flatMap((each) => Object.entries(each).filter(([kind]) => kind !== 'not'))
  const isForbidden = together.some(({ not }) => not !== undefined && Object.entries(not).every((part) => demands.some((demand) => isDeepStrictEqual(demand, part))))
  return isForbidden ? [{ path, message: 'lets nobody through: all that not forbids is demanded beside it' }] : []
}

/** What has to hold together with it, itself included. */
function conjunctionOf (conditions: Conditions): Conditions[] {
  return [conditions, ...(conditions.all ?? []).flatMap(conjunctionOf)]
}
