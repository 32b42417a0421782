import { z } from 'zod'
import { foldedName, isClosedToTemplates } from '../header-names.ts'
import { duration, filePath, secretKey } from './values.ts'

const headerName = z.string()
  .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, { error: 'expected a header name', abort: true })
  .refine((name) => !isClosedToTemplates(foldedName(name)), { error: 'this header can’t be set by a template' })

const templateReference = /^(sub|user|email|name|firstName|lastName|provider|groups|roles|claims\..+|attributes\..+)$/

const headerTemplate = z.string().regex(/^[\x20-\x7e]*$/, { error: 'expected visible ASCII and spaces between the placeholders' }).superRefine((text, context) => {
  for (const [placeholder, reference = ''] of text.matchAll(/\{([^{}]*)\}/g)) {
    if (templateReference.test(reference)) continue
    context.addIssue({ code: 'custom', message: `${placeholder} is no placeholder; expected one of {user}, {sub}, {email}, {name}, {firstName}, {lastName}, {provider}, {groups}, {roles}, {claims.NAME}, {attributes.NAME}` })
  }
})

const headerTemplates = z.record(headerName, headerTemplate).superRefine((templates, context) => {
  const names = new Map<string, string>()
  for (const name of Object.keys(templates)) {
    const earlier = names.get(foldedName(name))
    if (earlier === undefined) names.set(foldedName(name), name)
    else context.addIssue({ code: 'custom', path: [name], message: `the same header as ${earlier} to many applications; one of them is enough` })
  }
})

/** What can be said for all applications and for each. */
export const headerSettings = {
  profiles: z.array(z.enum(['doorward', 'mod_auth_openidc', 'oauth2-proxy'])),
  accessToken: z.boolean(),
  set: headerTemplates,
  encoding: z.enum(['percent', 'base64url', 'latin1'])
}

export const headersSection = z.strictObject({
  profiles: headerSettings.profiles.default(['doorward']).describe('Sets of identity headers that the application receives: Doorward’s own, those of mod_auth_openidc (`OIDC_CLAIM_…`), those of oauth2-proxy (`X-Forwarded-User` and others), or several at once.'),
  accessToken: headerSettings.accessToken.optional().describe('Pass the access token on, in the profiles that have a header for it. By default as the original has it: `mod_auth_openidc` does, `oauth2-proxy` does not.'),
  set: headerSettings.set.default({})
    .describe('Further headers: name → template, such as `{claims.department}` or `{user}@{provider}`. A client’s header of that name is removed.'),
  encoding: headerSettings.encoding.default('percent')
    .describe('How values outside visible ASCII are written: percent-encoded UTF-8, base64url of the whole value, or latin1 with `?` for what does not fit. Other profiles write UTF-8; `mod_auth_openidc` follows `base64url` and `latin1`.')
}).describe('What the application is told about whoever is signed in.')

export const assertionSection = z.strictObject({
  algorithm: z.enum(['ES256', 'EdDSA', 'RS256', 'PS256']).default('ES256').describe('Signature algorithm of the assertion.'),
  key: z.string().min(1).meta({ writeOnly: true }).optional().describe('Private key as PEM (PKCS #8) or JWK. Without it one is generated at every start.'),
  keyFile: filePath.optional().describe('File that holds `key`.'),
  previousKeys: z.array(z.string().min(1)).meta({ writeOnly: true }).default([]).describe('Earlier keys, private or public: still published in the JWKS, never used to sign.'),
  previousKeysFile: filePath.optional().describe('File that holds `previousKeys`: PEM blocks one after the other, or a JWK Set.'),
  lifetime: duration('5m', '10s').describe('How long an assertion is valid. It is reused until half of that has passed.')
}).describe('The signed statement of who is signed in, in `X-Auth-Assertion`.')

export const pagesSection = z.strictObject({
  claimsFor: z.array(z.string().min(1)).default(['admin']).describe('Roles, of which anybody with one may open the claims page, `/oidc/claims`; `[]` switches it off.'),
  detail: z.enum(['full', 'minimal']).default('full').describe('Whether the refused page, and the answer to a program, say which rule refused, what is missing and who you are, with roles and groups, or only that access was refused. Either has the reference that is in the audit trail.')
}).describe('The pages that people see.')

export const auditSection = z.strictObject({
  destination: z.string().min(1).default('stdout').describe('`stdout`, or the path of a file that is appended to, or of a FIFO. One JSON object a line. At SIGHUP the file is opened anew.'),
  pseudonymize: z.boolean().default(false).describe('Write pseudonyms in place of who somebody is and where they come from: keyed hashes, the same for the same person. Needs `pseudonymKey`.'),
  pseudonymKey: secretKey.meta({ writeOnly: true }).optional().describe('Key of the pseudonyms, 32 bytes or more in base64, as `doorward keygen` prints it. The same in every replica, and kept for as long as the trail is.'),
  pseudonymKeyFile: filePath.optional().describe('File that holds `pseudonymKey`.')
}).describe('Who signed in, who was refused, and why.')

const logLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])

/** One of the subsystems of src/observability/subsystems.ts. */
function levelOf (subsystem: string) {
  return logLevel.optional().describe(`The same for the subsystem \`${subsystem}\` alone.`)
}

export const logSection = z.strictObject({
  level: logLevel.default('info').describe('The least severe level that is logged.'),
  levels: z.strictObject({
    access: levelOf('access'),
    admin: levelOf('admin'),
    audit: levelOf('audit'),
    config: levelOf('config'),
    mapping: levelOf('mapping'),
    oidc: levelOf('oidc'),
    process: levelOf('process'),
    proxy: levelOf('proxy'),
    server: levelOf('server'),
    sessions: levelOf('sessions')
  }).prefault({}).describe('Subsystems that tell more or less than the others.'),
  format: z.enum(['auto', 'pretty', 'json']).default('auto').describe('`auto` is pretty on a terminal and JSON otherwise.')
}).describe('What Doorward writes about its own work, to standard output.')
