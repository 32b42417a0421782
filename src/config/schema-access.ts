import { z } from 'zod'

const names = z.array(z.string().min(1)).min(1, { error: 'expected at least one name' })

const requirements = z.strictObject({
  roles: names.optional().describe('Any of these roles.'),
  groups: names.optional().describe('Any of these groups.'),
  organizations: names.optional().describe('Member of any of these organizations.'),
  claims: z.record(z.string().min(1), names).optional().describe('Claim (name or JSON pointer) → any of these values.')
})

const rule = z.strictObject({
  path: z.string().regex(/^\/[^?#\\]*$/, { error: 'expected a path that begins with a slash, such as /admin/**' }).default('/**')
    .describe('Path glob: `*` stands for characters within a segment, `**` for any number of segments. `/admin/**` covers /admin too.'),
  methods: z.array(z.string().regex(/^[A-Z][A-Z-]*$/, { error: 'expected a method in upper case, such as GET' })).min(1).optional()
    .describe('Methods that the rule is for; absent: all.'),
  allow: z.enum(['anonymous', 'authenticated']).optional().describe('Let everybody through, or everybody who is signed in.'),
  deny: z.literal(true).optional().describe('Let nobody through.'),
  require: requirements.optional().describe('Let those through who are signed in and meet every entry.'),
  unauthenticated: z.union([z.enum(['auto', 'redirect', '401']), z.literal(401).transform(() => '401' as const)], { error: 'expected one of auto, redirect, 401' }).prefault('auto')
    .describe('What a request without a session gets: a redirect to the sign-in, 401, or the one that suits a navigation or a program (`auto`).')
}).superRefine((entry, context) => {
  const given = (['allow', 'deny', 'require'] as const).filter((key) => entry[key] !== undefined)
  if (given.length > 1) context.addIssue({ code: 'custom', message: `expected one of allow, deny and require, found ${given.join(' and ')}` })
}).meta({ title: 'rule' })

export const accessSection = z.strictObject({
  default: z.enum(['authenticated', 'anonymous', 'deny']).default('authenticated')
    .describe('What holds for a request that no rule matches.'),
  rules: z.array(rule).prefault([]).describe('The first rule that matches decides.')
}).describe('Who may reach what.')
