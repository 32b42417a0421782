export interface Allowance {
  /** How often at once. */
  readonly burst: number
  /** After how long once more. */
  readonly refillMilliseconds: number
}

/** Says whether something may be done once more: so often in a burst, then once in a while. */
export function createBudget ({ burst, refillMilliseconds }: Allowance, now: () => number): () => boolean {
  let left = burst
  let filledAt = now()
  return () => {
    const refills = Math.floor((now() - filledAt) / refillMilliseconds)
    left = Math.min(burst, left + refills)
    filledAt += refills * refillMilliseconds
    if (left === 0) return false
    left--
    return true
  }
}
