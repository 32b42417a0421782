import { connect, type NetConnectOpts } from 'node:net'
import { type UpstreamFailure, type UpstreamMetrics } from '../observability/index.ts'

/** Whether an application is there: known by the requests that it gets, and, where it is probed, without any. */
export interface Reach {
  wasReached (): void
  wasMissed (reason: string): void
}

/** @param onChange the reason is for everybody to read */
export function createReach (onChange: (isUp: boolean, reason?: string) => void): Reach {
  let known: string | undefined
  const change = (state: string, isUp: boolean, reason?: string): void => {
    if (known === state) return
    known = state
    onChange(isUp, reason)
  }
  return {
    wasReached () { change('reached', true) },
    wasMissed (reason) { change(reason, false, reason) }
  }
}

const failed = 'a connection to the url of the upstream fails'

/** Failures to reach it at all. Whoever answers badly, or late, is there. */
const reasons: Partial<Record<UpstreamFailure, string>> = {
  connect_failed: failed,
  connect_timeout: 'a connection to the url of the upstream takes longer than connectTimeout'
}

/** The same counts, from which is also known whether the application is there. */
export function countReached (counts: UpstreamMetrics, { wasReached, wasMissed }: Reach): UpstreamMetrics {
  return {
    answered (milliseconds) {
      counts.answered(milliseconds)
      wasReached()
    },
    failed (reason) {
      counts.failed(reason)
      const missed = reasons[reason]
      if (missed !== undefined) wasMissed(missed)
    }
  }
}

const probeMilliseconds = 5_000

/**
 * Connects to the application from time to time, without a word: for where nobody is sent as long as it is away, so that
 * no request would tell.
 *
 * @returns ends it
 */
export function probe (url: string, timeoutMilliseconds: number, reach: Reach): () => void {
  const options = { ...addressOf(url), timeout: timeoutMilliseconds }
  const look = (): void => {
    const socket = connect(options)
    socket.on('connect', () => {
      reach.wasReached()
      socket.destroy()
    })
    socket.on('timeout', () => { socket.destroy(new Error('too long')) })
    socket.on('error', () => { reach.wasMissed(failed) })
  }
  const clock = setInterval(look, probeMilliseconds).unref()
  look()
  return () => { clearInterval(clock) }
}

function addressOf (url: string): NetConnectOpts {
  if (url.startsWith('unix:')) return { path: url.slice('unix:'.length) }
  const { protocol, hostname, port } = new URL(url)
  const usualPort = protocol === 'https:' ? 443 : 80
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? usualPort : Number(port) }
}
