import { type Provider } from './provider.ts'

/** The providers that people sign in at: one, or several of which they choose. */
export interface Providers {
  /** In the order of the configuration. */
  readonly all: readonly Provider[]
  /** Where there is but one, that one. */
  readonly only: Provider | undefined
  /** @param id such as `identity.provider` of a session */
  get (id: string): Provider | undefined
  /** The first whose issuer it is, as the provider spells it. */
  withIssuer (issuer: string): Provider | undefined
  /** Begins to look for them in the background. */
  start (): void
  /** Others have taken their place: they only serve who has begun with them. */
  retire (): void
  close (): Promise<void>
}

export function createProviders (all: readonly Provider[]): Providers {
  const byId = new Map(all.map((provider) => [provider.id, provider]))
  return {
    all,
    only: all.length === 1 ? all[0] : undefined,
    get: (id) => byId.get(id),
    withIssuer: (issuer) => all.find((provider) => provider.isIssuer(issuer)),
    start () { for (const provider of all) provider.start() },
    retire () { for (const provider of all) provider.retire() },
    async close () { await Promise.all(all.map(async (provider) => { await provider.close() })) }
  }
}
