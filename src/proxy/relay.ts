import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Duplex } from 'node:stream'
import { type Dispatcher } from 'undici'
import { type Problem } from '../errors.ts'
import { type ForwardedRequest, type ForwardEvents, type ForwardParts } from './exchange.ts'
import { failureReason, isBrokenConnection, ownProblem, type OwnReason, upstreamProblem } from './failure.ts'
import { type IdleTimer } from './idle-watch.ts'
import { responseHeaders, responseTrailers } from './response-headers.ts'
import { openTunnel } from './tunnel.ts'
import { type Upgrade } from './upgrades.ts'
import { endWith } from './whole-body.ts'

export interface RelayParts extends ForwardParts {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly forwarded: ForwardedRequest
  readonly events: ForwardEvents
  readonly upgrade: Upgrade | undefined
  /** The client sends a body. */
  readonly isSending: boolean
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
    if (this.#parts.isSending) this.#senderTimer = this.#parts.clients.start(this.#onSilentSender)
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
    const lines = responseHeaders(status, controller.rawHeaders as Buffer[], this.#parts.isOwnCookie)
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

  readonly #onSilentReader = (): void => { this.#breakOff('request_timeout') }

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
    const { response, forwarded, events, upgrade, counts } = this.#parts
    counts.answered(performance.now() - this.#sentAt)
    response.off('close', this.#onClose)
    if (upgrade === undefined || response.destroyed) {
      socket.destroy()
      return
    }
    const headers = [...responseHeaders(101, controller.rawHeaders as Buffer[], this.#parts.isOwnCookie), ...forwarded.responseHeaders]
    events.onStart()
    openTunnel({ upgrade, response, upstream: socket, headers, lease: forwarded.lease }, this.#parts)
  }

  onResponseData (controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { response, clients } = this.#parts
    if (chunk.length === this.#length) {
      endWith(response, chunk)
      return
    }
    if (response.write(chunk)) {
      this.#upstreamTimer?.restart()
      return
    }
    // The client reads slowly: the upstream is not to blame for the pause.
    this.#upstreamTimer?.stop()
    controller.pause()
    this.#readerTimer = clients.start(this.#onSilentReader)
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
    const { response, events, retry, counts, upstream } = this.#parts
    // Its connection goes first: an answer learns of that only later, as where the end of the process cuts it.
    if (response.destroyed || response.socket?.destroyed === true) return
    const mayRetry = retry !== undefined && !this.#isRetried && !this.#isAnswered && isBrokenConnection(error)
    if (mayRetry) {
      this.#isRetried = true
      retry()
      return
    }
    const reason = failureReason(this.#problem ?? error)
    if (reason !== undefined) counts.failed(reason)
    const problem = this.#problem ?? upstreamProblem(error, upstream)
    // A cut body must be seen to be cut: closing the connection is the only way to say so (RFC 9112 section 8).
    if (response.headersSent) {
      events.onCut(problem)
      response.destroy()
      return
    }
    response.off('close', this.#onClose)
    events.onProblem(problem)
  }

  #breakOff (code: OwnReason): void {
    this.#problem = ownProblem(code, this.#parts.upstream)
    this.#controller?.abort(this.#problem)
  }

  #stopTimers (): void {
    this.#upstreamTimer?.stop()
    this.#senderTimer?.stop()
    this.#readerTimer?.stop()
  }
}
