import { type Attribute, type Identity } from './identity.ts'
import { type Grant, isGranted, type MembershipGrant, type TraceEntry } from './trace.ts'

/**
 * What the grants of a trace add up to: lists are unioned, flags are OR-ed. The identity is computed from its own
 * explanation, so that the two can't differ.
 */
export function sumOf (trace: readonly TraceEntry[]): Pick<Identity, 'roles' | 'organizations' | 'projects' | 'attributes'> {
  const granted = trace.filter(isGrant).filter(isGranted)
  return {
    roles: rolesOf(granted),
    organizations: membershipsOf(granted, 'organization'),
    projects: membershipsOf(granted, 'project'),
    attributes: attributesOf(granted)
  }
}

function isGrant (entry: TraceEntry): entry is Grant {
  return entry.what !== 'absent' && entry.what !== 'ignored' && entry.what !== 'group'
}

function rolesOf (granted: readonly Grant[]): string[] {
  return [...new Set(granted.filter(({ what }) => what === 'role').map(({ value }) => value))]
}

function membershipsOf (granted: readonly Grant[], what: MembershipGrant['what']): Record<string, readonly string[]> {
  const memberships = new Map<string, Set<string>>()
  for (const entry of granted) {
    if (entry.what === what) memberships.set(entry.value, joined(memberships.get(entry.value), entry.roles))
  }
  return recordOf([...memberships].map(([name, roles]) => [name, [...roles]]))
}

function attributesOf (granted: readonly Grant[]): Record<string, Attribute> {
  const attributes = new Map<string, boolean | Set<string>>()
  for (const entry of granted) {
    if (entry.what === 'attribute') attributes.set(entry.value, combined(attributes.get(entry.value), entry.granted))
  }
  return recordOf([...attributes].map(([name, value]) => [name, typeof value === 'boolean' ? value : [...value]]))
}

/** The configuration makes sure that an attribute is either a flag everywhere or a list everywhere. */
function combined (earlier: boolean | Set<string> | undefined, granted: Attribute): boolean | Set<string> {
  if (typeof granted === 'boolean') return granted || earlier === true
  return joined(typeof earlier === 'object' ? earlier : undefined, granted)
}

/** Grows one set: copying it for each of thousands of groups would take time that grows with their square. */
function joined (set = new Set<string>(), values: readonly string[]): Set<string> {
  for (const value of values) set.add(value)
  return set
}

/** Without a prototype: an organization called `__proto__` is one like any other, and `constructor` is not found. */
export function recordOf<T> (entries: Iterable<readonly [string, T]>): Record<string, T> {
  return Object.setPrototypeOf(Object.fromEntries(entries), null)
}
