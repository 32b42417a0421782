import { isPlaceholder } from './placeholders.ts'
import { policyFormOfRule } from './policy-form.ts'

const anySegments = Symbol('**')
type Pattern = (text: string) => boolean

/**
 * Compiles the path of a rule: `*` stands for any characters within a segment, `**` as a whole segment for any number
 * of segments, none included, so that `/admin/**` covers `/admin`. A placeholder stands for one segment that is not
 * empty. Everything else stands for itself.
 *
 * Not translated to a regular expression: several wildcards in one would let a request choose how long matching takes.
 * Here the time is at most the length of the path times the length of the rule.
 *
 * @param fold applied to the fixed parts; the path given to the result must have been folded likewise
 */
export function compileGlob (glob: string, fold: (text: string) => string = (text) => text): Pattern {
  const literal = (text: string) => fold(policyFormOfRule(text))
  if (!hasWildcard(glob)) return equals(literal(glob))

  // By far the most common shape. The parent of `/**` is empty, and every path is below it.
  const parent = glob.endsWith('/**') ? glob.slice(0, -3) : glob
  if (!hasWildcard(parent)) return isAtOrBelow(literal(parent))

  const pattern = glob.slice(1).split('/').map((segment) => segment === '**' ? anySegments : compileSegment(segment, literal))
  return (path) => matchesSegments(pattern, path.slice(1).split('/'))
}

/** Whether a path or one of its segments covers more than one spelling. */
export function hasWildcard (glob: string): boolean {
  return glob.includes('*') || glob.split('/').some(isPlaceholder)
}

function equals (expected: string): Pattern {
  return (text) => text === expected
}

function isAtOrBelow (parent: string): Pattern {
  const prefix = `${parent}/`
  return (path) => path.startsWith(prefix) || path === parent
}

/** Split at the wildcards before decoding: `%2A` is an asterisk that stands for itself. */
function compileSegment (segment: string, literal: (text: string) => string): Pattern {
  if (isPlaceholder(segment)) return (text) => text !== ''
  const [first = '', ...inner] = segment.split('*').map(literal)
  const last = inner.pop()
  if (last === undefined) return equals(first)
  return (text) => {
    const end = text.length - last.length
    if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false
    return holdsInOrder(text.slice(first.length, end), inner)
  }
}

/** The earliest place for each part is the best one: nothing needs to be tried twice. */
function holdsInOrder (text: string, parts: readonly string[]): boolean {
  let from = 0
  for (const part of parts) {
    const found = text.indexOf(part, from)
    if (found === -1) return false
    from = found + part.length
  }
  return true
}

/** After a mismatch only the last `**` takes one segment more: an earlier one could not reach further than it did. */
function matchesSegments (pattern: ReadonlyArray<Pattern | typeof anySegments>, segments: readonly string[]): boolean {
  let next = 0
  let resumePattern = -1
  let resumeSegment = 0
  for (let at = 0; at < segments.length;) {
    const expected = pattern[next]
    if (expected === anySegments) {
      resumePattern = ++next
      resumeSegment = at
    } else if (expected?.(segments[at] ?? '') === true) {
      next++
      at++
    } else if (resumePattern !== -1) {
      next = resumePattern
      at = ++resumeSegment
    } else {
      return false
    }
  }
  return pattern.slice(next).every((rest) => rest === anySegments)
}
