import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Problem } from '../errors.ts'
import { type UpstreamMetrics } from '../observability/index.ts'
import { type IdleWatch } from './idle-watch.ts'
import { type Lease, type OpenConnections } from './open-connections.ts'
import { type Upstream } from './upstream.ts'

/** What is sent in place of the client's method and body. */
export interface Substitute {
  readonly method: 'POST'
  readonly body: Buffer
}

/** A request that was admitted, as it goes upstream. */
export interface ForwardedRequest {
  /** Origin-form, exactly the bytes that were decided on. */
  readonly target: string
  /** Name, value, name, value…: complete, nothing is added or removed here. */
  readonly headers: string[]
  /** Lines that Doorward adds to the response, such as the cookie of a session whose idle time was moved. */
  readonly responseHeaders: readonly string[]
  /** A longer body is cut off; absent: as long as the client likes. */
  readonly maxBodyBytes?: number | undefined
  /** What was posted earlier; its headers are among `headers`. */
  readonly substitute?: Substitute | undefined
  /** What a connection that stays open depends on: a session, or a token. */
  readonly lease?: Lease | undefined
}

export interface ForwardEvents {
  /** Called once, before any of the body: from here on the response belongs to the forwarder. */
  onStart (): void
  /** Called instead of `onStart` where there is no response to pass on. */
  onProblem (problem: Problem): void
  /** Called where an answer that has begun breaks off. */
  onCut (problem: Problem): void
}

export type Forwarder = (request: IncomingMessage, response: ServerResponse, forwarded: ForwardedRequest, events: ForwardEvents) => void

export interface ForwardParts {
  readonly upstream: Upstream
  readonly counts: UpstreamMetrics
  /** Watches clients that send or take a body. */
  readonly clients: IdleWatch
  readonly open: OpenConnections
  /** Whether a Set-Cookie line sets a cookie of Doorward's. */
  readonly isOwnCookie: (setCookie: string) => boolean
}
