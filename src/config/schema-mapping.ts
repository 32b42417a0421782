import { z } from 'zod'
import { regularExpression as groupFilter } from './values.ts'

const claimName = z.string().min(1).regex(/^(?!\/$)/, { error: 'expected the name of a claim or a JSON pointer such as /realm_access/roles' })
const names = z.array(z.string().min(1))
const groupNames = z.record(z.string().min(1), z.union([z.string().min(1), names.min(1)], { error: 'expected a group or a list of groups' }))
const rolesByName = z.record(z.string().min(1), names)
const separator = z.enum(['none', 'comma', 'semicolon', 'space'])

export const claimsSection = z.strictObject({
  user: claimName.default('preferred_username').describe('Claim that holds the user name; the subject stands in where it is absent.'),
  email: claimName.default('email').describe('Claim that holds the e-mail address.'),
  name: claimName.default('name').describe('Claim that holds the display name.'),
  firstName: claimName.default('given_name').describe('Claim that holds the first name.'),
  lastName: claimName.default('family_name').describe('Claim that holds the last name.'),
  groups: claimName.default('groups').describe('Claim that holds the groups: a list or one text.'),
  groupsSeparator: separator.default('none').describe('What stands between the groups where the claim is one text. The entries of a list are never divided, nor is a text with a distinguished name (`CN=…,OU=…`) at its commas.'),
  groupsProperty: claimName.optional().describe('Where the claim holds objects, such as `{"id": "7", "name": "ops"}`: the property that names the group. Without it, objects are ignored.'),
  roles: claimName.optional().describe('Claim that already holds roles.'),
  rolesSeparator: separator.default('none').describe('What stands between the roles where the claim is one text.'),
  rolesProperty: claimName.optional().describe('Where the claim holds objects: the property that names the role. Without it, objects are ignored.'),
  requireEmail: z.boolean().default(false).describe('Refuse a sign-in without an e-mail address.')
}).describe('Which claim holds what: a name, or a JSON pointer (RFC 6901) that begins with a slash.')

export const groupsSection = z.strictObject({
  rename: groupNames.default({})
    .describe('Group of the provider → one or more groups of the application.'),
  filter: groupFilter.optional()
    .describe('Regular expression (RE2) that a group must match to be kept, applied after `rename`.'),
  allow: names.default([]).describe('Member of at least one of these, or the sign-in is refused. The provider’s name or a renamed one, in any case.'),
  require: names.default([]).describe('Member of all of these, or the sign-in is refused. The provider’s name or a renamed one, in any case.')
}).describe('Which groups count, under which names, and who may sign in at all.')

/** What one of several providers calls its claims. */
export const ownClaims = z.strictObject({
  user: claimName.optional().describe('In place of `claims.user`.'),
  email: claimName.optional().describe('In place of `claims.email`.'),
  name: claimName.optional().describe('In place of `claims.name`.'),
  firstName: claimName.optional().describe('In place of `claims.firstName`.'),
  lastName: claimName.optional().describe('In place of `claims.lastName`.'),
  groups: claimName.optional().describe('In place of `claims.groups`.'),
  groupsSeparator: separator.optional().describe('In place of `claims.groupsSeparator`.'),
  groupsProperty: claimName.optional().describe('In place of `claims.groupsProperty`.'),
  roles: claimName.optional().describe('In place of `claims.roles`.'),
  rolesSeparator: separator.optional().describe('In place of `claims.rolesSeparator`.'),
  rolesProperty: claimName.optional().describe('In place of `claims.rolesProperty`.'),
  requireEmail: z.boolean().optional().describe('In place of `claims.requireEmail`.')
}).prefault({}).describe('Which claim of this provider holds what, where it differs from `claims`.')

/** What one of several providers calls its groups. */
export const ownGroups = z.strictObject({
  rename: groupNames.optional().describe('In place of `groups.rename`.'),
  filter: groupFilter.optional().describe('In place of `groups.filter`.'),
  allow: names.optional().describe('In place of `groups.allow`.'),
  require: names.optional().describe('In place of `groups.require`.')
}).prefault({}).describe('Which groups of this provider count, and who may sign in there, where it differs from `groups`.')

/** The parsed value has `providers`, however it was written. */
const when = z.strictObject({
  provider: z.string().min(1).optional().describe('Id of the only provider; short for `providers` with one entry.'),
  providers: names.min(1, { error: 'expected at least one provider' }).optional().describe('Ids of providers.')
}).transform(({ provider, providers }, context) => {
  if ((provider === undefined) !== (providers === undefined)) return { providers: providers ?? [provider ?? ''] }
  // Beside an unknown key, which may be a misspelt one of these two, there is nothing more to say.
  if (context.issues.length === 0) context.addIssue({ code: 'custom', message: 'expected either provider or providers' })
  return z.NEVER
})

const grant = z.strictObject({
  when: when.optional().describe('Grants it to whoever signed in at one of these providers, and to nobody else. Another provider can’t claim these roles (`claims.roles`) either, unless an entry for it gives them too.'),
  roles: names.default([]).describe('Roles.'),
  attributes: z.record(z.string().min(1), z.union([z.boolean(), names], { error: 'expected true, false or a list of text' })).default({})
    .describe('Attributes: a flag, which is OR-ed over all matching groups, or a list, which is unioned.'),
  organizations: rolesByName.default({}).describe('Organization → roles in it.'),
  projects: rolesByName.default({}).describe('Project → roles in it.')
}).meta({ title: 'grant' })

export const rolesSection = z.strictObject({
  default: names.default([]).describe('Roles that everyone who signs in has.'),
  allow: names.optional().describe('Where given, roles taken from the roles claim are limited to these.'),
  mapping: z.record(z.string().min(1), grant).superRefine(refuseMixedAttributes).prefault({})
    .describe('Group (after rename and filter) or role of the roles claim, in any case → what it grants.')
}).describe('Which groups give which roles, attributes, organizations and projects.')

export const organizationsSection = z.strictObject({
  default: z.string().min(1).optional().describe('Organization that everyone belongs to; without it nobody does by default.')
}).describe('Organizations that do not depend on a group.')

type Grant = z.output<typeof grant>

/** One attribute is either a flag or a list, everywhere: a union of the two means nothing. */
function refuseMixedAttributes (mapping: Record<string, Grant>, context: z.RefinementCtx): void {
  const kinds = new Map<string, string>()
  for (const [group, { attributes }] of Object.entries(mapping)) {
    for (const [attribute, value] of Object.entries(attributes)) {
      const kind = typeof value === 'boolean' ? 'a flag' : 'a list'
      const earlier = kinds.get(attribute) ?? kind
      kinds.set(attribute, earlier)
      if (kind === earlier) continue
      context.addIssue({ code: 'custom', path: [group, 'attributes', attribute], message: `${kind} here, ${earlier} in an earlier entry: an attribute is one or the other` })
    }
  }
}
