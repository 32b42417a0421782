import { type Claims, createMapping, type MappingResult, type MappingSettings } from '../../src/mapping/index.ts'

/** What differs from the defaults. */
export interface Given {
  readonly providers?: MappingSettings['providers']
  readonly claims?: Partial<MappingSettings['claims']>
  readonly groups?: Partial<MappingSettings['groups']>
  readonly roles?: Partial<MappingSettings['roles']>
  readonly organizations?: MappingSettings['organizations']
  readonly keepClaims?: readonly string[]
}

/** A complete configuration of the mapping. */
export function settings (given: Given = {}): MappingSettings {
  return {
    providers: given.providers,
    claims: { user: 'preferred_username', email: 'email', name: 'name', firstName: 'given_name', lastName: 'family_name', groups: 'groups', groupsSeparator: 'none', rolesSeparator: 'none', requireEmail: false, ...given.claims },
    groups: { rename: {}, allow: [], require: [], ...given.groups },
    roles: { default: [], mapping: {}, ...given.roles },
    organizations: given.organizations ?? {},
    keepClaims: given.keepClaims ?? []
  }
}

/** An entry of `roles.mapping`. */
export function grant (given: Partial<MappingSettings['roles']['mapping'][string]>) {
  return { roles: [], attributes: {}, organizations: {}, projects: {}, ...given }
}

/** What claims become at the provider `default`. */
export function map (given: Given, claims: Claims): MappingResult {
  return createMapping(settings(given))({ sub: 's-1', ...claims }, 'default')
}
