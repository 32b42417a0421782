/** How a server comes to its end without losing a request: in stages, each of which is over within a time. */
import type { Server, ServerResponse } from 'node:http'
import { Server as SecureServer } from 'node:https'
import { type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export interface Connections {
  /** From here on each answer says that it is the last of its connection (RFC 9112 section 9.6). */
  retire (): void
  /** Ends those on which no request runs, unless they are at their end anyway. */
  cutIdle (): void
  /** Ends those that are still open; how many there were. */
  cut (): number
}

/** Node's own handler looks at the answer under way in the same place. */
type ServerSocket = Socket & { readonly _httpMessage?: { shouldKeepAlive: boolean } | null }

/** Every connection of a server, one in the middle of its TLS handshake too, of which the HTTP server does not know. */
export function trackConnections (server: Server): Connections {
  const open = collect(server, 'connection')
  const clients = server instanceof SecureServer ? collect(server, 'secureConnection') : open
  return {
    retire () {
      const isLast = (_request: unknown, response: ServerResponse): void => { response.shouldKeepAlive = false }
      for (const event of ['request', 'checkContinue', 'checkExpectation']) server.prependListener(event, isLast)
      for (const { _httpMessage: answer } of clients) {
        if (answer != null) answer.shouldKeepAlive = false
      }
    },
    cutIdle () {
      for (const socket of clients) {
        if (socket._httpMessage == null && !socket.writableEnded) socket.destroy()
      }
    },
    cut () {
      const count = open.size
      for (const socket of open) socket.destroy()
      return count
    }
  }
}

function collect (server: Server, event: 'connection' | 'secureConnection'): Set<ServerSocket> {
  const sockets = new Set<ServerSocket>()
  // One function for all: a closure for each would be memory that does nothing.
  function forget (this: Socket): void {
    sockets.delete(this)
  }
  server.on(event, (socket: Socket) => { sockets.add(socket.on('close', forget)) })
  return sockets
}

export interface DrainTimes {
  /** Milliseconds that the server goes on as before, while those who send people here learn that they should not. */
  readonly delay: number
  /** Milliseconds that what runs then may still take. */
  readonly timeout: number
}

/** A connection that was just made has so long to bring its request. Browsers make some that never bring one. */
const silentMilliseconds = 2_000
const looksMilliseconds = 250

/**
 * Ends a server. Whoever uses a connection within the delay is told to make a new one: at its end, few are left on which
 * a request could come in the moment in which they are closed.
 *
 * @param close takes no new connections, and resolves once all that were there are gone
 * @returns how many connections had to be cut
 */
export async function drain (close: () => Promise<unknown>, connections: Connections, { delay: delayMilliseconds, timeout }: DrainTimes): Promise<number> {
  connections.retire()
  if (delayMilliseconds > 0) await delay(delayMilliseconds)
  let cut = 0
  const closing = close()
  const timers = [
    setTimeout(() => { cut = connections.cut() }, timeout),
    setTimeout(() => { timers.push(setInterval(connections.cutIdle, looksMilliseconds)) }, silentMilliseconds)
  ]
  try {
    await closing
    return cut
  } finally {
    for (const timer of timers) clearInterval(timer)
  }
}
