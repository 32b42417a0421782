import { type ClaimNames, type MappingSettings } from './settings.ts'

/** What the settings call the claims of a provider: what is given at the provider in place of the rest. */
export function claimNamesAt (provider: string, { claims, providers = [] }: Pick<MappingSettings, 'claims' | 'providers'>): ClaimNames {
  const own = Object.entries(providers.find(({ id }) => id === provider)?.claims ?? {})
  return { ...claims, ...Object.fromEntries(own.filter(([, name]) => name !== undefined)) }
}
