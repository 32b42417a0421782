/**
 * Clients that take nothing of what is sent to them: not of an answer of Doorward's own, of the end of one that came
 * from an application, nor of a WebSocket. Each would keep a connection, and what waits in it, for as long as it likes.
 */
import { type Socket } from 'node:net'
import type { Server } from 'node:http'

/** A client is cut off when so many looks have found the same: not before its time, and a quarter later at most. */
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
 * @returns sets the time, in milliseconds; nothing is cut before that
 */
export function cutStuckReaders (server: Server, event: 'connection' | 'secureConnection'): (milliseconds: number) => void {
  const connections = new Set<Socket>()
  const waiting = new WeakMap<Socket, Progress>()
  // One function for all: ten thousand closures would be a megabyte that does nothing.
  function forget (this: Socket): void {
    connections.delete(this)
  }
  server.on(event, (socket: Socket) => { connections.add(socket.on('close', forget)) })
  let clock: NodeJS.Timeout | undefined
  server.once('close', () => { clearInterval(clock) })
  return (milliseconds) => {
    clearInterval(clock)
    clock = setInterval(() => {
      for (const socket of connections) look(socket, waiting)
    }, milliseconds / (looks - 1)).unref()
  }
}

function look (socket: Socket, waiting: WeakMap<Socket, Progress>): void {
  if (socket.writableLength === 0) {
    waiting.delete(socket)
    return
  }
  const bytes = socket.bytesWritten - socket.writableLength
  const last = waiting.get(socket)
  const seen = last?.bytes === bytes ? last.looks + 1 : 1
  if (seen >= looks) socket.destroy()
  else waiting.set(socket, { bytes, looks: seen })
}
