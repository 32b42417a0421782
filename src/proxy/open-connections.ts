import { type Metrics } from '../observability/index.ts'
import { type CloseReason } from './close-tunnel.ts'

/** What a connection that outlives its request depends on: the session or the token of whoever opened it. */
export interface Lease {
  /** It has ended since: run out, signed out, revoked. */
  isOver (): boolean
  /** The client did something, as it would with a request. */
  use (): void
}

export interface OpenConnection {
  /** A tunnel is no request that could be waited for: it ends when Doorward stops. */
  readonly isTunnel: boolean
  /** Absent where nobody is signed in: the connection may stay open. */
  readonly lease: Lease | undefined
  /** How many bytes the client has sent so far; more than at the last look is a use of the session. */
  readonly bytesFromClient: () => number
  readonly close: (reason: CloseReason) => void
}

/** Connections that stay open after the decision about them: WebSockets and event streams. */
export interface OpenConnections {
  /** @returns forgets the connection */
  add (connection: OpenConnection): () => void
  /** Closes the tunnels; what is an answer still has the time to end. */
  closeTunnels (): void
  /** Closes them all. */
  closeAll (): void
  /** Watches no longer. */
  close (): void
}

/** How often within the grace it is looked whether a session has ended. */
const looksPerGrace = 4

/** @param graceMilliseconds after the end of its session a connection is closed within this time */
export function createOpenConnections (graceMilliseconds: number, { tunnelOpened, tunnelClosed, streamOpened, streamClosed }: Metrics): OpenConnections {
  const seenBytes = new Map<OpenConnection, number>()
  const clock = setInterval(() => {
    for (const connection of seenBytes.keys()) look(connection)
  }, graceMilliseconds / looksPerGrace).unref()

  function look (connection: OpenConnection): void {
    const { lease, bytesFromClient, close } = connection
    if (lease === undefined) return
    if (lease.isOver()) {
      close('session_ended')
      return
    }
    const bytes = bytesFromClient()
    if (bytes > (seenBytes.get(connection) ?? 0)) lease.use()
    seenBytes.set(connection, bytes)
  }

  return {
    add (connection) {
      // Counted from now on: what its session is used for elsewhere keeps the connection open too.
      connection.lease?.use()
      seenBytes.set(connection, connection.bytesFromClient())
      const [opened, closed] = connection.isTunnel ? [tunnelOpened, tunnelClosed] : [streamOpened, streamClosed]
      opened()
      return () => {
        if (seenBytes.delete(connection)) closed()
      }
    },
    closeTunnels () {
      for (const { isTunnel, close } of seenBytes.keys()) {
        if (isTunnel) close('going_away')
      }
    },
    closeAll () { for (const { close } of seenBytes.keys()) close('going_away') },
    close: () => { clearInterval(clock) }
  }
}
