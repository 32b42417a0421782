import { Counter, type Registry } from 'prom-client'
import { Durations, histogramText } from './durations.ts'

const upstreamFailures = ['connect_failed', 'connect_timeout', 'response_timeout', 'idle_timeout', 'connection_lost', 'response_invalid'] as const

/** Why the application gave no answer, or not all of it. A client that leaves is no failure of the application. */
export type UpstreamFailure = (typeof upstreamFailures)[number]

/** What is counted of one application. */
export interface UpstreamMetrics {
  /** Milliseconds from sending the request to the headers of the answer. */
  answered (milliseconds: number): void
  failed (reason: UpstreamFailure): void
}

/** How the applications answer, and how often they don't. */
export function createUpstreamCounts (registry: Registry) {
  const series = new Map<string, Durations>()
  const errors = new Counter({ name: 'doorward_upstream_errors_total', help: 'Requests that the application did not answer, or not completely.', labelNames: ['upstream', 'reason'], registers: [registry] })
  return {
    of (upstream: string): UpstreamMetrics {
      const durations = series.get(upstream) ?? new Durations()
      series.set(upstream, durations)
      for (const reason of upstreamFailures) errors.inc({ upstream, reason }, 0)
      return {
        answered (milliseconds) { durations.observe(milliseconds) },
        failed (reason) { errors.inc({ upstream, reason }) }
      }
    },
    durationText: () => histogramText({
      name: 'doorward_upstream_request_duration_seconds',
      help: 'From sending a request to the application to the headers of its answer.',
      label: 'upstream',
      series
    })
  }
}
