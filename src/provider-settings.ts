/**
 * What is said to the identity providers, and with what: their settings, and the keys and certificates that lie in files. A
 * part of the composition root.
 */
import { readFileSync } from 'node:fs'
import { type Configuration, type ProviderConfiguration, redirectUriOf, signedOutUriOf } from './config/index.ts'
import { type ProviderSettings, type ProxySettings, readClientKey, readDecryptionKey } from './oidc/index.ts'

/** A provider of the configuration as those parts want it that speak to it. @throws {ClientKeyError} */
export async function providerSettings (provider: ProviderConfiguration & { readonly proxy?: ProxySettings | undefined }, configuration: Configuration): Promise<ProviderSettings> {
  const { clientKey, clientCertificate } = provider
  return {
    ...provider,
    clientKey: clientKey === undefined ? undefined : await readClientKey(clientKey, { isStrict: provider.profile === 'fapi2' }),
    decryptionKeys: await Promise.all(provider.decryptionKeys.map(readDecryptionKey)),
    clientCertificate: clientCertificate && { cert: readFileSync(clientCertificate.certFile, 'utf8'), key: readFileSync(clientCertificate.keyFile, 'utf8') },
    caPem: readOptional(provider.caFile),
    clockToleranceMilliseconds: provider.clockTolerance,
    bearer: { ...provider.bearer, cacheMilliseconds: provider.bearer.cacheTime },
    addressedBy: configuration.provider === undefined ? provider.id : undefined,
    groupClaims: [provider.claims.groups ?? configuration.claims.groups, provider.claims.roles ?? configuration.claims.roles].filter((claim) => claim !== undefined),
    redirectUri: redirectUriOf(provider, configuration),
    logout: { ...provider.logout, signedOutUri: signedOutUriOf(configuration) }
  }
}

function readOptional (file: string | undefined): string | undefined {
  return file === undefined ? undefined : readFileSync(file, 'utf8')
}
