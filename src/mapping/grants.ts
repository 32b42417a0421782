import { readClaim, textList } from './claim-value.ts'
import { unusableValues } from './groups.ts'
import { type Claims } from './identity.ts'
import { type GrantSettings, type MappingSettings } from './settings.ts'
import { type Grant, type Reason, type RoleGrant, type TraceEntry } from './trace.ts'

/**
 * Compiles what grants roles, attributes, organizations and projects: the defaults, the roles claim, the mapping.
 * The mapping is applied in the order of the settings, so that the order of a provider's groups changes nothing.
 * What it grants at other providers alone is left out: a group of theirs may have the same name.
 */
export function createGrants ({ claims: { roles: rolesClaim }, roles, organizations }: MappingSettings, provider: string | undefined): (claims: Claims, groups: readonly string[]) => readonly TraceEntry[] {
  const defaults = defaultGrants(roles.default, organizations.default)
  const mapping = Object.entries(roles.mapping).filter(([, { when }]) => when === undefined || (provider !== undefined && when.providers.includes(provider))).map(([key, grant]) => ({ key, folded: key.toLowerCase(), grant }))

  return (claims, groups) => {
    const claimed = rolesClaim === undefined ? [] : claimedRoles(claims, rolesClaim, roles.allow)
    const held = new Map<string, string>()
    for (const name of [...groups, ...acceptedRoles(claimed)]) {
      if (!held.has(name.toLowerCase())) held.set(name.toLowerCase(), name)
    }
    const mapped = mapping.flatMap(({ key, folded, grant }) => {
      const matched = held.get(folded)
      return matched === undefined ? [] : grantsOf(grant, { kind: 'mapping', key, matched })
    })
    return [...defaults, ...claimed, ...mapped]
  }
}

function defaultGrants (roles: readonly string[], organization: string | undefined): Grant[] {
  const by = { kind: 'default' } as const
  return grantsOf({ roles, attributes: {}, organizations: organization === undefined ? {} : { [organization]: [] }, projects: {} }, by)
}

function claimedRoles (claims: Claims, claim: string, allowed: readonly string[] | undefined): TraceEntry[] {
  const value = readClaim(claims, claim)
  const roles = [...new Set(textList(value))].map((role): RoleGrant => {
    const isAllowed = allowed === undefined || allowed.includes(role)
    return { what: 'role', value: role, by: { kind: 'rolesClaim', claim }, ...!isAllowed && { dropped: 'roles.allow' } }
  })
  return [...unusableValues('roles', claim, value), ...roles]
}

function acceptedRoles (entries: readonly TraceEntry[]): string[] {
  return entries.flatMap((entry) => entry.what === 'role' && entry.dropped === undefined ? [entry.value] : [])
}

/** The lists are copied: what leaves the mapping is frozen, and the settings are not ours to freeze. */
function grantsOf ({ roles, attributes, organizations, projects }: GrantSettings, by: Reason): Grant[] {
  return [
    ...roles.map((value) => ({ what: 'role', value, by }) as const),
    ...Object.entries(attributes).map(([value, granted]) => ({ what: 'attribute', value, granted: typeof granted === 'boolean' ? granted : [...granted], by }) as const),
    ...Object.entries(organizations).map(([value, held]) => ({ what: 'organization', value, roles: [...held], by }) as const),
    ...Object.entries(projects).map(([value, held]) => ({ what: 'project', value, roles: [...held], by }) as const)
  ]
}
