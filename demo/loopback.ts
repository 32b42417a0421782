import { once } from 'node:events'
import { type Server } from 'node:http'
import { type AddressInfo } from 'node:net'

export interface Listening {
  readonly port: number
  /** Stops listening and ends every connection. */
  close (): Promise<void>
}

/**
 * Listens on 127.0.0.1 and nowhere else: the secrets of the demo are public, so nothing in it may be reached from
 * another machine. Port 0 takes a free one.
 */
export async function listenOnLoopback (server: Server, port: number): Promise<Listening> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close () {
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
  }
}
