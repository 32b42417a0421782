import { caseFolded, policyFormOfRule } from './policy-form.ts'
import { type Reading, type Rule } from './rule.ts'

/** A rule and the path that it is for, as the configuration spells it. */
export interface IndexedRule {
  readonly glob: string
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
}

/**
 * Finds the first rule that covers a path without looking at those that can't. Rules are kept by the segments with
 * which their globs begin, up to the first wildcard; on the way down a path are all that may cover it.
 */
export function createRuleIndex (rules: readonly IndexedRule[]): (reading: Reading, method: string) => Rule | undefined {
  const root = newNode()
  rules.forEach(({ glob, rule }, position) => { nodeFor(root, glob).rules.push({ position, rule }) })

  return (reading, method) => {
    const { folded } = reading
    let best: Ordered | undefined
    let node: Node | undefined = root
    for (let start = 1; node !== undefined; start = endOfSegment(folded, start) + 1) {
      best = firstCovering(node.rules, best, reading, method)
      if (node.children.size === 0 || start > folded.length) break
      node = node.children.get(folded.slice(start, endOfSegment(folded, start)))
    }
    return best?.rule
  }
}

function newNode (): Node {
  return { rules: [], children: new Map() }
}

/** Segments are compared folded and decoded: what counts for the rule itself is for the rule to say. */
function nodeFor (root: Node, glob: string): Node {
  let node = root
  for (const segment of caseFolded(policyFormOfRule(fixedStart(glob))).slice(1).split('/')) {
    if (segment === '') break
    const child = node.children.get(segment) ?? newNode()
    node.children.set(segment, child)
    node = child
  }
  return node
}

/** The segments before the first that holds a wildcard. */
function fixedStart (glob: string): string {
  const wildcard = glob.indexOf('*')
  return wildcard === -1 ? glob : glob.slice(0, glob.lastIndexOf('/', wildcard))
}

function firstCovering (candidates: readonly Ordered[], best: Ordered | undefined, reading: Reading, method: string): Ordered | undefined {
  for (const candidate of candidates) {
    if (best !== undefined && candidate.position > best.position) return best
    if (candidate.rule.covers(reading, method)) return candidate
  }
  return best
}

function endOfSegment (path: string, start: number): number {
  const slash = path.indexOf('/', start)
  return slash === -1 ? path.length : slash
}
