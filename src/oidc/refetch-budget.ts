import { createBudget } from './budget.ts'

/**
 * Whether the provider's keys may be fetched again at once: three times in a burst, then once in ten seconds. Without
 * a bound, tokens with made-up key ids would turn into requests at the provider, one for one.
 */
export function createRefetchBudget (now: () => number): () => boolean {
  return createBudget({ burst: 3, refillMilliseconds: 10_000 }, now)
}
