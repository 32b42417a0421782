export interface IdleTimer {
  restart (): void
  stop (): void
}

/** Calls back once nothing has restarted it for the time given. Restarting a running timer is cheap. */
export function createIdleTimer (milliseconds: number, onIdle: () => void): IdleTimer {
  let timer: NodeJS.Timeout | undefined = setTimeout(onIdle, milliseconds)
  return {
    restart () {
      if (timer === undefined) timer = setTimeout(onIdle, milliseconds)
      else timer.refresh()
    },
    stop () {
      clearTimeout(timer)
      timer = undefined
    }
  }
}
