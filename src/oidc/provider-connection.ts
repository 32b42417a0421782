import * as oauth from 'oauth4webapi'
import { createDecryption } from './decryption.ts'
import { findProvider } from './provider-discovery.ts'
import { createSender } from './provider-dpop.ts'
import { createProviderHttp, type ProviderHttp } from './provider-http.ts'
import { createProviderKeys, type ProviderKeys } from './provider-keys.ts'
import { type ProviderMemory } from './provider-memory.ts'
import { type ProviderSettings } from './provider-settings.ts'
import { createSignatureCheck } from './provider-signature.ts'
import { type TokenParts } from './provider-tokens.ts'

/** The way to one provider, and what every request to it needs. */
export interface ProviderConnection {
  readonly http: ProviderHttp
  readonly keys: ProviderKeys
  readonly requests: TokenParts
  /** Asks the provider for its metadata. @throws what `outageReason` has words for */
  find (): Promise<oauth.AuthorizationServer>
}

/** @param settings under their profile (provider-profile.ts) */
export function httpFor (settings: ProviderSettings): ProviderHttp {
  return createProviderHttp({ ...settings, allowLoopbackHttp: settings.issuer.startsWith('http:') })
}

/** Nothing is sent before something is asked. @param settings as above */
export function openConnection (settings: ProviderSettings, now: () => number, memory: ProviderMemory, http: ProviderHttp = httpFor(settings)): ProviderConnection {
  const isLoopbackHttp = settings.issuer.startsWith('http:')
  const options = { [oauth.customFetch]: http.fetch, [oauth.allowInsecureRequests]: isLoopbackHttp }
  const client: oauth.Client = {
    client_id: settings.clientId,
    use_mtls_endpoint_aliases: settings.clientCertificate !== undefined,
    [oauth.clockTolerance]: Math.ceil(settings.clockToleranceMilliseconds / 1000)
  }
  const keys = createProviderKeys({ fetch: http.fetch, memory, mayRefetch: memory.mayRefetch, now })
  return {
    http,
    keys,
    requests: { client, options, sender: createSender(options, client, settings.dpop, memory), decrypt: createDecryption(settings.decryptionKeys), verifySignature: createSignatureCheck(options, keys), now },
    find: () => findProvider(settings, options, isLoopbackHttp)
  }
}
