import { type Conflict } from './conflict.ts'
import { providersNamedByRules } from './conflicts-access.ts'
import { isPublicClient } from './conflicts-client.ts'
import { pathText } from './path.ts'
import { type Configuration, type placedProviders, type ProviderConfiguration } from './schema.ts'

/** Each with the place where it stands. */
export type PlacedProviders = ReturnType<typeof placedProviders>

/** Enough of them is given, and only in one way. */
export function providerConflicts ({ provider, providers }: Configuration): Conflict[] {
  if (provider !== undefined && providers.length > 0) return [{ settings: ['providers', 'provider'], message: 'expected either provider or providers' }]
  if (provider !== undefined || providers.length > 0) return []
  return ['issuer', 'clientId'].map((key) => ({ settings: [`provider.${key}`, 'providers'], message: 'is required; or give providers' }))
}

/** What is said of a provider that does not exist would never hold. */
export function referenceConflicts (configuration: Configuration): Conflict[] {
  const { provider, providers, access, roles } = configuration
  const ids = [...provider === undefined ? [] : [provider], ...providers].map(({ id }) => id)
  const named = [
    ...providersNamedByRules(access),
    ...Object.entries(roles.mapping).map(([key, { when }]) => [`${pathText(['roles', 'mapping', key])}.when.providers`, when?.providers] as const)
  ]
  return named.flatMap(([setting, providers = []]) => providers.flatMap((id, index) => {
    // One may have been given as `when.provider`.
    const settings = [`${setting}[${index}]`, setting.replace(/s$/, ''), 'provider']
    return ids.includes(id) ? [] : [{ settings, message: `expected the id of a provider (${ids.join(', ')}); found ${JSON.stringify(id)}` }]
  }))
}

/** Without an audience, a token that anybody at the provider got for anything would open the application (RFC 9068 section 4). */
export function bearerConflicts (providers: PlacedProviders, { rules }: Configuration['access']): Conflict[] {
  const index = rules.findIndex((rule) => rule.bearer)
  const isAccepting = providers.some(([, { bearer }]) => bearer.audiences.length > 0 || (asksAboutAll(bearer) && !bearer.introspection.requireAudience))
  const audiences = providers.map(([place]) => `${place}.bearer.audiences`)
  return index === -1 || isAccepting
    ? introspectionConflicts(providers)
    : [{ settings: [...audiences, 'access.rules'], message: `expected at least one audience in ${audiences.join(' or ')}, since access.rules[${index}] says bearer: true` }, ...introspectionConflicts(providers)]
}

/** A token that nobody can read must not be shown to a provider that may not have issued it (RFC 7662 section 4). */
function introspectionConflicts (providers: PlacedProviders): Conflict[] {
  const asked = providers.filter(([, { bearer }]) => asksAboutAll(bearer))
  const first = asked[0]?.[0] ?? ''
  return asked.flatMap(([place, provider]) => {
    const setting = `${place}.bearer.tokens`
    return [
      ...place === first ? [] : [{ settings: [setting, `${first}.bearer.tokens`], message: `${first} says introspection already, and only one of several providers can be asked about tokens that nobody can read` }],
      ...isPublicClient(provider) ? [{ settings: [setting, `${place}.clientSecret`], message: `introspection needs ${place}.clientSecret, ${place}.clientKey or ${place}.clientCertificate` }] : []
    ]
  })
}

function asksAboutAll ({ tokens }: ProviderConfiguration['bearer']): boolean {
  return tokens === 'introspection'
}
