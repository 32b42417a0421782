/** The providers that people sign in at, built from the configuration. A part of the composition root. */
import { type Configuration, type ProviderConfiguration, providersOf } from './config/index.ts'
import { providerDependency } from './dependencies.ts'
import { type Lasting } from './lasting.ts'
import { createProvider, createProviders, type Provider, type Providers } from './oidc/index.ts'
import { providerSettings } from './provider-settings.ts'

/** @throws {ClientKeyError} for an unusable key */
export async function buildProviders (configuration: Configuration, lasting: Lasting): Promise<Providers> {
  return createProviders(await Promise.all(providersOf(configuration).map((provider) => buildProvider(provider, configuration, lasting))))
}

async function buildProvider (provider: ProviderConfiguration, configuration: Configuration, { logOf, metrics, readiness, state, providers, tracing, proxy, now }: Lasting): Promise<Provider> {
  const { id } = provider
  const settings = await providerSettings({ ...provider, proxy }, configuration)
  return createProvider(settings, {
    logger: logOf('oidc'),
    now,
    spent: state.spent,
    memory: providers.of(settings),
    tracing,
    onAnswered (endpoint, milliseconds) { metrics.providerAnswered(id, endpoint, milliseconds) },
    onAsked (isUp, reason) {
      metrics.providerAsked(id, isUp)
      readiness.asked(providerDependency(id), isUp, reason)
    }
  })
}
