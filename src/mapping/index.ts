/**
 * What the claims of a provider become here: groups, roles, organizations, projects, attributes, the reason for each,
 * and whether the person may sign in at all.
 *
 * Pure: the same settings, claims and provider give the same frozen result, with no clock, network or log. It does not
 * fetch claims or resolve group overage (oidc/), keeps nothing (sessions/), and decides on no request (access/).
 * Claims may hold anything: what is not of the kind expected counts as absent, and the trace says so.
 */
import { Problem } from '../errors.ts'
import { readClaim, textOf } from './claim-value.ts'
import { copyOf, deepFrozen } from './frozen.ts'
import { createGrants } from './grants.ts'
import { createGroupReader } from './groups.ts'
import { type Claims, type Identity } from './identity.ts'
import { type MappingSettings, type ProviderMappingSettings } from './settings.ts'
import { createSignInTerms, type Refusal } from './sign-in-terms.ts'
import { recordOf, sumOf } from './sum.ts'
import { type Trace } from './trace.ts'

export { allClaimsOf } from './all-claims.ts'
export { claimNamesAt } from './claim-names.ts'
export { outermostClaim, pointerToken } from './claim-pointer.ts'
export { readClaim, textList } from './claim-value.ts'
export type { Attribute, Claims, Identity } from './identity.ts'
export type { ClaimNames, MappingSettings } from './settings.ts'
export type { Refusal } from './sign-in-terms.ts'
export type { Grant, Reason, Trace, TraceEntry } from './trace.ts'

export interface MappingResult {
  readonly identity: Identity
  readonly trace: Trace
  /** Where given, the person must not be signed in; identity and trace then serve to explain it. */
  readonly refusal?: Refusal
}

/**
 * @param provider id of the provider in the configuration
 * @throws Problem `provider_failed` where `sub` is not text (OpenID Connect Core section 2)
 */
export type Mapping = (claims: Claims, provider: string) => MappingResult

/** Compiles the settings, for each provider once. */
export function createMapping (settings: MappingSettings): Mapping {
  const common = compile(settings, undefined)
  const own = new Map(settings.providers?.map((provider) => [provider.id, compile(settingsAt(provider, settings), provider.id)]))
  return (claims, provider) => (own.get(provider) ?? common)(claims, provider)
}

function settingsAt ({ claims, groups }: ProviderMappingSettings, settings: MappingSettings): MappingSettings {
  return { ...settings, claims: overlaid(settings.claims, claims), groups: overlaid(settings.groups, groups) }
}

/** What is given in place of the rest. */
function overlaid<T extends object> (common: T, own: { readonly [Key in keyof T]?: T[Key] | undefined }): T {
  return { ...common, ...Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) }
}

/** @param own id of the provider whose settings these are, where it has some */
function compile (settings: MappingSettings, own: string | undefined): Mapping {
  const groupsOf = createGroupReader(settings)
  const grantsFor = createGrants(settings, own)
  const refusalFor = createSignInTerms(settings)

  return (claims, provider) => {
    const person = personOf(claims, settings.claims)
    const groups = groupsOf(claims)
    const grants = grantsFor(claims, groups.kept)
    const refusal = refusalFor(person.email, groups.known)
    return deepFrozen({
      identity: { ...person, provider, groups: groups.kept, ...sumOf(grants), claims: keptClaims(claims, settings.keepClaims) },
      trace: [...groups.trace, ...grants],
      ...refusal && { refusal }
    })
  }
}

type Person = Pick<Identity, 'sub' | 'user' | 'email' | 'name' | 'firstName' | 'lastName'>

function personOf (claims: Claims, names: MappingSettings['claims']): Person {
  const sub = textOf(readClaim(claims, 'sub'))
  if (sub === undefined) throw new Problem('provider_failed', { cause: new Error('the claims hold no sub') })
  const user = readClaim(claims, names.user)
  const texts = (['email', 'name', 'firstName', 'lastName'] as const)
    .map((field) => [field, textOf(readClaim(claims, names[field]))] as const)
    .filter(([, text]) => text !== undefined)
  return { sub, user: typeof user === 'number' ? String(user) : textOf(user) ?? sub, ...Object.fromEntries(texts) }
}

function keptClaims (claims: Claims, names: readonly string[]): Record<string, unknown> {
  const present = names.map((name) => [name, copyOf(readClaim(claims, name))] as const).filter(([, value]) => value !== undefined)
  return recordOf(present)
}
