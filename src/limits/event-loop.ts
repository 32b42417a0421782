/** How long what comes in has to wait until it is looked at. */
export interface EventLoop {
  lagMilliseconds (): number
  close (): void
}

const betweenLooksMilliseconds = 250
/** The shortest time that a timer takes: what a turn of the loop takes beyond it is the lag. */
const shortestMilliseconds = 1

/**
 * Watches how long a turn of the event loop takes. What counts is the shorter of the last two: one pause, such as that of
 * a garbage collection or of a machine that had other things to do, is over when it is noticed, and is no overload.
 */
export function watchEventLoop (): EventLoop {
  let [previous, last] = [0, 0]
  let timer = setTimeout(look, betweenLooksMilliseconds).unref()

  function look (): void {
    const beganAt = performance.now()
    timer = setTimeout(() => {
      previous = last
      last = performance.now() - beganAt - shortestMilliseconds
      timer = setTimeout(look, betweenLooksMilliseconds).unref()
    }, shortestMilliseconds).unref()
  }

  return {
    lagMilliseconds: () => Math.min(previous, last),
    close () { clearTimeout(timer) }
  }
}
