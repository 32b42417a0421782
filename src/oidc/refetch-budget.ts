const burst = 3
const refillMilliseconds = 10_000

/**
 * Whether the provider's keys may be fetched again at once: three times in a burst, then once in ten seconds. Without
 * a bound, tokens with made-up key ids would turn into requests at the provider, one for one.
 */
export function createRefetchBudget (now: () => number): () => boolean {
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
