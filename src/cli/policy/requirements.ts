import { type AccessRequest, createAccess, type Decision, type RuleName, type RuleSettings } from '../../access/index.ts'
import { type Identity } from '../../mapping/index.ts'
import { type Authentication, stepUpWords } from '../../step-up.ts'

/** One entry of a rule’s `require`, held against the person on its own. */
export interface RequirementVerdict {
  /** Where it stands, below the rule: `require.roles`, `require.claims.department`, `require.any[0].groups`. */
  readonly setting: string
  /** What it demands, as the configuration has it; durations in milliseconds. */
  readonly expects: unknown
  readonly met: boolean
  /** What is missing, in words that complete “This page …”; absent where it is met. */
  readonly missing?: string
  /** Of `all` and `any`: what is in them. */
  readonly parts?: readonly RequirementVerdict[]
}

type Judge = (rule: RuleName, request: AccessRequest, identity: Identity, authentication?: Authentication) => readonly RequirementVerdict[]

/** A condition as the configuration has it. */
type Demands = Readonly<Record<string, unknown>>

/** Says of each requirement of a rule whether it is met, by asking about the same rule with nothing else required. */
export function requirementsJudge (rules: readonly RuleSettings[]): Judge {
  return ({ index }, request, identity, authentication) => {
    const rule = index === 'default' ? undefined : rules[index]
    if (rule?.require === undefined) return []
    const missing = (require: Demands): string | undefined => {
      // What the rule does not cover, of several readings of a path, is not its affair.
      const access = createAccess({ default: 'authenticated', rules: [{ ...rule, require }] })
      return missingIn(access.decide(request, identity, authentication))
    }
    return verdictsOn(rule.require as Demands, 'require', missing)
  }
}

function verdictsOn (demands: Demands, above: string, missingOf: (demands: Demands) => string | undefined): RequirementVerdict[] {
  return entriesOf(demands).map(({ path, expects, demand }) => {
    const setting = `${above}.${path}`
    const missing = missingOf(demand)
    const parts = conditionsIn(path, expects).flatMap((condition, index) => verdictsOn(condition, `${setting}[${index}]`, missingOf))
    return { setting, expects, met: missing === undefined, ...missing !== undefined && { missing }, ...parts.length > 0 && { parts } }
  })
}

interface Entry {
  readonly path: string
  readonly expects: unknown
  /** The entry alone. */
  readonly demand: Demands
}

/** One for each kind, and of claims and attributes, all of which have to be met, one for each name. */
function entriesOf (demands: Demands): Entry[] {
  return Object.entries(demands).filter(([, expects]) => expects !== undefined).flatMap(([kind, expects]) => {
    if (kind !== 'claims' && kind !== 'attributes') return [{ path: kind, expects, demand: { [kind]: expects } }]
    return Object.entries(expects as Demands).map(([name, value]) => ({ path: `${kind}.${name}`, expects: value, demand: { [kind]: { [name]: value } } }))
  })
}

function conditionsIn (kind: string, expects: unknown): readonly Demands[] {
  return (kind === 'all' || kind === 'any') && Array.isArray(expects) ? expects as readonly Demands[] : []
}

function missingIn (decision: Decision): string | undefined {
  if (decision.outcome === 'deny') return decision.missing
  return decision.outcome === 'step_up' ? `needs ${stepUpWords(decision.stepUp)}` : undefined
}
