import { z } from 'zod'
import { bearerSection } from './schema-bearer.ts'
import { clientSettings } from './schema-client.ts'
import { endpointSettings } from './schema-endpoints.ts'
import { groupSourceSection } from './schema-group-source.ts'
import { logoutSection } from './schema-logout.ts'
import { duration, filePath, isHttpsOrLoopback, webUrl } from './values.ts'

/** Set by Doorward on every authorization request; a second value would be ambiguous (RFC 6749 section 3.1). */
const reservedParameters = new Set(['client_id', 'redirect_uri', 'response_type', 'response_mode', 'scope', 'state', 'nonce', 'code_challenge', 'code_challenge_method', 'request', 'request_uri'])

const authorizationParameter = z.string()
  .min(1)
  .refine((name) => !reservedParameters.has(name), { error: 'Doorward sets this parameter itself' })

export const providerSection = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'expected 1 to 64 letters, digits, - or _' }).default('default')
    .describe('Name of the provider in sessions, assertions, audit events and metrics.'),
  label: z.string().min(1).max(100).default('Sign in').describe('What the button that starts a sign-in says.'),
  issuer: webUrl('Issuer URL, or the URL of the discovery document. https, unless the host is loopback.')
    .refine((text) => isHttpsOrLoopback(text), { error: 'expected https; plain http is accepted only on loopback' }),
  profile: z.enum(['standard', 'fapi2']).default('standard')
    .describe('`fapi2`: what the FAPI 2.0 Security Profile asks of a client, and nothing that it forbids: pushed requests, PKCE, a key or a certificate in place of a secret, access tokens bound to it or by DPoP, `iss` in every answer, no RS256.'),
  ...clientSettings,
  pkce: z.boolean().default(true).describe('Send a PKCE challenge (S256). Switch it off only for a provider that rejects it.'),
  scopes: z.array(z.string().regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, { error: 'expected a scope without spaces or quotes' }))
    .refine((scopes) => scopes.includes('openid'), { error: 'expected `openid` among the scopes' })
    .default(['openid', 'email', 'profile'])
    .describe('Scopes to ask for.'),
  authorizationParams: z.record(authorizationParameter, z.string()).superRefine(refuseOddAge).default({})
    .describe('Extra parameters of the authorization request, such as `prompt` or ADFS’ `resource`. One that Doorward sets itself is refused.'),
  ...endpointSettings,
  responseMode: z.enum(['query', 'form_post']).default('query')
    .describe('How the browser brings the provider’s answer: in the address, or in a form, which no log of addresses shows. `form_post` needs https in `server.publicUrl`.'),
  par: z.enum(['auto', 'always', 'never']).default('auto')
    .describe('Push authorization requests to the provider, so that the browser carries a reference alone (RFC 9126): `auto` where the provider requires it, `always`, or `never`.'),
  dpop: z.boolean().default(false)
    .describe('Bind access tokens to a key of this process (DPoP, RFC 9449): a token that is stolen is of no use without the key.'),
  userinfo: z.boolean().default(true).describe('Read the userinfo endpoint and merge its claims over those of the id_token.'),
  refresh: z.boolean().default(true)
    .describe('Use the refresh token that the provider gives, if it gives one: tokens are refreshed before they expire, and what the provider then says of the person counts at once.'),
  caFile: filePath.optional().describe('PEM bundle of the certificate authorities to trust, beside the system’s, for connections to this provider.'),
  clockTolerance: duration('30s').describe('How far the clocks of Doorward and the provider may differ.'),
  groupSource: groupSourceSection.prefault({}),
  bearer: bearerSection.prefault({}),
  logout: logoutSection.prefault({})
}).describe('The OpenID Connect provider that people sign in at.')

/** OpenID Connect Core section 3.1.2.1: seconds. */
function refuseOddAge (parameters: Readonly<Record<string, string>>, context: z.RefinementCtx): void {
  const age = parameters['max_age']
  if (age === undefined || /^\d+$/.test(age)) return
  context.addIssue({ code: 'custom', path: ['max_age'], message: 'expected a whole number of seconds in quotes, such as "300"' })
}
