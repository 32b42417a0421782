import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Socket } from 'node:net'
import { type FastifyInstance } from 'fastify'

/** What answers, built from one configuration. It never listens: what it answers is handed to it. */
export interface Generation {
  readonly app: FastifyInstance
  /** Another has taken its place. It finishes what has begun with it, and nothing else. */
  retire (): void
  /** Closes WebSockets: they are no requests that could be waited for. */
  closeTunnels (): void
  /** Closes everything that may stay open after its request: event streams too. */
  closeOpen (): void
}

/** A generation while it serves, and after that until the last that it began is over. */
export interface Serving extends Generation {
  begin (event: 'request' | 'checkContinue' | 'checkExpectation', request: IncomingMessage, response: ServerResponse): void
  beginUpgrade (request: IncomingMessage, socket: Socket, early: Buffer): void
}

/** @param onEnded called once when it is retired and nothing of it runs */
export function serving (generation: Generation, onEnded: () => void): Serving {
  const { server } = generation.app
  let running = 0
  let isRetired = false

  function endIfOver (): void {
    if (isRetired && running === 0) onEnded()
  }

  // One function for all requests: a closure for each would be memory that does nothing.
  function ended (): void {
    running--
    endIfOver()
  }

  return {
    ...generation,
    begin (event, request, response) {
      running++
      response.on('close', ended)
      server.emit(event, request, response)
    },
    beginUpgrade (request, socket, early) {
      running++
      // The tunnel too, if it comes to that; where it does not, the connection ends as well.
      socket.once('close', ended)
      server.emit('upgrade', request, socket, early)
    },
    retire () {
      isRetired = true
      generation.retire()
      endIfOver()
    }
  }
}
