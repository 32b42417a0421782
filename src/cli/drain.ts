import { type Server, type Socket } from 'node:net'

export interface Connections {
  /** Ends those that are still open; how many there were. */
  cut (): number
}

/** Every connection of a server, one in the middle of its TLS handshake too, of which the HTTP server does not know. */
export function trackConnections (server: Server): Connections {
  const open = new Set<Socket>()
  // One function for all: a closure for each would be memory that does nothing.
  function forget (this: Socket): void {
    open.delete(this)
  }
  server.on('connection', (socket: Socket) => { open.add(socket.on('close', forget)) })
  return {
    cut () {
      const count = open.size
      for (const socket of open) socket.destroy()
      return count
    }
  }
}

/** Waits for `closing`, which finishes what runs, and cuts what still runs after so many milliseconds; how many were cut. */
export async function drain (closing: Promise<unknown>, connections: Connections, milliseconds: number): Promise<number> {
  let cut = 0
  const timer = setTimeout(() => { cut = connections.cut() }, milliseconds)
  try {
    await closing
    return cut
  } finally {
    clearTimeout(timer)
  }
}
