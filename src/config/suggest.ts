/** The candidate that was probably meant: equal but for case and separators, or a few slips of the finger away. */
export function nearest (word: string, candidates: readonly string[]): string | undefined {
  const tolerance = Math.min(3, Math.floor(word.length / 3))
  const [best] = candidates
    .map((candidate) => ({ candidate, slips: slipsBetween(plain(word), plain(candidate)) }))
    .filter(({ slips }) => slips <= tolerance)
    .sort((a, b) => a.slips - b.slips)
  return best?.candidate
}

function plain (word: string): string {
  return word.toLowerCase().replace(/[^a-z0-9]/g, '')
}

/** How many letters to add, drop, change or swap with their neighbour (optimal string alignment distance). */
function slipsBetween (from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const changed = from[row - 1] === to[column - 1] ? 0 : 1
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      current.push(Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + changed,
        swapped ? at(beforeLast, column - 2) + 1 : Infinity
      ))
    }
    [beforeLast, last] = [last, current]
  }
  return at(last, to.length)
}

function at (row: readonly number[], index: number): number {
  return row[index] ?? Infinity
}
