import { type Claims, type MappingResult } from '../mapping/index.ts'
import { similarClaims } from './similar-claims.ts'

const mostClaims = 10
const longestName = 100

/**
 * For the audit trail: claims that were looked for and are absent, with the names of those that may be meant, or of
 * another kind. It is the commonest reason for a role that is missing.
 */
export function unusableClaims ({ trace }: MappingResult, claims: Claims): { unusable?: readonly unknown[] } {
  const unusable = trace.filter(({ what }) => what === 'absent' || what === 'ignored').slice(0, mostClaims)
  if (unusable.length === 0) return {}
  const similar = similarClaims(claims).slice(0, mostClaims).map((name) => name.slice(0, longestName))
  return { unusable: unusable.map((entry) => entry.what === 'absent' && similar.length > 0 ? { ...entry, similar } : entry) }
}
