/**
 * Answers that come before the whole of the body which they answer: refusals, and applications that have heard enough.
 *
 * Little is read on only to keep the connection, since the rest may be without end. Nor is the connection cut: the rest
 * that is under way would meet a TCP reset, which can take the answer away from a client that has not read it yet. It
 * is closed in stages instead (RFC 9112 section 9.6): nothing more is written, and what comes is thrown away for a while.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Socket } from 'node:net'
import { hasBody } from '../proxy/index.ts'

/** Longer than a client needs that looks out for an answer while it sends; whoever doesn't may lose it. */
const lingerMilliseconds = 5_000
const lingerBytes = 16 * 1024 * 1024

/** A body that is worth reading to keep the connection; less than Node buffers of one before it pauses the client. */
const shortBytes = 32 * 1024

/** Sees to the connection, should the response be complete before the request is. To be called before anything is sent. */
export function closeAfterEarlyAnswer (request: IncomingMessage, response: ServerResponse): void {
  if (!hasBody(request)) return
  // Ahead of Node's own listener, which reads on, or cuts the connection.
  response.prependListener('finish', () => {
    const isKept = request.complete || (response.shouldKeepAlive && isShort(request))
    if (!isKept && response.socket !== null) linger(response.socket)
  })
}

/** Says in an answer of Doorward's own that the connection ends with it, where the rest of the request may be long. */
export function announceClose (request: IncomingMessage, response: ServerResponse): void {
  if (!isShort(request)) response.shouldKeepAlive = false
}

function isShort ({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= shortBytes
}

function linger (socket: Socket): void {
  const cut = (): void => { socket.destroy() }
  const limit = setTimeout(cut, lingerMilliseconds)
  socket.once('close', () => { clearTimeout(limit) })
  socket.end()
  // What Node's HTTP server ends a connection with: it would cut this one as soon as the answer is written.
  socket.destroySoon = () => {}
  // It is Node's HTTP server that paused the connection, and it goes on reading when it hears of the `resume`.
  if (socket.isPaused()) socket.once('resume', () => { throwAway(socket, cut) }).resume()
  else throwAway(socket, cut)
}

/** No HTTP any more: Node's parser would stop to read where the body has been given up by its reader. */
function throwAway (socket: Socket, cut: () => void): void {
  let bytes = 0
  socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > lingerBytes) cut()
  })
}
