/**
 * The configuration: THE source of its shape, defaults, checks and descriptions.
 *
 * The JSON Schema, the reference in docs/configuration.md, the environment variables and the list of secrets are all
 * derived from here. A secret carries `writeOnly: true` (JSON Schema validation, section 9.4) and has a sibling key
 * `…File`. Sections live in files of their own; this one puts them together and checks what concerns several of them.
 */
import { z } from 'zod'
import { callbackUrl } from '../own-routes.ts'
import { accessSection } from './schema-access.ts'
import { adminSection } from './schema-admin.ts'
import { claimsSection, groupsSection, organizationsSection, rolesSection } from './schema-mapping.ts'
import { assertionSection, auditSection, headersSection, logSection, pagesSection } from './schema-application.ts'
import { providerSection } from './schema-provider.ts'
import { providersSection } from './schema-providers.ts'
import { serverSection, sessionSection } from './schema-sign-in.ts'
import { upstreamSection, upstreamsSection } from './schema-upstream.ts'

export const configurationSchema = z.strictObject({
  server: serverSection,
  admin: adminSection.prefault({}),
  provider: providerSection.optional(),
  providers: providersSection,
  session: sessionSection.prefault({}),
  claims: claimsSection.prefault({}),
  groups: groupsSection.prefault({}),
  roles: rolesSection.prefault({}),
  organizations: organizationsSection.prefault({}),
  access: accessSection.prefault({}),
  upstream: upstreamSection,
  upstreams: upstreamsSection,
  headers: headersSection.prefault({}),
  assertion: assertionSection.prefault({}),
  pages: pagesSection.prefault({}),
  audit: auditSection.prefault({}),
  log: logSection.prefault({})
}).meta({ title: 'Doorward configuration', description: 'Configuration of the Doorward authentication gateway.' })

/** The complete, checked configuration: every default is filled in, every duration is in milliseconds. */
export type Configuration = z.output<typeof configurationSchema>

export type ProviderConfiguration = Configuration['providers'][number]

type GivenProviders = Pick<Configuration, 'provider' | 'providers'>

/** The providers, whether given as one or as several. */
export function providersOf ({ provider, providers }: GivenProviders): readonly ProviderConfiguration[] {
  return provider === undefined ? providers : [{ ...provider, emailDomains: [], claims: {}, groups: {} }]
}

/** Where each of them sends people back to: of several, each to an address of its own (RFC 9700 section 4.4.2.2). */
export function redirectUriOf ({ id }: ProviderConfiguration, { provider, server }: Pick<Configuration, 'provider' | 'server'>): string {
  return new URL(callbackUrl(server.basePath, provider === undefined ? id : undefined), server.publicUrl).href
}

/** Where providers send people back to after a sign-out there. */
export function signedOutUriOf ({ server }: Pick<Configuration, 'server'>): string {
  return new URL(`${server.basePath}/signed-out`, server.publicUrl).href
}

/** The same, each with the place where it stands: `provider`, or `providers[0]` and so on. */
export function placedProviders (given: GivenProviders): ReadonlyArray<readonly [place: string, provider: ProviderConfiguration]> {
  return providersOf(given).map((each, index) => [given.provider === undefined ? `providers[${index}]` : 'provider', each])
}

export type UpstreamConfiguration = Configuration['upstreams'][number]

/** The applications, whether given as one or as several. */
export function upstreamsOf ({ upstream, upstreams }: Pick<Configuration, 'upstream' | 'upstreams'>): readonly UpstreamConfiguration[] {
  return upstream === undefined ? upstreams : [upstream]
}

/** The same, each with the place where it stands: `upstream`, or `upstreams[0]` and so on. */
export function placedUpstreams (given: Pick<Configuration, 'upstream' | 'upstreams'>): ReadonlyArray<readonly [place: string, upstream: UpstreamConfiguration]> {
  return upstreamsOf(given).map((each, index) => [given.upstream === undefined ? `upstreams[${index}]` : 'upstream', each])
}
