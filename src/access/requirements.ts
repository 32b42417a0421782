import { type Identity } from '../mapping/index.ts'
import { type Requirements } from './decision.ts'

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** Compiles requirements to a check that returns those which an identity does not meet, or undefined when it meets all. */
export function compileRequirements (required: Requirements): (identity: Identity) => Requirements | undefined {
  const { roles, groups, organizations, providers } = required
  const foldedGroups = new Set(groups?.map((group) => group.toLowerCase()))
  const claims = Object.entries(required.claims ?? {})

  return (identity) => {
    const unmet: Writable<Requirements> = {}
    if (roles !== undefined && !roles.some((role) => identity.roles.includes(role))) unmet.roles = roles
    if (groups !== undefined && !identity.groups.some((group) => foldedGroups.has(group.toLowerCase()))) unmet.groups = groups
    if (organizations !== undefined && !organizations.some((name) => Object.hasOwn(identity.organizations, name))) unmet.organizations = organizations
    if (providers !== undefined && !providers.includes(identity.provider)) unmet.providers = providers
    const unmetClaims = claims.filter(([name, values]) => !holdsAny(identity.claims, name, values))
    if (unmetClaims.length > 0) unmet.claims = Object.fromEntries(unmetClaims)
    return Object.keys(unmet).length === 0 ? undefined : unmet
  }
}

/** What is not met, in words that complete “You need …”-like sentences: `needs the role admin and the group finance`. */
export function wordsFor (unmet: Requirements): string {
  const parts = [
    ...oneOf(unmet.roles, 'the role', 'one of the roles'),
    ...oneOf(unmet.groups, 'the group', 'one of the groups'),
    ...oneOf(unmet.organizations, 'the organization', 'one of the organizations'),
    ...oneOf(unmet.providers, 'a sign-in at the provider', 'a sign-in at one of the providers'),
    ...Object.entries(unmet.claims ?? {}).flatMap(([name, values]) => oneOf(values, `the claim ${name} to be`, `the claim ${name} to be one of`))
  ]
  return `needs ${parts.join(' and ')}`
}

function oneOf (values: readonly string[] | undefined, one: string, several: string): string[] {
  if (values === undefined) return []
  return [`${values.length === 1 ? one : several} ${values.join(', ')}`]
}

/** An own property only: a claim that nobody sent must not be found on a prototype. */
function holdsAny (claims: Identity['claims'], name: string, values: readonly string[]): boolean {
  if (!Object.hasOwn(claims, name)) return false
  const claim = claims[name]
  const held = Array.isArray(claim) ? claim : [claim]
  return held.some((value) => isScalar(value) && values.includes(String(value)))
}

function isScalar (value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
