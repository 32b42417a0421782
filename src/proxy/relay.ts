import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type Duplex } from 'node:stream'
import { type Dispatcher } from 'undici'
import { Problem, type ProblemCode } from '../errors.ts'
import { type UpstreamFailure } from '../observability/index.ts'
import { type ForwardedRequest, type ForwardEvents, type ForwardParts } from './exchange.ts'
import { type IdleTimer } from './idle-watch.ts'
import { responseHeaders, responseTrailers } from './response-headers.ts'
import { openTunnel } from './tunnel.ts'
import { type Upgrade } from './upgrades.ts'

export interface RelayParts extends ForwardParts {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly forwarded: ForwardedRequest
  readonly events: ForwardEvents
  readonly upgrade: Upgrade | undefined
  readonly hasBody: boolean
  /** Sends the request again; absent where it must not be sent twice. */
  readonly retry: (() => void) | undefined
}

const eventStream = /^text\/event-stream\b/i

/** One exchange with an upstream: what comes back goes to the client, at the pace of the slower side. */
export class Relay implements Dispatcher.DispatchHandler {
  readonly #parts: RelayParts
  readonly #sentAt = performance.now()
  #controller: Dispatcher.DispatchController | undefined
  #isAnswered = false
  #isRetried = false
  /** Of the body, as the upstream declares it. */
  #length: number | undefined
  #sentBytes = 0
  /** Runs while the upstream could send and does not. */
  #upstreamTimer: IdleTimer | undefined
  /** Runs while the client could go on with its body and does not. */
  #senderTimer: IdleTimer | undefined
  /** Runs while the client could take more of the answer and does not. */
  #readerTimer: IdleTimer | undefined
  /** Why the exchange was broken off by us. */
  #problem: Problem | undefined
  #forget: (() => void) | undefined

  constructor (parts: RelayParts) {
    this.#parts = parts
    parts.response.on('close', this.#onClose)
  }

  /** The client is gone: nobody waits for the answer, so the upstream need not go on either. */
  readonly #onClose = (): void => {
    this.#stopTimers()
    this.#forget?.()
    if (!this.#parts.response.writableFinished) this.#controller?.abort(new Error('the client closed the connection'))
  }

  onRequestStart (controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#parts.response.destroyed) controller.abort(new Error('the client closed the connection'))
    if (this.#parts.hasBody) this.#senderTimer = this.#parts.clients.start(this.#onSilentSender)
  }

  onBodySent (chunk: Buffer): void {
    const { maxBodyBytes } = this.#parts.forwarded
    this.#sentBytes += chunk.length
    if (maxBodyBytes !== undefined && this.#sentBytes > maxBodyBytes) this.#breakOff('body_too_large')
    else this.#senderTimer?.restart()
  }

  onRequestSent (): void {
    this.#senderTimer?.stop()
  }

  /** It is not the client that pauses where the upstream takes no more. */
  readonly #onSilentSender = (): void => {
    this.#breakOff(this.#parts.request.isPaused() ? 'upstream_timeout' : 'request_timeout')
  }

  onResponseStart (controller: Dispatcher.DispatchController, status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    this.#isAnswered = true
    const { response, forwarded, events, upstream } = this.#parts
    const lines = responseHeaders(status, controller.rawHeaders as Buffer[])
    if (status < 200) {
      this.#relayInformation(status, lines)
      return
    }
    // First what can fail: an upstream may send what Node refuses to write, and then there is still an answer to give.
    response.writeHead(status, forwarded.responseHeaders.length === 0 ? lines : [...lines, ...forwarded.responseHeaders])
    events.onStart()
    this.#parts.counts.answered(performance.now() - this.#sentAt)
    this.#length = Number(headers['content-length'])
    if (eventStream.test(String(headers['content-type']))) this.#openEventStream()
    else this.#upstreamTimer = upstream.bodies.start(this.#onSilentUpstream)
  }

  readonly #onSilentUpstream = (): void => { this.#breakOff('upstream_timeout') }

  /** Early hints and the like (RFC 9110 section 15.2). HTTP/1.0 does not know them; what Node refuses to write, nobody misses. */
  #relayInformation (status: number, lines: string[]): void {
    if (this.#parts.request.httpVersion === '1.0') return
    try {
      this.#parts.response.writeInformation(status, lines)
    } catch {}
  }

  /** Whoever waits for events must learn at once that the stream is open; it may stay open for as long as the session. */
  #openEventStream (): void {
    const { response, forwarded: { lease }, open } = this.#parts
    response.flushHeaders()
    this.#forget = open.add({ isTunnel: false, lease, close: () => { response.destroy() }, bytesFromClient: () => 0 })
  }

  onRequestUpgrade (controller: Dispatcher.DispatchController, _status: number, _headers: unknown, socket: Duplex): void {
    const { response, forwarded, events, upgrade, open, counts, metrics } = this.#parts
    const milliseconds = performance.now() - this.#sentAt
    counts.answered(milliseconds)
    response.off('close', this.#onClose)
    if (upgrade === undefined || response.destroyed) {
      socket.destroy()
      return
    }
    const headers = [...responseHeaders(101, controller.rawHeaders as Buffer[]), ...forwarded.responseHeaders]
    events.onStart()
    metrics.requestEnded('upgrade', 101, milliseconds)
    openTunnel({ upgrade, response, upstream: socket, headers, lease: forwarded.lease }, open, metrics)
  }

  onResponseData (controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { response, clients } = this.#parts
    if (chunk.length === this.#length) {
      // The whole body in one piece, as most are: one write takes it and the end.
      response.end(chunk)
      return
    }
    if (response.write(chunk)) {
      this.#upstreamTimer?.restart()
      return
    }
    // The client reads slowly: the upstream is not to blame for the pause.
    this.#upstreamTimer?.stop()
    controller.pause()
    this.#readerTimer = clients.start(() => { response.destroy() })
    response.once('drain', () => {
      this.#readerTimer?.stop()
      this.#upstreamTimer?.restart()
      controller.resume()
    })
  }

  onResponseEnd (controller: Dispatcher.DispatchController): void {
    this.#stopTimers()
    const { response } = this.#parts
    const trailers = controller.rawTrailers as Buffer[] | undefined
    if (trailers !== undefined && trailers.length > 0) response.addTrailers(responseTrailers(trailers))
    response.end()
  }

  onResponseError (_controller: Dispatcher.DispatchController, error: Error): void {
    this.#stopTimers()
    const { response, events, retry, counts } = this.#parts
    if (response.destroyed) return
    const mayRetry = retry !== undefined && !this.#isRetried && !this.#isAnswered && isBrokenConnection(error)
    if (mayRetry) {
      this.#isRetried = true
      retry()
      return
    }
    const reason = failureReason(this.#problem ?? error)
    if (reason !== undefined) counts.failed(reason)
    // A cut body must be seen to be cut: closing the connection is the only way to say so (RFC 9112 section 8).
    if (response.headersSent) {
      response.destroy()
      return
    }
    response.off('close', this.#onClose)
    events.onProblem(this.#problem ?? upstreamProblem(error))
  }

  #breakOff (code: ProblemCode): void {
    this.#problem = new Problem(code)
    this.#controller?.abort(this.#problem)
  }

  #stopTimers (): void {
    this.#upstreamTimer?.stop()
    this.#senderTimer?.stop()
    this.#readerTimer?.stop()
  }
}

type Failure = Error & { readonly code?: unknown }

const failureReasons: Readonly<Record<string, UpstreamFailure>> = {
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  ETIMEDOUT: 'connect_timeout',
  UND_ERR_HEADERS_TIMEOUT: 'response_timeout',
  upstream_timeout: 'idle_timeout',
  UND_ERR_SOCKET: 'connection_lost',
  ECONNRESET: 'connection_lost',
  EPIPE: 'connection_lost'
}

/** In the words of the metrics; none where the client is to blame. */
function failureReason ({ code }: Failure): UpstreamFailure | undefined {
  const text = String(code)
  if (text === 'request_timeout' || text === 'body_too_large') return undefined
  return failureReasons[text] ?? (/^(HPE|ERR_HTTP|ERR_INVALID_CHAR|UND_ERR_RES)/.test(text) ? 'response_invalid' : 'connect_failed')
}

const timeouts: readonly unknown[] = ['connect_timeout', 'response_timeout', 'idle_timeout']

function upstreamProblem (error: Failure): Problem {
  return new Problem(timeouts.includes(failureReason(error)) ? 'upstream_timeout' : 'upstream_failed', { cause: error })
}

/** An upstream may close a connection in the very moment in which a request goes into it (RFC 9112 section 9.3.1). */
function isBrokenConnection (error: Failure): boolean {
  return failureReason(error) === 'connection_lost'
}
