import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Socket } from 'node:net'

/** Browsers send none, and each may take as much memory as a header section while it waits. */
const maxWaiting = 10
const waiting = new WeakMap<Socket, number>()

/**
 * Node starts every request of a pipeline at once, and one client could so open any number of connections to the
 * application. Here a request waits until the answers before it are complete (RFC 9112 section 9.3.2 lets it).
 *
 * @param done called when it is the request's turn, and never where the connection ends before
 */
export function awaitTurn ({ socket }: IncomingMessage, response: ServerResponse, done: () => void): void {
  if (isOver(socket)) return
  if (response.socket !== null) {
    done()
    return
  }
  const ahead = waiting.get(socket) ?? 0
  if (ahead >= maxWaiting) {
    socket.destroy()
    return
  }
  waiting.set(socket, ahead + 1)
  response.once('socket', () => {
    waiting.set(socket, (waiting.get(socket) ?? 1) - 1)
    if (!isOver(socket)) done()
  })
}

/** An earlier answer has ended the connection, or the client has. What was sent behind its request must not happen unheard. */
function isOver ({ writableEnded, destroyed }: Socket): boolean {
  return writableEnded || destroyed
}
