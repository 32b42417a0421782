/**
 * Clients that take nothing of what is sent to them: not of an answer of Doorward's own, of the end of one that came
 * from an application, nor of a WebSocket. Each would keep a connection, and what waits in it, for as long as it likes.
 */
import { type Socket } from 'node:net'
import { type Server } from 'node:http'

/** A client is cut off at this many looks that find nothing changed: not before its time, and a quarter later at most. */
const looks = 5

interface Progress {
  /** Of all that was written, what the system has taken over. */
  readonly bytes: number
  readonly looks: number
}

/**
 * Cuts every connection that has had something to send for so long and got rid of none of it.
 *
 * @param event of which the server tells when a connection is there: `secureConnection` where it speaks TLS
 */
export function cutStuckReaders (server: Server, event: 'connection' | 'secureConnection', milliseconds: number): void {
  const connections = new Map<Socket, Progress>()
  server.on(event, (socket: Socket) => {
    connections.set(socket, { bytes: 0, looks: 0 })
    socket.once('close', () => { connections.delete(socket) })
  })
  const clock = setInterval(() => {
    for (const [socket, last] of connections) connections.set(socket, look(socket, last))
  }, milliseconds / (looks - 1)).unref()
  server.once('close', () => { clearInterval(clock) })
}

function look (socket: Socket, last: Progress): Progress {
  const bytes = socket.bytesWritten - socket.writableLength
  if (socket.writableLength === 0 || bytes !== last.bytes) return { bytes, looks: 0 }
  if (last.looks + 1 >= looks) socket.destroy()
  return { bytes, looks: last.looks + 1 }
}
