import * as oauth from 'oauth4webapi'
import { type ProviderKeys } from './provider-keys.ts'

/** Verifies the signature of the token that a response carried. @throws with a code of oauth4webapi */
export type SignatureCheck = (server: oauth.AuthorizationServer, response: Response) => Promise<void>

/**
 * The check of signatures against the provider's published keys. TLS to the token endpoint is not taken for a
 * signature: oauth4webapi leaves the choice to its user, and a provider behind a proxy is worth no less care.
 */
export function createSignatureCheck (options: oauth.ValidateSignatureOptions, keys: ProviderKeys): SignatureCheck {
  return async (server, response) => {
    await keys.use(server, async ({ jwks }) => {
      // Handed in as if just fetched, under metadata that oauth4webapi has not seen: it neither fetches nor keeps keys.
      const cache = { jwks: { keys: jwks.keys as oauth.JWK[] }, uat: Math.floor(Date.now() / 1000) }
      await oauth.validateApplicationLevelSignature({ ...server }, response, { ...options, [oauth.jwksCache]: cache })
    })
  }
}
