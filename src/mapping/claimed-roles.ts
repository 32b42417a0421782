import { createNameReader } from './claimed-names.ts'
import { type Claims } from './identity.ts'
import { type MappingSettings } from './settings.ts'
import { type RoleGrant, type TraceEntry } from './trace.ts'
import { comparable, keptForOthers } from './when.ts'

/**
 * Compiles what takes roles over from the roles claim: those that `roles.allow` lists, if it is given, and that no `when`
 * keeps for other providers.
 * @param provider id of the provider that sends the claims, where it is known
 */
export function createRoleReader ({ claims: names, roles: { allow, mapping } }: MappingSettings, provider: string | undefined): (claims: Claims) => readonly TraceEntry[] {
  const { roles: claim, rolesSeparator: separator, rolesProperty: property } = names
  if (claim === undefined) return () => []
  const by = { kind: 'rolesClaim', claim } as const
  const sentBy = createNameReader('roles', { claim, separator, property })
  const kept = keptForOthers(mapping, provider)

  const roleOf = (value: string): RoleGrant => {
    if (allow !== undefined && !allow.includes(value)) return { what: 'role', value, by, dropped: 'roles.allow' }
    const onlyAt = kept.get(comparable(value))
    return { what: 'role', value, by, ...onlyAt && { dropped: 'when', onlyAt } }
  }
  return (claims) => {
    const { names: roles, trace } = sentBy(claims)
    return [...trace, ...roles.map(roleOf)]
  }
}
