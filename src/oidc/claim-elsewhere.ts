import { type Claims } from '../mapping/index.ts'

/**
 * Whether claims say that there is more to one of them than was sent: `_claim_names` (OpenID Connect Core section 5.6.2),
 * or Entra ID's `hasgroups`. The address that stands beside it in `_claim_sources` is not looked at, here or anywhere.
 */
export function isElsewhere (name: string, claims: Claims): boolean {
  const { _claim_names: names, hasgroups } = claims
  if (typeof names === 'object' && names !== null && Object.hasOwn(names, name)) return true
  return name === 'groups' && hasgroups !== undefined && hasgroups !== false
}
