import { z } from 'zod'

export const logoutSection = z.strictObject({
  atProvider: z.boolean().default(true)
    .describe('After a sign-out here, send people on to the provider’s `end_session_endpoint`, so that they are signed out there too.'),
  returnHere: z.boolean().default(true)
    .describe('Ask the provider to send people back to `/oidc/signed-out` afterwards. It has to be registered there (`post_logout_redirect_uris`); switch it off where it can’t be.'),
  revokeTokens: z.boolean().default(true)
    .describe('At a sign-out, revoke the tokens that the session holds, where the provider has a `revocation_endpoint` (RFC 7009).')
}).describe('What the provider hears of a sign-out.')
