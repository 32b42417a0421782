import { type Socket } from 'node:net'
import { type Duplex } from 'node:stream'
import { type FrameFollower } from './frame-follower.ts'

/** Why Doorward ends a WebSocket: it stops, or the session has ended that the WebSocket was opened with. */
export type CloseReason = 'going_away' | 'session_ended'

/** RFC 6455 section 7.4.1: 1001 going away, 1008 policy violation. */
const closings: Readonly<Record<CloseReason, { readonly code: number, readonly text: string }>> = {
  going_away: { code: 1001, text: '' },
  session_ended: { code: 1008, text: 'session ended' }
}

/** Enough for a close frame to be answered; whoever can't is not there any more, or doesn't want to. */
const closingMilliseconds = 2_000

export interface ClosingTunnel {
  readonly client: Socket
  readonly upstream: Duplex
  /** Of what the application sends. */
  readonly frames: FrameFollower
  /** Ends both connections at once. */
  readonly cut: () => void
}

/**
 * Ends a WebSocket with a close frame to its client. That may stand between two frames of the application alone: the one
 * under way is passed on to its end. Where it does not end in time, the connections end without.
 *
 * From here on nothing of the client's reaches the application; it is read nonetheless, for a while, since a connection
 * that is closed with something unread takes the close frame away from a client that has not read it yet.
 */
export function closeTunnel (tunnel: ClosingTunnel, reason: CloseReason): void {
  const { client, upstream, frames, cut } = tunnel
  const limit = setTimeout(cut, closingMilliseconds)
  client.once('close', () => { clearTimeout(limit) })
  client.unpipe(upstream).resume()
  upstream.unpipe(client)
  if (frames.isAtBoundary) sayGoodbye(tunnel, reason)
  else passOnFrame(tunnel, () => { sayGoodbye(tunnel, reason) })
}

function sayGoodbye ({ client, upstream, frames }: ClosingTunnel, reason: CloseReason): void {
  upstream.destroy()
  if (!client.writableEnded) client.end(frames.hasClosed ? '' : closeFrame(closings[reason]))
}

function passOnFrame ({ client, upstream, frames }: ClosingTunnel, done: () => void): void {
  upstream.removeAllListeners('data').on('data', (bytes: Buffer) => {
    const isTaken = client.write(bytes.subarray(0, frames.finish(bytes)))
    if (frames.isAtBoundary) {
      done()
      return
    }
    if (isTaken) return
    upstream.pause()
    client.once('drain', () => { upstream.resume() })
  }).resume()
}

/** Short, unmasked, in one piece (RFC 6455 section 5.5.1). */
function closeFrame ({ code, text }: { readonly code: number, readonly text: string }): Buffer {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(text)])
  return Buffer.concat([Buffer.from([0x88, payload.length]), payload])
}
