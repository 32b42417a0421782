import { type Claims, type MappingResult, type TraceEntry } from '../mapping/index.ts'
import { similarClaims } from './similar-claims.ts'

const mostClaims = 10
const longestName = 100

/** A claim that was looked for; where it is absent, with the names of those that may be meant. */
type UnusableClaim = Extract<TraceEntry, { what: 'absent' | 'ignored' }> & { readonly similar?: readonly string[] }

/**
 * For the audit trail and the log: claims that were looked for and are absent, with the names of those that may be meant, or of
 * another kind. It is the commonest reason for a role that is missing.
 */
export function unusableClaims ({ trace }: MappingResult, claims: Claims): { unusable?: readonly UnusableClaim[] } {
  const unusable = trace.filter((entry) => entry.what === 'absent' || entry.what === 'ignored').slice(0, mostClaims)
  if (unusable.length === 0) return {}
  const similar = similarClaims(claims).slice(0, mostClaims).map((name) => name.slice(0, longestName))
  return { unusable: unusable.map((entry) => entry.what === 'absent' && similar.length > 0 ? { ...entry, similar } : entry) }
}
