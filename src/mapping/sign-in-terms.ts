import { type MappingSettings } from './settings.ts'

/** Why somebody whom the provider knows may not sign in here. */
export interface Refusal {
  /** The audit log's reason. */
  readonly reason: 'required_group_missing' | 'no_email_claim'
  /** For the person: names what is missing, and nothing that they hold. */
  readonly detail: string
  /** For programs: each setting that refuses → what of it is missing, groups or the claim with the e-mail address. */
  readonly unmet: Readonly<Record<string, readonly string[]>>
}

/** Compiles the terms of a sign-in. `known` are the person's groups in lower case, the provider's names and renamed ones. */
export function createSignInTerms ({ claims, groups }: MappingSettings): (email: string | undefined, known: ReadonlySet<string>) => Refusal | undefined {
  const isMember = (known: ReadonlySet<string>) => (group: string) => known.has(group.toLowerCase())

  return (email, known) => {
    if (claims.requireEmail && email === undefined) {
      return { reason: 'no_email_claim', detail: `needs an e-mail address; the identity provider sent none in the claim ${claims.email}`, unmet: { 'claims.requireEmail': [claims.email] } }
    }
    const required = groups.require.filter((group) => !isMember(known)(group))
    const allowed = groups.allow.some(isMember(known)) ? [] : [...groups.allow]
    const needs = [
      ...required.length > 0 ? [`membership of ${required.join(', ')}`] : [],
      ...allowed.length > 0 ? [`membership of one of: ${allowed.join(', ')}`] : []
    ]
    const unmet = { ...required.length > 0 && { 'groups.require': required }, ...allowed.length > 0 && { 'groups.allow': allowed } }
    return needs.length === 0 ? undefined : { reason: 'required_group_missing', detail: `needs ${needs.join(', and ')}`, unmet }
  }
}
