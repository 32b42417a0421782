import { createKnownHosts } from '../request-origin/index.ts'
import { conditionsIn } from './conditions.ts'
import { type Conflict } from './conflict.ts'
import { pathText } from './path.ts'
import { isPlaceholder } from './path-glob.ts'
import { ruleFaults } from './rule-faults.ts'
import { type Configuration } from './schema.ts'

type Rule = Configuration['access']['rules'][number]

/** Rules that can’t be meant, or never decide. Whoever wrote them thinks that they protect something. */
export function ruleConflicts ({ access: { rules }, server }: Configuration): Conflict[] {
  return rules.flatMap((rule, index) => [
    ...ruleFaults(rule).map(({ path, message }) => ({ settings: [pathText(['access', 'rules', index, ...path]), `access.rules[${index}]`], message })),
    ...hostConflicts(rule, index, server),
    ...coveredConflicts(rule, index, rules)
  ])
}

/** Rules that demand something of some clients, where nothing says what is demanded of the others. */
export function addressWarnings ({ rules }: Configuration['access']): string[] {
  return rules.flatMap((rule, index) => {
    const isDemanding = rule.clientAddresses !== undefined && rule.allow !== 'anonymous' && rule.deny !== true
    const others = { ...rule, clientAddresses: undefined }
    if (!isDemanding || rules.slice(index + 1).some((later) => isAllWithin(others, later))) return []
    return [`access.rules[${index}] is for some client addresses only: what later rules or access.default say of ${rule.path} holds for all others; a rule for that path without clientAddresses, below it, says what shall hold`]
  })
}

/** Every provider that a rule names, and where. */
export function providersNamedByRules ({ rules }: Configuration['access']): ReadonlyArray<readonly [setting: string, ids: readonly string[] | undefined]> {
  return rules.flatMap(({ require }, index) => [...conditionsIn(require)].map(({ conditions, path }) => {
    return [pathText(['access', 'rules', index, ...path, 'providers']), conditions.providers] as const
  }))
}

/** Requests for any other host get 421 before any rule; and a host has one spelling. */
function hostConflicts ({ hosts = [] }: Rule, index: number, { publicUrl, hosts: others }: Configuration['server']): Conflict[] {
  const knownHost = createKnownHosts(new URL(publicUrl), others)
  return hosts.flatMap((host, position) => {
    const known = knownHost(host)
    if (known === host) return []
    const expected = known ?? `a host that Doorward serves: that of server.publicUrl (${new URL(publicUrl).host}) or one of server.hosts`
    return [{ settings: [`access.rules[${index}].hosts[${position}]`, 'server.hosts'], message: `expected ${expected}; found ${JSON.stringify(host)}` }]
  })
}

/** A rule that an earlier one leaves nothing to. One that opens a path covers that very spelling, and leaves the others. */
function coveredConflicts (rule: Rule, index: number, rules: readonly Rule[]): Conflict[] {
  const earlier = rules.findIndex((other, position) => position < index && other.allow !== 'anonymous' && isAllWithin(rule, other))
  if (earlier === -1) return []
  return [{ settings: [`access.rules[${index}]`, `access.rules[${earlier}]`], message: `never decides: access.rules[${earlier}] stands before it and covers all that it does` }]
}

function isAllWithin (rule: Rule, wide: Rule): boolean {
  return isPathWithin(rule.path, wide.path) && isListWithin(rule.methods, wide.methods) && isListWithin(rule.hosts, wide.hosts) && isListWithin(rule.clientAddresses, wide.clientAddresses)
}

/** Cautious: of paths with wildcards in other places it is not known. */
function isPathWithin (path: string, wide: string): boolean {
  const [inner, outer] = [path.toLowerCase(), wide.toLowerCase()]
  if (inner === outer) return true
  const above = outer.slice(0, -3)
  const isTree = outer.endsWith('/**') && !above.split('/').some((segment) => segment.includes('*') || isPlaceholder(segment))
  return isTree && inner.startsWith(`${above}/`) && !inner.includes('%')
}

/** Absent: all. */
function isListWithin (list: readonly string[] | undefined, wide: readonly string[] | undefined): boolean {
  return wide === undefined || (list !== undefined && list.every((entry) => wide.includes(entry)))
}
