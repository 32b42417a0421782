import { createRoleReader } from './claimed-roles.ts'
import { type Claims } from './identity.ts'
import { type GrantSettings, type MappingSettings } from './settings.ts'
import { type Grant, isGranted, type Reason, type TraceEntry } from './trace.ts'
import { holdsAt } from './when.ts'

/**
 * Compiles what grants roles, attributes, organizations and projects: the defaults, the roles claim, the mapping. Each of
 * these sources says what it grants as entries of the trace, and does not know what becomes of them.
 * @param provider id of the provider that sends the claims, where it is known
 */
export function createGrants (settings: MappingSettings, provider: string | undefined): (claims: Claims, groups: readonly string[]) => readonly TraceEntry[] {
  const defaults = defaultGrants(settings)
  const rolesOf = createRoleReader(settings, provider)
  const mappedOf = createMappedGrants(settings.roles.mapping, provider)

  return (claims, groups) => {
    const claimed = rolesOf(claims)
    const roles = claimed.flatMap((entry) => entry.what === 'role' && isGranted(entry) ? [entry.value] : [])
    return [...defaults, ...claimed, ...mappedOf([...groups, ...roles])]
  }
}

function defaultGrants ({ roles, organizations }: MappingSettings): Grant[] {
  const memberships = organizations.default === undefined ? {} : { [organizations.default]: [] }
  return grantsOf({ roles: roles.default, attributes: {}, organizations: memberships, projects: {} }, { kind: 'default' })
}

/**
 * The mapping is applied in the order of the settings, so that the order of a provider's groups changes nothing. What it
 * grants at other providers alone is dropped: a group of theirs may have the same name.
 */
function createMappedGrants (mapping: MappingSettings['roles']['mapping'], provider: string | undefined): (held: readonly string[]) => readonly Grant[] {
  const entries = Object.entries(mapping).map(([key, grant]) => ({ key, folded: key.toLowerCase(), grant, dropped: droppedBy(grant, provider) }))

  return (held) => {
    const spelled = new Map<string, string>()
    for (const name of held) {
      if (!spelled.has(name.toLowerCase())) spelled.set(name.toLowerCase(), name)
    }
    return entries.flatMap(({ key, folded, grant, dropped }) => {
      const matched = spelled.get(folded)
      return matched === undefined ? [] : grantsOf(grant, { kind: 'mapping', key, matched }).map((each) => ({ ...each, ...dropped }))
    })
  }
}

function droppedBy (grant: GrantSettings, provider: string | undefined): Pick<Grant, 'dropped' | 'onlyAt'> {
  return holdsAt(grant, provider) ? {} : { dropped: 'when', onlyAt: [...grant.when?.providers ?? []] }
}

/** The lists are copied: what leaves the mapping is frozen, and the settings are not ours to freeze. */
function grantsOf ({ roles, attributes, organizations, projects }: Omit<GrantSettings, 'when'>, by: Reason): Grant[] {
  return [
    ...roles.map((value) => ({ what: 'role', value, by }) as const),
    ...Object.entries(attributes).map(([value, granted]) => ({ what: 'attribute', value, granted: typeof granted === 'boolean' ? granted : [...granted], by }) as const),
    ...Object.entries(organizations).map(([value, held]) => ({ what: 'organization', value, roles: [...held], by }) as const),
    ...Object.entries(projects).map(([value, held]) => ({ what: 'project', value, roles: [...held], by }) as const)
  ]
}
