import { z } from 'zod'
import { emailDomain } from './schema-providers.ts'
import { regularExpression } from './values.ts'

const names = z.array(z.string().min(1)).min(1, { error: 'expected at least one name' })

/** A list, or a map of names to roles; with the braces of a placeholder, a name is what the address says. */
function memberships (kind: 'organization' | 'project') {
  const byRole = z.record(z.string().min(1), z.array(z.string().min(1))).refine(isNotEmpty, { error: `expected at least one ${kind}` })
  return z.union([names, byRole], { error: `expected a list of ${kind}s, or a map of ${kind}s to the roles of which one is needed there` })
}

const attributes = z.record(z.string().min(1), z.union([z.literal(true), names], { error: 'expected true, or a list of values of which one is needed' }))
  .refine(isNotEmpty, { error: 'expected at least one attribute' })

const claimValue = z.union([z.string().min(1), z.number(), z.boolean()])

/** The parsed value is a list of texts, or an expression: a number or a flag is compared as the text that JSON writes. */
const claimDemand = z.union([claimValue, z.array(claimValue), z.strictObject({ matches: z.string() })], { error: 'expected a value, a list of values, or matches with a regular expression' })
  .superRefine((demand, context) => {
    const refuse = (message: string, path: string[] = []) => { context.addIssue({ code: 'custom', path, message }) }
    const problem = isExpression(demand) ? regularExpression.safeParse(demand.matches).error?.issues[0]?.message : undefined
    if (problem !== undefined) refuse(problem, ['matches'])
    if (Array.isArray(demand) && demand.length === 0) refuse('expected at least one value')
    if (valuesOf(demand).some(isInexact)) refuse('expected this number in quotes: it has more digits than a number keeps')
  })
  .transform((demand) => isExpression(demand) ? demand : valuesOf(demand).map(String))
  .meta({ title: 'value, list of values or `matches`' })

type ClaimValue = z.output<typeof claimValue>
type ClaimInput = ClaimValue | ClaimValue[] | { matches: string }

function isExpression (demand: ClaimInput): demand is { matches: string } {
  return typeof demand === 'object' && 'matches' in demand
}

function valuesOf (demand: ClaimInput): ClaimValue[] {
  if (isExpression(demand)) return []
  return Array.isArray(demand) ? demand : [demand]
}

/** Two ids that differ would be the same number. */
function isInexact (value: ClaimValue): boolean {
  return typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
}

/** What one part of several demands can't be: whoever lacks it is sent to sign in again, whatever the other parts say. */
const onlyInRequire = z.never({ error: 'is possible directly in require alone: who does not meet it is sent to sign in again, and all, any and not can’t say so' }).optional()

const kinds = z.strictObject({
  roles: names.optional().describe('Any of these roles.'),
  groups: names.optional().describe('Any of these groups, in any case.'),
  organizations: memberships('organization').optional().describe('Member of any of these organizations; as a map, with any of the roles given for it. `{organization}` is the one that the path names.'),
  projects: memberships('project').optional().describe('The same for projects, and `{project}`.'),
  attributes: attributes.optional().describe('Attribute → `true`, or any of these values.'),
  providers: names.optional().describe('Signed in at any of these providers, by their ids.'),
  emailDomains: z.array(emailDomain).min(1, { error: 'expected at least one domain' }).optional()
    .describe('An address in exactly one of these domains (`email`) which the provider says it has verified (`email_verified`).'),
  claims: z.record(z.string().min(1), claimDemand).refine(isNotEmpty, { error: 'expected at least one claim' }).optional()
    .describe('Claim (name or JSON pointer) → any of these values, or `matches`: a regular expression (RE2) for the whole value. Of a list, one entry is enough.')
})

/** What may be demanded of a person. */
export interface Conditions extends z.output<typeof kinds> {
  readonly all?: readonly Conditions[] | undefined
  readonly any?: readonly Conditions[] | undefined
  readonly not?: Conditions | undefined
}

const nested: z.ZodType<Conditions> = z.lazy(() => condition)

function several (description: string) {
  return z.array(nested).min(1, { error: 'expected at least one condition' }).optional().describe(description)
}

/** Beside the kinds of a condition, what others are put together by; anew for each, so that the JSON Schema stays flat. */
function combinations () {
  return {
    all: several('Every one of these.'),
    any: several('At least one of these.'),
    not: nested.optional().describe('The opposite of this.')
  }
}

export const conditions = kinds.extend(combinations())

const condition = kinds.extend({ ...combinations(), acr: onlyInRequire, maxAge: onlyInRequire })
  .refine(isNotEmpty, demandsSomething(Object.keys(conditions.shape)))
  .transform(({ acr: _acr, maxAge: _maxAge, ...rest }): Conditions => rest)
  .meta({ id: 'condition', title: 'condition' })

/** Empty, `any` would let nobody through, and `not` too: neither can be meant. */
export function demandsSomething (kinds: readonly string[]) {
  return {
    error: `expected at least one of ${kinds.join(', ')}`,
    // Of a misspelt demand enough is said already.
    when: ({ issues }: z.core.ParsePayload) => issues.length === 0
  }
}

export function isNotEmpty (map: object): boolean {
  return Object.values(map).some((value) => value !== undefined)
}
