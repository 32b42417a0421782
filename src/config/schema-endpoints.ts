import { z } from 'zod'
import { isHttpsOrLoopback } from './values.ts'

/** The address of an endpoint: may have a query (RFC 6749 section 3.1). */
function endpoint (description: string, { canBeOff }: { canBeOff: boolean }) {
  return z.string().superRefine((text, context) => {
    const problem = canBeOff && text === 'off' ? undefined : endpointProblem(text, canBeOff)
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
  }).meta({ title: canBeOff ? 'URL or `off`' : 'URL' }).optional().describe(description)
}

function endpointProblem (text: string, canBeOff: boolean): string | undefined {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return `expected a URL that begins with https://${canBeOff ? ', or off' : ''}`
  if (url.username !== '' || url.password !== '' || url.hash !== '') return 'expected a URL without a user name, password or fragment'
  return isHttpsOrLoopback(text) ? undefined : 'expected https; plain http is accepted only on loopback'
}

/** Addresses that take the place of those that discovery finds: part of the provider's section. */
export const endpointSettings = {
  discovery: z.boolean().default(true)
    .describe('Read the provider’s metadata. `false` for a provider without any: then `issuer` is what its tokens say (`iss`), and `endpoints` must name authorization, token and jwks.'),
  endpoints: z.strictObject({
    authorization: endpoint('Where people are sent to sign in.', { canBeOff: false }),
    token: endpoint('Where codes are redeemed.', { canBeOff: false }),
    jwks: endpoint('Where the provider publishes its keys.', { canBeOff: false }),
    userinfo: endpoint('Userinfo endpoint; `off` as with `userinfo: false`.', { canBeOff: true }),
    endSession: endpoint('Where a sign-out goes on to (OpenID Connect RP-Initiated Logout).', { canBeOff: true }),
    revocation: endpoint('Where tokens are revoked (RFC 7009).', { canBeOff: true }),
    introspection: endpoint('Where tokens are asked about (RFC 7662).', { canBeOff: true }),
    pushedAuthorization: endpoint('Where authorization requests are pushed to (RFC 9126).', { canBeOff: true })
  }).prefault({}).describe('Addresses in place of those that discovery finds; `off` for none.')
}
