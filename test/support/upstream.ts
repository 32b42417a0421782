/** Applications for the tests: one that understands HTTP and one that records bytes. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type ServerOpts, type Socket } from 'node:net'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { type Test } from 'tap'
import { listenOnLoopback } from '../../demo/loopback.ts'
import { sawHeaders } from './secrets-seen.ts'

export interface UpstreamRequest {
  readonly method: string
  /** The request target, byte by byte. */
  readonly url: string
  /** Name, value, name, value …, in the order and spelling in which they came. */
  readonly rawHeaders: readonly string[]
  readonly headers: IncomingMessage['headers']
  /** Empty until `readBody` has been called for the request; `echo` does. */
  body: Buffer
}

export interface Upstream {
  /** Origin, such as `http://127.0.0.1:34567`. */
  readonly url: string
  readonly port: number
  /** What arrived so far, oldest first. */
  readonly requests: UpstreamRequest[]
  /** Stops listening and ends every connection before the test does. */
  close (): Promise<void>
}

export type UpstreamHandler = (request: IncomingMessage, response: ServerResponse, recorded: UpstreamRequest) => void | Promise<void>

/** Starts an application, which ends with the test. A handler that fails answers 500 with the reason. */
export async function startUpstream (t: Test, handler: UpstreamHandler = echo): Promise<Upstream> {
  const requests: UpstreamRequest[] = []
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    const { method = '', url = '', rawHeaders, headers } = request
    const recorded: UpstreamRequest = { method, url, rawHeaders, headers, body: Buffer.alloc(0) }
    requests.push(recorded)
    sawHeaders(headers)
    const answer = async (): Promise<void> => { await handler(request, response, recorded) }
    answer().catch((error: unknown) => { fail(response, error) })
  })
  const { port, close } = await listenOnLoopback(server, 0)
  t.teardown(close)
  return { url: `http://127.0.0.1:${port}`, port, requests, close }
}

/** Answers with what was received, as JSON: `method`, `url`, `headers` (lower case) and `body`. */
async function echo (request: IncomingMessage, response: ServerResponse, recorded: UpstreamRequest): Promise<void> {
  const { method, url, headers } = recorded
  const body = await readBody(request, recorded)
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ method, url, headers, body: body.toString() }))
}

/** Reads the body to its end and keeps it in the record. */
async function readBody (request: IncomingMessage, recorded: UpstreamRequest): Promise<Buffer> {
  recorded.body = await buffer(request)
  return recorded.body
}

function fail (response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(500).end(String(error))
}

export interface ByteRecorder {
  readonly url: string
  readonly port: number
  /** One entry a connection, oldest first: everything that came over it so far, as latin1 text. */
  readonly connections: string[]
}

/** What a byte recorder does when bytes arrive; `received` is all that the connection brought so far, as latin1 text. */
export type ByteAnswer = (socket: Socket, received: string) => void

/**
 * Starts a TCP server that understands nothing and records everything. By default it answers 200 once, when the first
 * header section is complete, and leaves the connection open.
 */
export async function startByteRecorder (t: Test, answer: ByteAnswer = answerOnce(), options: ServerOpts = {}): Promise<ByteRecorder> {
  const connections: string[] = []
  const sockets = new Set<Socket>()
  const server = createTcpServer(options, (socket) => {
    const index = connections.push('') - 1
    sockets.add(socket)
    // A gateway that cuts the connection is a result, not a failure of the recorder.
    socket.on('error', () => {})
    socket.on('close', () => { sockets.delete(socket) })
    socket.on('data', (bytes) => {
      connections[index] += bytes.toString('latin1')
      answer(socket, connections[index] ?? '')
    })
  })
  server.listen(0, '127.0.0.1')
  t.teardown(async () => {
    server.close()
    for (const socket of sockets) socket.destroy()
    await once(server, 'close')
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port, connections }
}

/** The given response, once a connection, as soon as its first header section is complete. */
export function answerOnce (response = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'): ByteAnswer {
  const answered = new WeakSet<Socket>()
  return (socket, received) => {
    if (answered.has(socket) || !received.includes('\r\n\r\n')) return
    answered.add(socket)
    socket.write(response, 'latin1')
  }
}
