export interface GateSettings {
  /** How many may run at a time. */
  readonly running: number
  /** How many may wait for their turn. */
  readonly waiting: number
}

/** Too many wait already. */
class GateFullError extends Error {
  override readonly name = 'GateFullError'
  readonly code = 'TOO_MANY_WAITING'
}

/** Bounds how much of something is done at once: what it returns runs the work when its turn comes. @throws GateFullError */
export function createGate ({ running, waiting }: GateSettings): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const queue: Array<() => void> = []
  let inside = 0

  async function enter (): Promise<void> {
    if (inside < running) {
      inside++
      return
    }
    if (queue.length >= waiting) throw new GateFullError('too many requests wait for the provider')
    // Whoever leaves hands the place over, so the number inside stays.
    await new Promise<void>((resolve) => { queue.push(resolve) })
  }

  function leave (): void {
    const next = queue.shift()
    if (next === undefined) inside--
    else next()
  }

  return async (work) => {
    await enter()
    try {
      return await work()
    } finally {
      leave()
    }
  }
}
