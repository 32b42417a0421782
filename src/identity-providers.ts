/**
 * The providers that people sign in at, built from the configuration: with the keys, certificates and authorities that it
 * names by their files. A part of the composition root.
 */
import { readFileSync } from 'node:fs'
import { type Configuration, type ProviderConfiguration, providersOf, redirectUriOf, signedOutUriOf } from './config/index.ts'
import { dependencyOf, type Lasting } from './lasting.ts'
import { createProvider, createProviders, type Provider, type Providers, type ProviderSettings, readClientKey, readDecryptionKey } from './oidc/index.ts'

/** @throws {ClientKeyError} for an unusable key */
export async function buildProviders (configuration: Configuration, lasting: Lasting): Promise<Providers> {
  return createProviders(await Promise.all(providersOf(configuration).map((provider) => buildProvider(provider, configuration, lasting))))
}

async function buildProvider (provider: ProviderConfiguration, configuration: Configuration, { logOf, metrics, readiness, state, providers, proxy, now }: Lasting): Promise<Provider> {
  const { id } = provider
  return createProvider(await providerSettings({ ...provider, proxy }, configuration), {
    logger: logOf('oidc'),
    now,
    spent: state.spent,
    memory: providers.of(provider),
    onAsked (isUp, reason) {
      metrics.providerAsked(id, isUp)
      readiness.asked(dependencyOf(id), isUp, reason)
    }
  })
}

/** A provider of the configuration as those parts want it that speak to it. @throws {ClientKeyError} */
export async function providerSettings (provider: ProviderConfiguration & Pick<Lasting, 'proxy'>, configuration: Configuration): Promise<ProviderSettings> {
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
