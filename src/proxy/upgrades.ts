import type { IncomingMessage } from 'node:http'
import { type Socket } from 'node:net'
import { type FastifyInstance } from 'fastify'
import { http } from '../node-http.ts'
import { clientLeft, type Metrics } from '../observability/index.ts'

/** A connection whose client asks for another protocol on it. */
export interface Upgrade {
  readonly socket: Socket
  /** What the client sent behind its request: it belongs to the other protocol, if the upgrade comes about. */
  readonly early: Buffer
  /** The application has agreed. */
  accept (): void
}

const upgrades = new WeakMap<IncomingMessage, Upgrade>()

/** The upgrade that a request asks for; `undefined` for every other request. */
export function upgradeOf (request: IncomingMessage): Upgrade | undefined {
  return upgrades.get(request)
}

/**
 * Whether a request opens a WebSocket (RFC 6455 section 4.2.1). A server may pass over any other upgrade and answer as
 * if it had not been asked for (RFC 9110 section 7.8): `curl --http2` asks so, and wants its answer.
 */
export function isWebSocketHandshake ({ method, headers, socket }: IncomingMessage): boolean {
  // Node asks as soon as it has read the request. Behind an answer that is under way the protocol can't change: the
  // request waits for its turn, as an ordinary one.
  if (isAnswering(socket)) return false
  const hasBody = headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
  return method === 'GET' && !hasBody && headers.upgrade?.toLowerCase() === 'websocket'
}

/** Where Node itself keeps the answer that a connection is busy with. */
function isAnswering (socket: Socket & { readonly _httpMessage?: object | null }): boolean {
  return socket._httpMessage !== null && socket._httpMessage !== undefined
}

/**
 * Lets upgrades take the way of every other request, through the same hooks, the same route and the same refusals. A
 * refused one ends its connection: what follows may be of the other protocol already (RFC 9931).
 */
export function routeUpgrades (app: FastifyInstance, { requestBegan, requestEnded }: Metrics): void {
  app.server.on('upgrade', (request: IncomingMessage, socket: Socket, early: Buffer) => {
    const beganAt = performance.now()
    requestBegan()
    const end = (status: number): void => { requestEnded('upgrade', status, performance.now() - beganAt) }
    // Whoever reads or writes hears of it too; without a listener it would end the process.
    socket.on('error', () => { socket.destroy() })
    const response = new http.ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.on('finish', () => { socket.destroySoon() })
    const stopWatching = watchForEnd(socket)
    response.on('close', () => { end(response.headersSent ? response.statusCode : clientLeft) })
    upgrades.set(request, {
      socket,
      early,
      accept: () => {
        stopWatching()
        end(101)
      }
    })
    app.routing(request, response)
  })
}

/**
 * Until the protocol has changed, a client that ends its half has left. Nobody reads yet, so the stream is asked to look
 * ahead; it holds no more than its buffer.
 */
function watchForEnd (socket: Socket): () => void {
  const lookAhead = (): void => {}
  const leave = (): void => { socket.destroy() }
  socket.on('readable', lookAhead).on('end', leave)
  return () => { socket.off('readable', lookAhead).off('end', leave) }
}
