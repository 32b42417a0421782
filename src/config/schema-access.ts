import { z } from 'zod'
import { http } from '../node-http.ts'
import { addressRange } from '../request-origin/index.ts'
import { globProblem } from './path-glob.ts'
import { conditions, demandsSomething, isNotEmpty } from './schema-conditions.ts'
import { durationFrom, hostName, size } from './values.ts'

const contextClass = z.string().regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, { error: 'expected a value of acr without spaces or quotes' })

const demands = conditions.extend({
  acr: z.array(contextClass).min(1, { error: 'expected at least one value of acr' }).optional()
    .describe('The sign-in must have been of any of these kinds (`acr`). Whoever signed in otherwise is sent to the provider with `acr_values`.'),
  maxAge: durationFrom('10s').optional()
    .describe('The sign-in at the provider (`auth_time`) may be this long ago. Whoever signed in before that is sent there with `max_age`.')
})

const requirements = demands.refine(isNotEmpty, demandsSomething(Object.keys(demands.shape)))

/** CONNECT and TRACE are answered by Doorward itself: a rule for them would never hold. */
const ruledMethods = new Set(http.METHODS.filter((method) => method !== 'CONNECT' && method !== 'TRACE'))

const method = z.string()
  .regex(/^[A-Z][A-Z-]*$/, { error: 'expected a method in upper case, such as GET', abort: true })
  .refine((name) => ruledMethods.has(name), { error: 'expected a method that can reach the application, such as GET' })

const pathGlob = z.string()
  .regex(/^\/[^?#\\]*$/, { error: 'expected a path that begins with a slash, such as /admin/**', abort: true })
  .superRefine((glob, context) => {
    const problem = globProblem(glob)
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
  })

const clientRange = z.string().transform((text, context) => {
  const range = addressRange(text)
  if (range !== undefined) return range
  context.addIssue({ code: 'custom', message: 'expected an address or a CIDR such as 10.0.0.0/8' })
  return z.NEVER
}).meta({ title: 'CIDR' })

const rule = z.strictObject({
  path: pathGlob.default('/**')
    .describe('Path glob: `*` stands for characters within a segment, `**` for any number of segments. `/admin/**` covers /admin too. `{organization}` and `{project}` stand for one segment that `require` refers to.'),
  methods: z.array(method).min(1).optional()
    .describe('Methods that the rule is for; absent: all.'),
  hosts: z.array(hostName).min(1, { error: 'expected at least one host' }).optional()
    .describe('Hosts that the rule is for, of those that Doorward serves; absent: all.'),
  clientAddresses: z.array(clientRange).min(1, { error: 'expected at least one address' }).optional()
    .describe('Addresses of clients that the rule is for; absent: all. Other clients get what later rules say. A client whose address is not known is refused.'),
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
