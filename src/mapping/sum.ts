import { type Attribute, type Identity } from './identity.ts'
import { type MembershipGrant, type TraceEntry } from './trace.ts'

/**
 * What the grants of a trace add up to: lists are unioned, flags are OR-ed. The identity is computed from its own
 * explanation, so that the two can't differ.
 */
export function sumOf (trace: readonly TraceEntry[]): Pick<Identity, 'roles' | 'organizations' | 'projects' | 'attributes'> {
  return {
    roles: rolesOf(trace),
    organizations: membershipsOf(trace, 'organization'),
    projects: membershipsOf(trace, 'project'),
    attributes: attributesOf(trace)
  }
}

function rolesOf (trace: readonly TraceEntry[]): string[] {
  const roles = new Set<string>()
  for (const entry of trace) {
    if (entry.what === 'role' && entry.dropped === undefined) roles.add(entry.value)
  }
  return [...roles]
}

function membershipsOf (trace: readonly TraceEntry[], what: MembershipGrant['what']): Record<string, readonly string[]> {
  const memberships = new Map<string, readonly string[]>()
  for (const entry of trace) {
    if (entry.what === what) memberships.set(entry.value, union(memberships.get(entry.value), entry.roles))
  }
  return recordOf(memberships)
}

function attributesOf (trace: readonly TraceEntry[]): Record<string, Attribute> {
  const attributes = new Map<string, Attribute>()
  for (const entry of trace) {
    if (entry.what === 'attribute') attributes.set(entry.value, combined(attributes.get(entry.value), entry.granted))
  }
  return recordOf(attributes)
}

/** The configuration makes sure that an attribute is either a flag everywhere or a list everywhere. */
function combined (earlier: Attribute | undefined, granted: Attribute): Attribute {
  if (typeof granted === 'boolean') return granted || earlier === true
  return union(typeof earlier === 'object' ? earlier : [], granted)
}

function union (first: readonly string[] = [], second: readonly string[]): readonly string[] {
  return [...new Set([...first, ...second])]
}

/** Without a prototype: an organization called `__proto__` is one like any other, and `constructor` is not found. */
export function recordOf<T> (entries: Iterable<readonly [string, T]>): Record<string, T> {
  return Object.setPrototypeOf(Object.fromEntries(entries), null)
}
