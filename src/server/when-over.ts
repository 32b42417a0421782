import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Socket } from 'node:net'

/** What to call for requests that wait behind others when their connection is gone. */
const waiting = new WeakMap<Socket, Set<() => void>>()

/** Calls back once, when the response is complete, or never will be. */
export function whenOver ({ socket }: IncomingMessage, response: ServerResponse, callback: () => void): void {
  if (response.socket !== null) {
    response.on('close', callback)
    return
  }
  // It waits behind another answer of its connection. Node tells a response of the end of a connection that it never got
  // hold of as little as anybody else.
  const callbacks = waiting.get(socket) ?? watch(socket)
  const over = (): void => { if (callbacks.delete(over)) callback() }
  callbacks.add(over)
  response.once('close', over)
}

/** One listener for all of a connection: Node warns of many. */
function watch (socket: Socket): Set<() => void> {
  const callbacks = new Set<() => void>()
  waiting.set(socket, callbacks)
  socket.once('close', () => { for (const callback of callbacks) callback() })
  return callbacks
}
