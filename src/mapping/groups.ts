import { createPattern } from '../patterns/index.ts'
import { ignoredKinds, readClaim, textList } from './claim-value.ts'
import { type Claims } from './identity.ts'
import { type GroupSettings } from './settings.ts'
import { type TraceEntry } from './trace.ts'

export interface Groups {
  /** After rename and filter, in the order in which the provider sent them. */
  readonly kept: readonly string[]
  /** The provider's names and the renamed ones, before the filter, in lower case. */
  readonly known: ReadonlySet<string>
  readonly trace: readonly TraceEntry[]
}

/**
 * Compiles what finds the groups in the claim: rename, then filter, then duplicates removed.
 * @param claim the name of the groups claim, or a JSON pointer
 */
export function createGroupReader (claim: string, { rename, filter }: GroupSettings): (claims: Claims) => Groups {
  const renamed = compileRename(rename)
  const pattern = filter === undefined ? undefined : createPattern(filter)

  return (claims) => {
    const value = readClaim(claims, claim)
    const trace = unusableValues('groups', claim, value)
    const kept = new Set<string>()
    const known = new Set<string>()
    for (const sent of new Set(textList(value))) {
      const names = renamed(sent)
      for (const name of [sent, ...names ?? []]) known.add(name.toLowerCase())
      for (const name of names ?? [sent]) {
        const passes = pattern === undefined || pattern.isIn(name)
        if (passes) kept.add(name)
        trace.push({ what: 'group', value: name, claim, ...names && { renamedFrom: sent }, ...!passes && { dropped: 'groups.filter' } })
      }
    }
    return { kept: [...kept], known, trace }
  }
}

/** What a claim does not hold, for the trace: nothing at all, or entries that are not text. */
export function unusableValues (expected: 'groups' | 'roles', claim: string, value: unknown): TraceEntry[] {
  if (value === undefined) return [{ what: 'absent', expected, claim }]
  return ignoredKinds(value).map((kind) => ({ what: 'ignored', expected, claim, value: kind }))
}

/** The exact spelling wins over one that differs in case; among the latter, the first in the settings. */
function compileRename (rename: GroupSettings['rename']): (group: string) => readonly string[] | undefined {
  const exact = new Map<string, readonly string[]>()
  const folded = new Map<string, readonly string[]>()
  for (const [group, target] of Object.entries(rename)) {
    const names = typeof target === 'string' ? [target] : target
    exact.set(group, names)
    if (!folded.has(group.toLowerCase())) folded.set(group.toLowerCase(), names)
  }
  return (group) => exact.get(group) ?? folded.get(group.toLowerCase())
}
