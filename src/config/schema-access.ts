import { METHODS } from 'node:http'
import { z } from 'zod'
import { durationFrom, size } from './values.ts'

const names = z.array(z.string().min(1)).min(1, { error: 'expected at least one name' })

const contextClass = z.string().regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, { error: 'expected a value of acr without spaces or quotes' })

const requirements = z.strictObject({
  roles: names.optional().describe('Any of these roles.'),
  groups: names.optional().describe('Any of these groups.'),
  organizations: names.optional().describe('Member of any of these organizations.'),
  providers: names.optional().describe('Signed in at any of these providers, by their ids.'),
  claims: z.record(z.string().min(1), names)
    .refine((claims) => Object.keys(claims).length > 0, { error: 'expected at least one claim' })
    .optional()
    .describe('Claim (name or JSON pointer) → any of these values.'),
  acr: z.array(contextClass).min(1, { error: 'expected at least one value of acr' }).optional()
    .describe('The sign-in must have been of any of these kinds (`acr`). Whoever signed in otherwise is sent to the provider with `acr_values`.'),
  maxAge: durationFrom('10s').optional()
    .describe('The sign-in at the provider (`auth_time`) may be this long ago. Whoever signed in before that is sent there with `max_age`.')
}).refine((demands) => Object.values(demands).some((demand) => demand !== undefined), {
  error: 'expected at least one of roles, groups, organizations, providers, claims, acr and maxAge',
  // Of a misspelt demand enough is said already.
  when: ({ issues }) => issues.length === 0
})

/** CONNECT and TRACE are answered by Doorward itself: a rule for them would never hold. */
const ruledMethods = new Set(METHODS.filter((method) => method !== 'CONNECT' && method !== 'TRACE'))

const method = z.string()
  .regex(/^[A-Z][A-Z-]*$/, { error: 'expected a method in upper case, such as GET', abort: true })
  .refine((name) => ruledMethods.has(name), { error: 'expected a method that can reach the application, such as GET' })

const pathGlob = z.string()
  .regex(/^\/[^?#\\]*$/, { error: 'expected a path that begins with a slash, such as /admin/**', abort: true })
  .superRefine((glob, context) => {
    const problem = globProblem(glob)
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
  })

/** What never matches a request, or less than it seems to: the path of a request has one spelling. */
function globProblem (glob: string): string | undefined {
  if (glob === '/') return undefined
  const segments = glob.slice(1).split('/')
  const above = glob.replace(/\/+$/, '')
  if (glob.includes('//')) return 'expected a path without empty segments'
  if (segments.at(-1) === '') return `expected a path without a slash at its end; write ${above}/** or ${above}`
  if (segments.some(isDotSegment)) return 'expected a path without . and .. segments'
  if (segments.some((segment) => segment.includes('**') && segment !== '**')) return 'expected ** to stand alone between slashes, as in /admin/**; within a segment, * stands for any characters'
  return undefined
}

function isDotSegment (segment: string): boolean {
  return ['.', '..'].includes(segment.replace(/%2e/gi, '.'))
}

const rule = z.strictObject({
  path: pathGlob.default('/**')
    .describe('Path glob: `*` stands for characters within a segment, `**` for any number of segments. `/admin/**` covers /admin too.'),
  methods: z.array(method).min(1).optional()
    .describe('Methods that the rule is for; absent: all.'),
  allow: z.enum(['anonymous', 'authenticated']).optional().describe('Let everybody through, or everybody who is signed in.'),
  deny: z.literal(true).optional().describe('Let nobody through.'),
  require: requirements.optional().describe('Let those through who are signed in and meet every entry.'),
  unauthenticated: z.union([z.enum(['auto', 'redirect', '401']), z.literal(401).transform(() => '401' as const)], { error: 'expected one of auto, redirect, 401' }).prefault('auto')
    .describe('What a request without a session gets: a redirect to the sign-in, 401, or the one that suits a navigation or a program (`auto`).'),
  maxBody: size.optional().describe('How long the body of a request may be; a longer one gets 413. Default: as long as the client likes.'),
  bearer: z.boolean().default(false).describe('Programs may come with an access token of the provider, as `provider.bearer` says, in place of a session.')
}).superRefine((entry, context) => {
  const given = (['allow', 'deny', 'require'] as const).filter((key) => entry[key] !== undefined)
  if (given.length > 1) context.addIssue({ code: 'custom', message: `expected one of allow, deny and require, found ${given.join(' and ')}` })
}).meta({ title: 'rule' })

const webOrigin = z.string()
  .refine((text) => /^https?:/.test(text) && URL.parse(text)?.origin === text.toLowerCase(), { error: 'expected an origin without a path, such as https://app.example.com' })
  .transform((text) => text.toLowerCase())

export const accessSection = z.strictObject({
  default: z.enum(['authenticated', 'anonymous', 'deny']).default('authenticated')
    .describe('What holds for a request that no rule matches.'),
  rules: z.array(rule).prefault([]).describe('The first rule that matches decides.'),
  webSocketOrigins: z.array(webOrigin).prefault([])
    .describe('Other origins whose pages may open WebSockets in the name of whoever is signed in. The public one always may.'),
  corsOrigins: z.array(webOrigin).prefault([])
    .describe('Other origins whose scripts may read what Doorward itself answers, with credentials: 401 with the address of the sign-in, and `/oidc/session`. Preflight requests of theirs are answered where the application’s answer would need a session.')
}).describe('Who may reach what.')
