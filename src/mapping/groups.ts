import { createPattern } from '../patterns/index.ts'
import { createNameReader } from './claimed-names.ts'
import { type Claims } from './identity.ts'
import { type GroupSettings, type MappingSettings } from './settings.ts'
import { type TraceEntry } from './trace.ts'

export interface Groups {
  /** After rename and filter, in the order in which the provider sent them. */
  readonly kept: readonly string[]
  /** The provider's names and the renamed ones, before the filter, in lower case. */
  readonly known: ReadonlySet<string>
  readonly trace: readonly TraceEntry[]
}

/** Compiles what finds the groups in the claim: rename, then filter, then duplicates removed. */
export function createGroupReader ({ claims: { groups: claim, groupsSeparator: separator, groupsProperty: property }, groups: { rename, filter } }: MappingSettings): (claims: Claims) => Groups {
  const sentBy = createNameReader('groups', { claim, separator, property })
  const renamed = compileRename(rename)
  const pattern = filter === undefined ? undefined : createPattern(filter)

  return (claims) => {
    const { names: allSent, trace: unusable } = sentBy(claims)
    const trace: TraceEntry[] = [...unusable]
    const kept = new Set<string>()
    const known = new Set<string>()
    for (const sent of allSent) {
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

/** The exact spelling wins, for a provider to which `Ops` and `ops` are two groups; else every one that differs in case alone counts. */
function compileRename (rename: GroupSettings['rename']): (group: string) => readonly string[] | undefined {
  const exact = new Map<string, readonly string[]>()
  const folded = new Map<string, readonly string[]>()
  for (const [group, target] of Object.entries(rename)) {
    const names = typeof target === 'string' ? [target] : target
    exact.set(group, names)
    folded.set(group.toLowerCase(), [...folded.get(group.toLowerCase()) ?? [], ...names])
  }
  return (group) => exact.get(group) ?? folded.get(group.toLowerCase())
}
