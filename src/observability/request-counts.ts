import { Counter, type Registry } from 'prom-client'
import { http } from '../node-http.ts'
import { Durations, histogramText } from './durations.ts'

/** `proxied`: for the application, whoever answered. `own`: one of Doorward's routes. `upgrade`: for another protocol. */
export type RequestKind = 'proxied' | 'own' | 'upgrade'

/** What Node lets an application send, and a little more. */
const statusLimit = 1_000

/** Requests by how they were answered, and how long that took. */
export function createRequestCounts (registry: Registry) {
  const count = () => ({ statuses: new Float64Array(statusLimit), durations: new Durations() })
  const kinds: Readonly<Record<RequestKind, ReturnType<typeof count>>> = { proxied: count(), own: count(), upgrade: count() }
  const counter = new Counter({
    name: 'doorward_http_requests_total',
    help: 'Requests that were answered, or left by the client.',
    labelNames: ['kind', 'status'],
    registers: [registry],
    // prom-client takes the counts over when it is asked: its own `inc` costs ten times as much as the lines below.
    collect () {
      counter.reset()
      for (const [kind, { statuses }] of Object.entries(kinds)) {
        statuses.forEach((requests, status) => { if (requests > 0) counter.inc({ kind, status: statusLabel(status) }, requests) })
      }
    }
  })
  return {
    ended (kind: RequestKind, status: number, milliseconds: number) {
      const { statuses, durations } = kinds[kind]
      statuses[status] = (statuses[status] ?? 0) + 1
      durations.observe(milliseconds)
    },
    durationText: () => histogramText({
      name: 'doorward_http_request_duration_seconds',
      help: 'From the headers of a request to the end of its answer.',
      label: 'kind',
      series: new Map(Object.entries(kinds).map(([kind, { durations }]) => [kind, durations]))
    })
  }
}

/** An application may answer with any number: those that mean nothing share one series. */
function statusLabel (status: number): string {
  return status in http.STATUS_CODES || status === clientLeft ? String(status) : 'other'
}

/** The client left before there was an answer: nginx has made this number known. */
export const clientLeft = 499
