import { once } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import { type ListenOptions, type Socket } from 'node:net'
import { awaitTurn } from './await-turn.ts'
import { type Generation, type Serving, serving } from './generation.ts'

/**
 * What listens for as long as the process runs. What answers stands behind it and is exchanged while connections stay
 * open: each request goes to the generation that is there when its turn comes, and ends where it began.
 */
export interface Front {
  readonly server: Server
  /** What answers now. */
  current (): Generation
  /** From now on this answers. What was there before finishes what it has begun, and is closed then. */
  serve (generation: Generation): void
  /** @throws where the address can't be had */
  listen (options: ListenOptions): Promise<void>
  /** Takes no new connections, and resolves once all that were there are gone. */
  close (): Promise<void>
}

export interface FrontParts {
  /** Connections that are left are cut when it closes, whatever runs on them. */
  readonly isCutAtClose?: boolean
  /** Told how many generations there are, each time that there are more or fewer. */
  readonly onGenerations?: (count: number) => void
  /** A generation could not be closed. */
  readonly onError: (error: unknown) => void
}

/**
 * How many may be there at a time. Event streams and WebSockets may go on for hours; where a configuration is exchanged
 * more often than they end, those of the oldest make room. Their clients connect again.
 */
const mostGenerations = 20

export function createFront (server: Server, { isCutAtClose = false, onGenerations, onError }: FrontParts): Front {
  const alive = new Set<Serving>()
  let current: Serving | undefined
  let isClosing = false

  for (const event of ['request', 'checkContinue', 'checkExpectation'] as const) {
    server.on(event, (request, response) => {
      // What waits behind another answer may wait for hours, and must not be judged by rules that are gone by then.
      awaitTurn(request, response, () => {
        // The client must not send another on a connection that is about to end.
        if (isClosing) response.shouldKeepAlive = false
        current?.begin(event, request, response)
      })
    })
  }
  server.on('upgrade', (request: IncomingMessage, socket: Socket, early: Buffer) => { current?.beginUpgrade(request, socket, early) })

  function close (generation: Serving): void {
    if (!alive.delete(generation)) return
    onGenerations?.(alive.size)
    generation.app.close().catch(onError)
  }

  return {
    server,
    current () {
      if (current === undefined) throw new Error('nothing is served yet')
      return current
    },
    serve (generation) {
      const previous = current
      const next = serving(generation, () => { close(next) })
      current = next
      alive.add(next)
      previous?.retire()
      onGenerations?.(alive.size)
      // Of each that is too many: what of it is not closed thereby, such as a long upload, must not spare the next.
      for (const old of [...alive].slice(0, -mostGenerations)) old.closeOpen()
    },
    async listen (options) {
      server.listen(options)
      await once(server, 'listening')
    },
    async close () {
      isClosing = true
      const closed = new Promise<void>((resolve) => { server.close(() => { resolve() }) })
      for (const generation of alive) generation.closeTunnels()
      if (isCutAtClose) server.closeAllConnections()
      await closed
      await Promise.all([...alive].map(async ({ app }) => { await app.close() }))
      alive.clear()
    }
  }
}
