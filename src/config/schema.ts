/**
 * The configuration: THE source of its shape, defaults, checks and descriptions.
 *
 * The JSON Schema, the reference in docs/configuration.md, the environment variables and the list of secrets are all
 * derived from here. A secret carries `writeOnly: true` (JSON Schema validation, section 9.4) and has a sibling key
 * `…File`. Sections live in files of their own; this one puts them together and checks what concerns several of them.
 */
import { z } from 'zod'
import { accessSection } from './schema-access.ts'
import { adminSection } from './schema-admin.ts'
import { claimsSection, groupsSection, organizationsSection, rolesSection } from './schema-mapping.ts'
import { assertionSection, auditSection, headersSection, logSection, pagesSection } from './schema-application.ts'
import { providerSection } from './schema-provider.ts'
import { serverSection, sessionSection } from './schema-sign-in.ts'
import { upstreamSection, upstreamsSection } from './schema-upstream.ts'

export const configurationSchema = z.strictObject({
  server: serverSection,
  admin: adminSection.prefault({}),
  provider: providerSection,
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

export type UpstreamConfiguration = Configuration['upstreams'][number]

/** The applications, whether given as one or as several. */
export function upstreamsOf ({ upstream, upstreams }: Pick<Configuration, 'upstream' | 'upstreams'>): readonly UpstreamConfiguration[] {
  return upstream === undefined ? upstreams : [upstream]
}

/** The same, each with the place where it stands: `upstream`, or `upstreams[0]` and so on. */
export function placedUpstreams (given: Pick<Configuration, 'upstream' | 'upstreams'>): ReadonlyArray<readonly [place: string, upstream: UpstreamConfiguration]> {
  return upstreamsOf(given).map((each, index) => [given.upstream === undefined ? `upstreams[${index}]` : 'upstream', each])
}
