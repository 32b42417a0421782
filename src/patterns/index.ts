/**
 * Regular expressions of the configuration, held against text that providers send.
 *
 * Owns their syntax, which is RE2's, and the promise that matching takes time in proportion to the text, whatever the
 * expression and whatever the text: JavaScript's own engine tries alternatives one after the other, so that `(a+)+$`
 * and one long group name can stop the process. Text that is too long is not tried at all. It does not own which values are held against which expression
 * (mapping/, access/).
 */
import { RE2JS, RE2JSException } from 're2js'

/** Of text that is too long, neither is the case. */
export interface Pattern {
  /** Whether it is found anywhere in the text. */
  readonly isIn: (text: string) => boolean
  /** Whether it is the whole text. */
  readonly isAllOf: (text: string) => boolean
}

/** Longer ones are no longer read by anybody, and the time that matching takes grows with them. */
const maxLength = 1_000
/** In instructions: `a{1000}` is a thousand of them. */
const maxSize = 2_000
/** In UTF-16 code units. An expression such as `.*a.{200}c` takes some 20 µs for each, and a claim may hold a million. */
const maxTextLength = 500

/** Compiles an expression of which `patternProblem` has nothing to say. @throws where it has */
export function createPattern (source: string): Pattern {
  const compiled = RE2JS.compile(source)
  return {
    isIn: (text) => !isTooLong(text) && compiled.test(text),
    isAllOf: (text) => !isTooLong(text) && compiled.matches(text)
  }
}

/** Whether the text is held against no expression, so that nothing is certain about it. */
export function isTooLong (text: string): boolean {
  return text.length > maxTextLength
}

/** What is wrong with the expression, to follow “expected a regular expression”; or `undefined`. */
export function patternProblem (source: string): string | undefined {
  if (source.length > maxLength) return `of at most ${maxLength} characters`
  try {
    return RE2JS.compile(source).programSize() > maxSize ? 'that repeats less: written out, this one is too long' : undefined
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    return likelyCause(source) ?? `in the syntax of RE2: ${error.message.replace(/^error parsing regexp: /, '')}`
  }
}

/** What people bring along from other engines, in words of its own; nothing of it can be decided in linear time but the last. */
function likelyCause (source: string): string | undefined {
  if (/\(\?<?[=!]/.test(source)) return 'without look-ahead and look-behind, which take too long on hostile text'
  if (/\\(?:[1-9]|k<)/.test(source)) return 'without back-references, which take too long on hostile text'
  return /\\u/.test(source) ? 'in which a character stands for itself, or is written as \\x{e9}' : undefined
}
