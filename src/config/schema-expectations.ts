import { z } from 'zod'
import { canonicalAddress } from '../request-origin/index.ts'

const names = z.array(z.string())
const memberships = z.union([names, z.record(z.string(), names)], { error: 'expected a list of names, or a map of names to roles' })
const claims = z.record(z.string(), z.unknown()).refine(({ sub = 'unknown' }) => typeof sub === 'string' && sub !== '', { error: 'expected the claim sub to be text', path: ['sub'] })

/** What may be expected; whatever is absent is not looked at. */
const expected = z.strictObject({
  decision: z.enum(['allowed', 'refused', 'sign_in', 'step_up', 'bad_request', 'own_route']).optional(),
  rule: z.string().min(1).optional(),
  reason: z.enum(['required_group_missing', 'no_email_claim']).optional(),
  user: z.string().optional(),
  email: z.string().optional(),
  name: z.string().optional(),
  firstName: z.string().optional(),
  lastName: z.string().optional(),
  groups: names.optional(),
  roles: names.optional(),
  organizations: memberships.optional(),
  projects: memberships.optional(),
  attributes: z.record(z.string(), z.union([z.boolean(), names], { error: 'expected true, false or a list of text' })).optional()
}).refine((entries) => Object.keys(entries).length > 0, { error: 'expected something to compare, such as `decision: allowed`', when: ({ issues }) => issues.length === 0 })

/** One case: who, which request, and what is expected of the two. */
const expectedCase = z.strictObject({
  name: z.string().min(1),
  person: z.string().optional(),
  claims: claims.optional(),
  provider: z.string().optional(),
  path: z.string().min(1).optional(),
  method: z.string().min(1).optional(),
  host: z.string().min(1).optional(),
  address: z.string().refine((text) => canonicalAddress(text) !== undefined, { error: 'expected an IP address' }).optional(),
  expect: expected
})

/** A file of expectations about the policy, for `doorward test`. */
export const expectationsSchema = z.strictObject({
  people: z.record(z.string(), claims).default({}),
  cases: z.array(expectedCase).min(1, { error: 'expected at least one case' })
})

export type Case = z.output<typeof expectedCase>
export type ExpectedOutcome = Case['expect']
