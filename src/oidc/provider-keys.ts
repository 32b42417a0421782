import * as oauth from 'oauth4webapi'

/** Verifies the signature of the token that a response carried. @throws with a code of oauth4webapi */
export type SignatureCheck = (server: oauth.AuthorizationServer, response: Response) => Promise<void>

/**
 * The check of signatures against the provider's published keys. TLS to the token endpoint is not taken for a
 * signature: oauth4webapi leaves the choice to its user, and a provider behind a proxy is worth no less care.
 */
export function createSignatureCheck (options: oauth.ValidateSignatureOptions, mayRefetch: () => boolean): SignatureCheck {
  // oauth4webapi caches keys by the identity of the metadata: a fresh copy is how they are fetched anew.
  const holders = new WeakMap<oauth.AuthorizationServer, oauth.AuthorizationServer>()
  const check = (server: oauth.AuthorizationServer, response: Response) => oauth.validateApplicationLevelSignature(holders.get(server) ?? server, response, options)

  return async (server, response) => {
    try {
      await check(server, response)
    } catch (error) {
      // An unknown key may be one that was rotated in a moment ago (OpenID Connect Core section 10.1.1).
      if ((error as { code?: unknown }).code !== oauth.KEY_SELECTION || !mayRefetch()) throw error
      holders.set(server, { ...server })
      await check(server, response)
    }
  }
}
