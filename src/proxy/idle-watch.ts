export interface IdleTimer {
  restart (): void
  stop (): void
}

/** Timers that all last equally long, on one clock: a body that comes in one piece, as most do, costs none of its own. */
export interface IdleWatch {
  /** Starts a timer that calls back once nothing has restarted it for the time of the watch, or up to an eighth longer. */
  start (onIdle: () => void): IdleTimer
  close (): void
}

/** A timer runs out at this many looks. The first look may come at once, so that a timer never runs out early. */
const looks = 9

export function createIdleWatch (milliseconds: number): IdleWatch {
  const running = new Set<WatchedTimer>()
  const clock = setInterval(() => {
    for (const timer of running) timer.look()
  }, milliseconds / (looks - 1)).unref()
  return {
    start: (onIdle) => new WatchedTimer(running, onIdle),
    close: () => { clearInterval(clock) }
  }
}

class WatchedTimer implements IdleTimer {
  readonly #running: Set<WatchedTimer>
  readonly #onIdle: () => void
  #looksLeft = looks

  constructor (running: Set<WatchedTimer>, onIdle: () => void) {
    this.#running = running
    this.#onIdle = onIdle
    running.add(this)
  }

  restart (): void {
    this.#looksLeft = looks
    this.#running.add(this)
  }

  stop (): void {
    this.#running.delete(this)
  }

  look (): void {
    if (--this.#looksLeft > 0) return
    this.stop()
    this.#onIdle()
  }
}
