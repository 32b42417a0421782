import { type GrantSettings, type RoleSettings } from './settings.ts'

/** Whether an entry of the mapping grants anything at the provider. One that is not known gets nothing that is for others. */
export function holdsAt ({ when }: GrantSettings, provider: string | undefined): boolean {
  return when === undefined || (provider !== undefined && when.providers.includes(provider))
}

/**
 * The roles, as `comparable` writes them, that the provider may not claim, and the ids of those that may. A partner that could send
 * `admin` in its roles claim would not need to care that the mapping gives `admin` to the groups of another provider
 * alone. An entry's key counts like the roles that it gives; what an entry for this very provider gives, it may claim.
 */
export function keptForOthers (mapping: RoleSettings['mapping'], provider: string | undefined): ReadonlyMap<string, readonly string[]> {
  const kept = new Map<string, readonly string[]>()
  const own = new Set<string>()
  for (const [key, grant] of Object.entries(mapping)) {
    const { when, roles } = grant
    if (when === undefined) continue
    if (holdsAt(grant, provider)) {
      for (const role of roles) own.add(comparable(role))
      continue
    }
    for (const name of [key, ...roles].map(comparable)) kept.set(name, [...new Set([...kept.get(name) ?? [], ...when.providers])])
  }
  for (const role of own) kept.delete(role)
  return kept
}

/** In any case, and without the space around it: not every way to write a header shows that there is some. */
export function comparable (role: string): string {
  return role.trim().toLowerCase()
}
