import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type Dispatcher } from 'undici'
import { Problem } from '../errors.ts'
import { type IdleTimer, type IdleWatch } from './idle-watch.ts'
import { responseHeaders } from './response-headers.ts'
import { type Upstream } from './upstream.ts'

/** A request that was admitted, as it goes upstream. */
export interface ForwardedRequest {
  /** Origin-form, exactly the bytes that were decided on. */
  readonly target: string
  /** Name, value, name, value…: complete, nothing is added or removed here. */
  readonly headers: string[]
  /** Lines that Doorward adds to the response, such as the cookie of a session whose idle time was moved. */
  readonly responseHeaders: readonly string[]
}

export interface ForwardEvents {
  /** Called once, before any of the body: from here on the response belongs to the forwarder. */
  onStart (): void
  /** Called instead of `onStart` where there is no response to pass on. */
  onProblem (problem: Problem): void
}

export type Forwarder = (request: IncomingMessage, response: ServerResponse, forwarded: ForwardedRequest, events: ForwardEvents) => void

/** Sends requests to one upstream and streams the answers back. A body that breaks off is never made to look whole. */
export function createForwarder (upstream: Upstream): Forwarder {
  return (request, response, forwarded, events) => {
    upstream.dispatcher.dispatch({
      path: upstream.basePath + forwarded.target,
      method: request.method as Dispatcher.HttpMethod,
      headers: forwarded.headers,
      body: hasBody(request) ? request : null
    }, new ResponseRelay(response, forwarded.responseHeaders, upstream.bodies, events))
  }
}

/** A request has a body if and only if its framing says so (RFC 9112 section 6.3), whatever its method. */
function hasBody ({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

const eventStream = /^text\/event-stream\b/i

class ResponseRelay implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse
  readonly #added: readonly string[]
  readonly #bodies: IdleWatch
  readonly #events: ForwardEvents
  #controller: Dispatcher.DispatchController | undefined
  #idle: IdleTimer | undefined

  constructor (response: ServerResponse, added: readonly string[], bodies: IdleWatch, events: ForwardEvents) {
    this.#response = response
    this.#added = added
    this.#bodies = bodies
    this.#events = events
    response.on('close', this.#onClose)
  }

  /** The client is gone: nobody waits for the answer, so the upstream need not go on either. */
  readonly #onClose = (): void => {
    this.#idle?.stop()
    if (!this.#response.writableFinished) this.#controller?.abort(new Error('the client closed the connection'))
  }

  onRequestStart (controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#response.destroyed) controller.abort(new Error('the client closed the connection'))
  }

  onResponseStart (controller: Dispatcher.DispatchController, status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    if (status < 200) return
    const lines = responseHeaders(status, controller.rawHeaders as Buffer[])
    // First what can fail: an upstream may send what Node refuses to write, and then there is still an answer to give.
    this.#response.writeHead(status, this.#added.length === 0 ? lines : [...lines, ...this.#added])
    this.#events.onStart()
    if (eventStream.test(String(headers['content-type']))) {
      // Whoever waits for events must learn at once that the stream is open.
      this.#response.flushHeaders()
      return
    }
    this.#idle = this.#bodies.start(() => { controller.abort(new Error('the upstream paused for too long')) })
  }

  onResponseData (controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#response.write(chunk)) {
      this.#idle?.restart()
      return
    }
    // The client reads slowly: the upstream is not to blame for the pause.
    this.#idle?.stop()
    controller.pause()
    this.#response.once('drain', () => {
      this.#idle?.restart()
      controller.resume()
    })
  }

  onResponseEnd (): void {
    this.#idle?.stop()
    this.#response.end()
  }

  onResponseError (_controller: Dispatcher.DispatchController, error: Error): void {
    this.#idle?.stop()
    if (this.#response.headersSent) {
      // A cut body must be seen to be cut: closing the connection is the only way to say so (RFC 9112 section 8).
      this.#response.destroy()
      return
    }
    this.#response.off('close', this.#onClose)
    if (!this.#response.destroyed) this.#events.onProblem(upstreamProblem(error))
  }
}

const timeouts: readonly unknown[] = ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT']

function upstreamProblem (error: Error & { code?: unknown }): Problem {
  return new Problem(timeouts.includes(error.code) ? 'upstream_timeout' : 'upstream_failed', { cause: error })
}
