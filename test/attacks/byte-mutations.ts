/** Bytes that hardly anybody would send: valid messages with a few of them changed, or none that was ever valid. */
import { randomInt } from 'node:crypto'

export interface Mutations {
  /** Gives the same bytes in the same order again. */
  readonly seed: number
  next (): Buffer
}

/** What parsers trip over more often than over any other byte. */
const sharp = ['\r\n', '\n', '\r', '\0', ' ', '\t', ':', ';', ',', '\r\n\r\n', '0\r\n\r\n', '%', '\xff', '"', 'chunked', 'Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', 'HTTP/1.1 ', '-1', '99999999999999999999', '/../', '%2e%2e', '__proto__: x\r\n']

/** @param valid the messages to begin with, as latin1 text */
export function createMutations (valid: readonly string[], seed = randomInt(2 ** 31)): Mutations {
  let state = seed
  /** xorshift, of 32 bits: below `limit`. */
  const below = (limit: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
  const pick = (list: readonly string[]): string => list[below(list.length)] ?? ''
  const changes: ReadonlyArray<(text: string, at: number) => string> = [
    (text, at) => text.slice(0, at) + String.fromCharCode(below(256)) + text.slice(at + 1),
    (text, at) => text.slice(0, at) + pick(sharp) + text.slice(at),
    (text, at) => text.slice(0, at) + text.slice(at + 1 + below(20)),
    (text, at) => text.slice(0, at) + text.slice(Math.max(0, at - below(40))),
    (text, at) => text.slice(0, at),
    (text, at) => text.slice(0, at) + 'x'.repeat(below(20_000)) + text.slice(at)
  ]
  const noise = (): string => Array.from({ length: 1 + below(400) }, () => String.fromCharCode(below(256))).join('')
  const mutate = (text: string): string => {
    let mutated = text
    for (let left = 1 + below(4); left > 0; left--) mutated = changes[below(changes.length)]?.(mutated, below(mutated.length + 1)) ?? ''
    return mutated
  }
  return { seed, next: () => Buffer.from(below(8) === 0 ? noise() : mutate(pick(valid)), 'latin1') }
}
