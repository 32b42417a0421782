import { type ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { type Duplex } from 'node:stream'
import { type Metrics } from '../observability/index.ts'
import { type Lease, type OpenConnections } from './open-connections.ts'
import { type Upgrade } from './upgrades.ts'

export interface TunnelEnds {
  readonly upgrade: Upgrade
  /** Still holds the client's socket. */
  readonly response: ServerResponse
  readonly upstream: Duplex
  /** Name, value, name, value…: of the upstream's answer, without those about the connection. */
  readonly headers: readonly string[]
  readonly lease: Lease | undefined
}

/** Long-lived and often silent: without probes, a peer that is gone would be waited for until the session ends. */
const probeAfterMilliseconds = 30_000

/**
 * Tells the client that the protocol has changed, then joins the two sockets: each side is read as fast as the other
 * takes, and an end of one direction is passed on while the other goes on.
 */
export function openTunnel (ends: TunnelEnds, open: OpenConnections, { tunnelOpened, tunnelClosed }: Metrics): void {
  const { upgrade: { socket: client, early }, response, upstream, headers, lease } = ends
  response.detachSocket(client as Socket)
  for (const end of [client, upstream]) prepare(end)

  const close = (): void => {
    client.destroy()
    upstream.destroy()
  }
  const forget = open.add({ isTunnel: true, lease, close, bytesFromClient: () => client instanceof Socket ? client.bytesRead : 0 })
  tunnelOpened()
  client.on('close', () => {
    forget()
    tunnelClosed()
  })

  client.write(handshakeAnswer(headers), 'latin1')
  if (early.length > 0) client.unshift(early)
  join(client, upstream)
  join(upstream, client)
}

function prepare (end: Duplex): void {
  if (!(end instanceof Socket)) return
  end.setTimeout(0)
  end.setNoDelay(true)
  end.setKeepAlive(true, probeAfterMilliseconds)
}

function handshakeAnswer (headers: readonly string[]): string {
  const lines = ['Connection', 'Upgrade', 'Upgrade', 'websocket', ...headers]
  const text = lines.map((part, index) => index % 2 === 0 ? `${part}: ` : `${part}\r\n`).join('')
  return `HTTP/1.1 101 Switching Protocols\r\n${text}\r\n`
}

/** One direction. `pipe` passes on the end; a side that broke off ends the other once that has sent what it has. */
function join (from: Duplex, to: Duplex): void {
  from.on('error', () => { to.destroy() })
  from.on('close', () => { if (!to.writableEnded) to.end(() => { to.destroy() }) })
  from.pipe(to)
}
