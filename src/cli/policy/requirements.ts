import { type AccessRequest, createAccess, type Decision, type Requirements, type RuleName, type RuleSettings } from '../../access/index.ts'
import { type Identity } from '../../mapping/index.ts'
import { type Authentication, stepUpWords } from '../../step-up.ts'

/** One entry of a rule’s `require`, held against the person on its own. */
export interface RequirementVerdict {
  /** Where it stands, below the rule: `require.roles`, `require.claims.department`. */
  readonly setting: string
  /** What it demands, as the configuration has it. */
  readonly expects: unknown
  readonly met: boolean
  /** What is missing, in words that complete “This page …”; absent where it is met. */
  readonly missing?: string
}

type Judge = (rule: RuleName, request: AccessRequest, identity: Identity, authentication?: Authentication) => readonly RequirementVerdict[]

/** Says of each requirement of a rule whether it is met: by asking for each as if it were the only one. */
export function requirementsJudge (rules: readonly RuleSettings[]): Judge {
  return ({ index }, request, identity, authentication) => {
    const required = index === 'default' ? undefined : rules[index]?.require
    return entriesOf(required ?? {}).map(({ setting, expects, require }) => {
      const decision = onlyRule(require).decide(request, identity, authentication)
      const missing = missingIn(decision)
      return { setting, expects, met: missing === undefined, ...missing !== undefined && { missing } }
    })
  }
}

interface Entry {
  readonly setting: string
  readonly expects: unknown
  readonly require: Requirements
}

function entriesOf ({ claims = {}, ...others }: Requirements): Entry[] {
  return [
    ...Object.entries(others)
      .filter(([, expects]) => expects !== undefined)
      .map(([kind, expects]) => ({ setting: `require.${kind}`, expects, require: { [kind]: expects } })),
    ...Object.entries(claims).map(([claim, expects]) => ({ setting: `require.claims.${claim}`, expects, require: { claims: { [claim]: expects } } }))
  ]
}

function onlyRule (require: Requirements): ReturnType<typeof createAccess> {
  return createAccess({ default: 'deny', rules: [{ path: '/**', require, unauthenticated: 'auto', bearer: false }] })
}

function missingIn (decision: Decision): string | undefined {
  if (decision.outcome === 'deny') return decision.missing
  return decision.outcome === 'step_up' ? `needs ${stepUpWords(decision.stepUp)}` : undefined
}
