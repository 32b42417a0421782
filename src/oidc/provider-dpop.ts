import * as oauth from 'oauth4webapi'
import { type ProviderHttp } from './provider-http.ts'

export interface RequestOptions {
  readonly [oauth.customFetch]: ProviderHttp['fetch']
  readonly [oauth.allowInsecureRequests]: boolean
  /** Proves that the key is ours (RFC 9449 section 4). */
  readonly DPoP?: oauth.DPoPHandle
}

/** Requests to one provider, which prove possession of a key where access tokens are to be bound to one. */
export interface Sender {
  /** The `token_type` that the provider has to give (RFC 9449 section 5). */
  readonly tokenType: 'bearer' | 'dpop'
  /** Whatever is sent within `attempt`; once more where the provider wants its nonce in the proof (RFC 9449 sections 8 and 9). */
  send<Result> (server: oauth.AuthorizationServer, attempt: (options: RequestOptions) => Promise<Result>): Promise<Result>
  /** What binds the code to the key, for an authorization request that is not pushed (RFC 9449 section 10). */
  thumbprint (server: oauth.AuthorizationServer): Promise<string | undefined>
}

/** Made once, and never to be taken out of the process. */
export type DpopKeys = ReturnType<typeof oauth.generateKeyPair>

/** Known everywhere; then what else a provider may ask for. */
const algorithms = ['ES256', 'Ed25519', 'EdDSA', 'PS256']

/**
 * With DPoP there is one key for the life of the process, and it can't be taken out of it. The provider binds every
 * access token to the key that asks for it, also one that is refreshed; the refresh token of a client that authenticates
 * is bound to the client (RFC 9449 section 5), so that another replica, or this one after a restart, can use it.
 */
export function createSender (options: RequestOptions, client: oauth.Client, usesDpop: boolean, memory: { dpopKeys?: DpopKeys }): Sender {
  if (!usesDpop) return { tokenType: 'bearer', send: (_server, attempt) => attempt(options), thumbprint: async () => undefined }
  let handle: Promise<oauth.DPoPHandle> | undefined

  function handleFor (server: oauth.AuthorizationServer): Promise<oauth.DPoPHandle> {
    memory.dpopKeys ??= oauth.generateKeyPair(algorithmFor(server))
    handle ??= memory.dpopKeys.then((keys) => oauth.DPoP(client, keys))
    return handle
  }

  return {
    tokenType: 'dpop',
    async send (server, attempt) {
      const proven = { ...options, DPoP: await handleFor(server) }
      try {
        return await attempt(proven)
      } catch (error) {
        if (!oauth.isDPoPNonceError(error)) throw error
        return await attempt(proven)
      }
    },
    thumbprint: async (server) => await (await handleFor(server)).calculateThumbprint()
  }
}

function algorithmFor (server: oauth.AuthorizationServer): string {
  const supported = server.dpop_signing_alg_values_supported ?? algorithms
  return algorithms.find((name) => supported.includes(name)) ?? 'ES256'
}
