export function median (values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2
}

/**
 * Round by round: the machine may be slower in one round than in another, but not for one subject alone.
 * @returns the median of what `compare` makes of the two of each round
 */
export function medianOfPairs<Round> (one: readonly Round[], other: readonly Round[], compare: (one: Round, other: Round) => number): number {
  return median(one.flatMap((value, round) => {
    const base = other[round]
    return base === undefined ? [] : [compare(value, base)]
  }))
}
