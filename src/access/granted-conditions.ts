import { certain, type Condition, every } from './condition.ts'
import { type Conditions, type Memberships } from './decision.ts'
import { isPlaceholder } from './placeholders.ts'

/** Member of any of them, and where roles are given, with any of these. Names and roles are compared exactly. */
export function membershipCondition (kind: 'organizations' | 'projects', memberships: Memberships): Condition {
  const demanded = membershipEntries(memberships)
  const holds: Condition['holds'] = ({ identity, captured }) => demanded.some(([name, roles]) => {
    const actual = isPlaceholder(name) ? captured.get(name) : name
    const held = actual === undefined ? undefined : own(identity[kind], actual)
    return held !== undefined && (roles.length === 0 || roles.some((role) => held.includes(role)))
  })
  // Another spelling of an address would be another organization, and whoever is to be kept out would be let in.
  const isOfAddress = demanded.some(([name]) => isPlaceholder(name))
  return { holds, fails: (asker) => !isOfAddress && !holds(asker), unmet: () => ({ [kind]: memberships }) }
}

/** Each with the roles of which one is needed; with none, being a member is enough. */
export function membershipEntries (memberships: Memberships): ReadonlyArray<readonly [name: string, roles: readonly string[]]> {
  return isList(memberships) ? memberships.map((name) => [name, []]) : Object.entries(memberships)
}

function isList (memberships: Memberships): memberships is readonly string[] {
  return Array.isArray(memberships)
}

/** Every attribute: a flag has to be set, a list has to hold any of the values. */
export function attributeConditions (attributes: NonNullable<Conditions['attributes']>): Condition {
  const parts = Object.entries(attributes).map(([name, demand]) => certain(({ identity }) => {
    const held = own(identity.attributes, name)
    if (demand === true) return held === true
    return typeof held === 'object' && demand.some((value) => held.includes(value))
  }, { attributes: { [name]: demand } }))
  return every(parts, (unmet) => ({ attributes: Object.assign({}, ...unmet.map((part) => part.attributes)) as typeof attributes }))
}

/** An own property only: what nobody granted must not be found on a prototype. */
function own<T> (values: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined
}
