/** A client that understands nothing: bytes out, bytes in. For what no HTTP client would send or show. */
import { connect } from 'node:net'
import { once } from 'node:events'
import { sawBytes } from './secrets-seen.ts'

export interface RawMessage {
  /** Request line or status line. */
  readonly startLine: string
  /** In the order and spelling in which they came. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  /** All that follows the header section, chunk framing included. */
  readonly body: string
}

const timeoutMilliseconds = 10_000

/**
 * Sends the bytes (latin1 text) over a connection of their own and resolves with all that comes back until the other
 * side closes. Rejects when it has not done so after ten seconds: ask with `Connection: close`.
 *
 * @param ended resolves when there will be no more bytes, and ours is the side that closes first
 */
export async function exchange (port: number, bytes: string, ended?: Promise<unknown>): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' })
  let received = ''
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => { received += text })
  // A reset is one way to close; what came before it still counts.
  socket.on('error', () => {})
  socket.setTimeout(timeoutMilliseconds, () => { socket.destroy() })
  const closed = once(socket, 'close')
  let isTimedOut = false
  socket.once('timeout', () => { isTimedOut = true })
  sawBytes(bytes)
  socket.write(bytes, 'latin1')
  if (ended !== undefined) {
    await ended
    socket.end()
  }
  await closed
  if (isTimedOut) throw new Error(`the connection stayed open after\n${received}`)
  return received
}

/** The first message in a text, as the peer framed it. */
export function parseMessage (text: string): RawMessage {
  const end = text.indexOf('\r\n\r\n')
  const [startLine = '', ...lines] = (end < 0 ? text : text.slice(0, end)).split('\r\n')
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const
  })
  return { startLine, headers, body: end < 0 ? '' : text.slice(end + 4) }
}

/** Status of the first answer in a text; 0 where there is none. */
export function statusOf (text: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0)
}

/** The values of a header, in any case, in order. */
export function valuesOf ({ headers }: Pick<RawMessage, 'headers'>, name: string): string[] {
  return headers.filter(([each]) => each.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
}

/** A request with `Connection: close`, in the very bytes given; to `localhost` unless the headers name a host. */
export function requestText (method: string, target: string, headers: ReadonlyArray<readonly [string, string]> = [], body = ''): string {
  const host = headers.some(([name]) => name === 'Host') ? [] : [['Host', 'localhost']]
  const lines = [...host, ['Connection', 'close'], ...headers, ...(body === '' ? [] : [['Content-Length', String(Buffer.byteLength(body, 'latin1'))]])]
  return `${method} ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}

/** Whether nobody listens at this port of loopback any more. */
export async function isRefused (port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    await once(socket, 'connect')
    return false
  } catch {
    return true
  } finally {
    socket.destroy()
  }
}
