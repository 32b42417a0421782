import { hasWildcard } from './path-glob.ts'
import { caseFolded, policyFormOfRule } from './policy-form.ts'
import { type Circumstances, type Reading, type Rule } from './rule.ts'

/** A rule, and what it is for, as the configuration spells it. */
export interface IndexedRule {
  readonly glob: string
  /** None: all. */
  readonly hosts?: readonly string[] | undefined
  readonly rule: Rule
}

interface Ordered {
  readonly position: number
  readonly rule: Rule
}

/** A segment of the paths that rules are for, and what may follow it. */
interface Node {
  readonly rules: Ordered[]
  readonly children: Map<string, Node>
  /** What follows any segment: one that holds a wildcard. */
  any: Node | undefined
}

export type FindRule = (reading: Reading, circumstances: Circumstances) => Rule | undefined

/**
 * Finds the first rule that covers a request without looking at those that can't. Rules are kept by host, and by the
 * segments of their globs, up to the first that may stand for several; on the way down a path are all that may cover it.
 */
export function createRuleIndex (rules: readonly IndexedRule[]): FindRule {
  const everywhere = newNode()
  const byHost = new Map<string, Node>()
  rules.forEach(({ glob, hosts, rule }, position) => {
    for (const root of hosts === undefined ? [everywhere] : hosts.map((host) => rootOf(byHost, host))) nodeFor(root, glob).rules.push({ position, rule })
  })

  return (reading, circumstances) => {
    const search: Search = { reading, circumstances, best: undefined }
    descend(byHost.get(circumstances.host), 1, search)
    descend(everywhere, 1, search)
    return search.best?.rule
  }
}

function newNode (): Node {
  return { rules: [], children: new Map(), any: undefined }
}

function rootOf (byHost: Map<string, Node>, host: string): Node {
  const root = byHost.get(host) ?? newNode()
  byHost.set(host, root)
  return root
}

/** Segments are compared folded and decoded: what counts for the rule itself is for the rule to say. */
function nodeFor (root: Node, glob: string): Node {
  let node = root
  for (const segment of glob.slice(1).split('/')) {
    const name = caseFolded(policyFormOfRule(segment))
    // A `%2F` that somebody wrote into a rule is a slash to the path that it is compared with.
    if (segment === '' || segment === '**' || name.includes('/')) break
    node = hasWildcard(segment) ? anyOf(node) : childOf(node, name)
  }
  return node
}

function anyOf (node: Node): Node {
  node.any ??= newNode()
  return node.any
}

function childOf (node: Node, segment: string): Node {
  const child = node.children.get(segment) ?? newNode()
  node.children.set(segment, child)
  return child
}

interface Search {
  readonly reading: Reading
  readonly circumstances: Circumstances
  best: Ordered | undefined
}

/** @param start where the segment begins that follows the node; behind the end of the path, an empty one may follow */
function descend (node: Node | undefined, start: number, search: Search): void {
  if (node === undefined) return
  search.best = firstCovering(node.rules, search)
  const { folded } = search.reading
  if (start > folded.length + 1) return
  const end = endOfSegment(folded, start)
  if (node.children.size > 0) descend(node.children.get(folded.slice(start, end)), end + 1, search)
  descend(node.any, end + 1, search)
}

function firstCovering (candidates: readonly Ordered[], { reading, circumstances, best }: Search): Ordered | undefined {
  for (const candidate of candidates) {
    if (best !== undefined && candidate.position > best.position) return best
    if (candidate.rule.covers(reading, circumstances)) return candidate
  }
  return best
}

function endOfSegment (path: string, start: number): number {
  const slash = path.indexOf('/', start)
  return slash === -1 ? path.length : slash
}
