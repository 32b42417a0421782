const minuteMilliseconds = 60_000

/**
 * Tells of what happens at most once a minute, and how often it has happened since it was last told: who floods Doorward
 * must not flood its log as well.
 *
 * @param tell how often, and what is known of the last time
 * @param now milliseconds since the epoch
 */
export function oncePerMinute<Known extends readonly unknown[]> (tell: (count: number, ...known: Known) => void, now: () => number): (...known: Known) => void {
  let untold = 0
  let toldAt = -Infinity
  return (...known) => {
    untold++
    if (now() - toldAt < minuteMilliseconds) return
    tell(untold, ...known)
    untold = 0
    toldAt = now()
  }
}
