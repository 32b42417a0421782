import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit, type YAMLError } from 'yaml'
import { isTree, type Path, type Tree } from './path.ts'
import { type ConfigurationProblem, type Place } from './report.ts'

/** A configuration file: what it says, and on which line. */
export interface ConfigurationDocument {
  /** Empty where the file is broken. */
  readonly value: Tree
  /** True where nothing but the problems below can be said about the file. */
  readonly broken: boolean
  readonly problems: readonly ConfigurationProblem[]
  /** Where the key, or the value, at the path stands; the closest section above it where the file does not have it. */
  placeOf (path: Path, part: 'key' | 'value'): Place
}

/** Reads YAML 1.2, and thereby JSON. Never throws. @param content what the file is a map of */
export function readDocument (name: string, text: string, content = 'settings, such as `server:`'): ConfigurationDocument {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true })
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { source: name, line, column: col }
  }
  const faults = faultsOf(document)
  const read = faults.some(({ fatal }) => fatal) ? { value: {} } : contentOf(document, content)
  if (read.fault !== undefined) faults.push({ offset: 0, message: read.fault, fatal: true })
  return {
    value: read.value,
    broken: faults.some(({ fatal }) => fatal),
    problems: faults.map(({ offset, message }) => ({ place: placeAt(offset), message })),
    placeOf: (path, part) => placeAt(offsetOf(document, path, part))
  }
}

interface Fault {
  readonly offset: number
  readonly message: string
  /** Nothing else in the file can be judged. */
  readonly fatal: boolean
}

function faultsOf (document: Document): Fault[] {
  const tooDeep = document.errors.find(({ code }) => code === 'RESOURCE_EXHAUSTION')
  const errors = tooDeep === undefined ? [...document.errors, ...document.warnings] : [tooDeep]
  // What follows a text that was not expected is taken for what it is not.
  const unexpected = errors.find(({ code }) => code === 'UNEXPECTED_TOKEN')
  const told = errors.filter((error) => error.code !== 'UNEXPECTED_TOKEN' || error === unexpected)
  const faults = told.map((error) => ({ offset: error.pos[0], message: wordsFor(error), fatal: error.code !== 'DUPLICATE_KEY' }))
  // What the parser stumbles over after its first complaint about a place only repeats it.
  const first = new Map(faults.toReversed().map((fault) => [fault.offset, fault]))
  return [...first.values(), ...faultsInTree(document)]
}

function wordsFor ({ code, message }: YAMLError): string {
  if (code === 'DUPLICATE_KEY') return 'this key was already given above'
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here; expected a single one'
  if (code === 'RESOURCE_EXHAUSTION') return 'nested too deeply'
  if (code === 'TAG_RESOLVE_FAILED') return 'a tag that has no meaning here'
  if (code === 'NON_STRING_KEY') return 'expected text as a key'
  // The parser quotes what it stumbled over, which may be part of a secret.
  if (code === 'UNEXPECTED_TOKEN') return 'not valid YAML: unexpected text'
  return `not valid YAML: ${message}`
}

/** Faults that the parser accepts: an alias of nothing, and a key that JavaScript would lose. */
function faultsInTree (document: Document): Fault[] {
  if (document.errors.length > 0) return []
  const faults: Fault[] = []
  visit(document, {
    Alias (_, alias) {
      if (alias.resolve(document) === undefined) faults.push({ offset: offsetOfNode(alias), message: 'an alias for which there is no anchor above', fatal: true })
    },
    Pair (_, { key }) {
      if (isScalar(key) && key.value === '__proto__') faults.push({ offset: offsetOfNode(key), message: 'not a usable key', fatal: true })
    }
  })
  return faults
}

function contentOf (document: Document, content: string): { value: Tree, fault?: string } {
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 }) ?? {}
    return isTree(value) ? { value } : { value: {}, fault: `expected a map of ${content}` }
  } catch {
    return { value: {}, fault: 'aliases that multiply; write their values out' }
  }
}

/** Where the key or the value at the path begins; the key of the closest section above it where there is no such path. */
function offsetOf (document: Document, path: Path, part: 'key' | 'value'): number {
  let [keyOffset, valueOffset] = [0, 0]
  let node: unknown = document.contents
  for (const key of path) {
    const pair = pairOf(isAlias(node) ? node.resolve(document) : node, key)
    if (pair === undefined) return keyOffset
    keyOffset = offsetOfNode(pair.key)
    valueOffset = isScalar(pair.value) && pair.value.value === null ? keyOffset : offsetOfNode(pair.value)
    node = pair.value
  }
  return part === 'key' ? keyOffset : valueOffset
}

function pairOf (node: unknown, key: string | number): { key: unknown, value: unknown } | undefined {
  if (isMap(node)) return node.items.find((pair) => isScalar(pair.key) && pair.key.value === key)
  if (!isSeq(node) || typeof key !== 'number') return undefined
  return key < node.items.length ? { key: node.items[key], value: node.items[key] } : undefined
}

function offsetOfNode (node: unknown): number {
  return isNode(node) ? node.range?.[0] ?? 0 : 0
}
