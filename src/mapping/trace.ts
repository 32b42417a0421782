import { type Attribute } from './identity.ts'

/** How an identity came about: an entry for each thing found, given or left out, in the order in which it happened. */
export type Trace = readonly TraceEntry[]

export type TraceEntry = AbsentClaim | IgnoredValue | FoundGroup | Grant

/** A claim that the settings name and the provider did not send. */
export interface AbsentClaim {
  readonly what: 'absent'
  readonly expected: 'groups' | 'roles'
  readonly claim: string
}

/** A value where text was expected: its kind alone, such as `number` or `empty text`. */
export interface IgnoredValue {
  readonly what: 'ignored'
  readonly expected: 'groups' | 'roles'
  readonly claim: string
  readonly value: string
}

export interface FoundGroup {
  readonly what: 'group'
  /** The name that it has here. */
  readonly value: string
  readonly claim: string
  /** The provider's name, where `groups.rename` changed it. */
  readonly renamedFrom?: string
  readonly dropped?: 'groups.filter'
}

export type Grant = RoleGrant | AttributeGrant | MembershipGrant

/** What is dropped is not granted. It stands here so that nobody has to wonder. */
interface Droppable {
  readonly dropped?: 'roles.allow' | 'when'
  /** With `when`: ids of the providers that it names. */
  readonly onlyAt?: readonly string[]
}

export interface RoleGrant extends Droppable {
  readonly what: 'role'
  readonly value: string
  readonly by: Reason
}

export interface AttributeGrant extends Droppable {
  readonly what: 'attribute'
  readonly value: string
  readonly granted: Attribute
  readonly by: Reason
}

export interface MembershipGrant extends Droppable {
  readonly what: 'organization' | 'project'
  readonly value: string
  readonly roles: readonly string[]
  readonly by: Reason
}

/** Whether an entry gives what it says. */
export function isGranted ({ dropped }: Grant): boolean {
  return dropped === undefined
}

/** The rule behind a grant. `matched` is the group or claimed role as the person holds it, `key` as the setting spells it. */
export type Reason =
  | { readonly kind: 'mapping', readonly key: string, readonly matched: string }
  | { readonly kind: 'default' }
  | { readonly kind: 'rolesClaim', readonly claim: string }
