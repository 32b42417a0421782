import { type Path } from './path.ts'
import { type Conditions } from './schema-conditions.ts'

/** A condition within the demands of a rule. */
export interface PlacedConditions {
  readonly conditions: Conditions
  /** From the rule on: `require`, then `all`, `any`, `not` and indexes. */
  readonly path: Path
  /** Below a `not`, or a `not` within that: where it stands at all, what it says may be the opposite. */
  readonly isBelowNot: boolean
  /** How many of `all`, `any` and `not` it stands in. */
  readonly depth: number
}

/** The demands of a rule, and every condition in them. */
export function * conditionsIn (require: Conditions | undefined): Generator<PlacedConditions> {
  if (require !== undefined) yield * below({ conditions: require, path: ['require'], isBelowNot: false, depth: 0 })
}

function * below (placed: PlacedConditions): Generator<PlacedConditions> {
  yield placed
  const { conditions: { all = [], any = [], not }, path, depth } = placed
  for (const [index, conditions] of all.entries()) yield * below({ ...placed, conditions, path: [...path, 'all', index], depth: depth + 1 })
  for (const [index, conditions] of any.entries()) yield * below({ ...placed, conditions, path: [...path, 'any', index], depth: depth + 1 })
  if (not !== undefined) yield * below({ conditions: not, path: [...path, 'not'], isBelowNot: true, depth: depth + 1 })
}
