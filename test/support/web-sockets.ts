/** An application that speaks WebSocket, and clients for it: the package `ws` at both ends. */
import { once } from 'node:events'
import { type IncomingMessage } from 'node:http'
import { type AddressInfo } from 'node:net'
import { type Test } from 'tap'
import { type ClientOptions, WebSocket, WebSocketServer } from 'ws'

export interface WebSocketUpstream {
  readonly url: string
  /** The handshakes that arrived, oldest first. */
  readonly handshakes: IncomingMessage[]
  /** The application's ends of the connections. */
  readonly sockets: WebSocket[]
}

/** Answers each message with the same, unless told otherwise; it ends with the test. */
export async function startWebSocketUpstream (t: Test, serve: (socket: WebSocket, handshake: IncomingMessage) => void = echo): Promise<WebSocketUpstream> {
  const [handshakes, sockets]: [IncomingMessage[], WebSocket[]] = [[], []]
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: 128 * 1024 * 1024, perMessageDeflate: true })
  server.on('connection', (socket, handshake) => {
    handshakes.push(handshake)
    sockets.push(socket)
    // A connection that is cut is a result, not a failure of the application.
    socket.on('error', () => {})
    serve(socket, handshake)
  })
  t.teardown(async () => {
    for (const socket of server.clients) socket.terminate()
    server.close()
    await once(server, 'close')
  })
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, handshakes, sockets }
}

function echo (socket: WebSocket): void {
  socket.on('message', (data, isBinary) => { socket.send(data, { binary: isBinary }) })
}

/** A client that has not been answered yet; it ends with the test. */
export function connectWebSocket (t: Test, port: number, path = '/', options: ClientOptions = {}): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { ...options, headers: { host: `localhost:${port}`, ...options.headers } })
  socket.on('error', () => {})
  t.teardown(() => { socket.terminate() })
  return socket
}

/** A client whose connection is open. Rejects where it is refused. */
export async function openWebSocket (t: Test, port: number, path = '/', options: ClientOptions = {}): Promise<WebSocket> {
  const socket = connectWebSocket(t, port, path, options)
  const refused = once(socket, 'unexpected-response').then(([, response]) => { throw new Error(`refused with ${String((response as IncomingMessage).statusCode)}`) })
  await Promise.race([once(socket, 'open'), refused])
  return socket
}

/** The answer to a handshake that is refused. */
export async function refusalOf (socket: WebSocket): Promise<IncomingMessage> {
  const [, response] = await once(socket, 'unexpected-response') as [unknown, IncomingMessage]
  return response
}
