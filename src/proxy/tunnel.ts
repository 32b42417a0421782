import type { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { type Duplex } from 'node:stream'
import { closeTunnel } from './close-tunnel.ts'
import { type ForwardParts } from './exchange.ts'
import { FrameFollower } from './frame-follower.ts'
import { type IdleWatch } from './idle-watch.ts'
import { type Lease } from './open-connections.ts'
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
export function openTunnel (ends: TunnelEnds, { open, clients }: Pick<ForwardParts, 'open' | 'clients'>): void {
  const { upgrade: { socket: client, early, accept }, response, upstream, headers, lease } = ends
  accept()
  response.detachSocket(client)
  for (const end of [client, upstream]) prepare(end)

  const cut = (): void => {
    client.destroy()
    upstream.destroy()
  }
  const frames = new FrameFollower()
  upstream.on('data', (bytes: Buffer) => { frames.follow(bytes) })
  let isClosing = false
  const forget = open.add({
    isTunnel: true,
    lease,
    close (reason) {
      if (!isClosing) closeTunnel({ client, upstream, frames, cut }, reason)
      isClosing = true
    },
    bytesFromClient: () => client.bytesRead
  })
  client.on('close', forget)

  client.write(handshakeAnswer(headers), 'latin1')
  if (early.length > 0) client.unshift(early)
  join(client, upstream)
  join(upstream, client)
  limitHalf(client, upstream, { clients, cut })
  limitHalf(upstream, client, { clients, cut })
}

/** Half a connection is good for last words. With nothing more to say it would be held for ever. */
function limitHalf (ended: Duplex, other: Duplex, { clients, cut }: { readonly clients: IdleWatch, readonly cut: () => void }): void {
  ended.on('end', () => {
    const timer = clients.start(cut)
    other.on('data', () => { timer.restart() }).on('close', () => { timer.stop() })
  })
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
