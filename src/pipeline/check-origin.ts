import type { IncomingHttpHeaders } from 'node:http'
import { Problem } from '../errors.ts'
import { type Session } from '../sessions/index.ts'
import { type Asked } from './asked.ts'

/**
 * Refuses a WebSocket that a page of another site opens with somebody's session: browsers send cookies with it and no
 * rule of theirs keeps the page from reading what comes (cross-site WebSocket hijacking; RFC 6455 section 10.2).
 * Programs send no Origin.
 *
 * @throws {Problem} `origin_refused`
 */
export function checkOrigin ({ headers }: Asked, session: Session | undefined, origins: ReadonlySet<string>): void {
  const { origin } = headers
  if (session === undefined || origin === undefined || !opensWebSocket(headers) || origins.has(origin.toLowerCase())) return
  throw new Problem('origin_refused', { cause: new Error(`${JSON.stringify(origin.slice(0, 300))} is neither the public origin nor in access.webSocketOrigins`) })
}

/**
 * A proxy that asks about a request may have taken `Upgrade` for a matter of its own connection, and HTTP/2 has none
 * (RFC 8441 section 5). Scripts can't set the others (Fetch, section 2.2.2), so whoever sends one opens a WebSocket.
 */
function opensWebSocket (headers: IncomingHttpHeaders): boolean {
  return headers['sec-websocket-key'] !== undefined || headers['sec-websocket-version'] !== undefined || /\bwebsocket\b/i.test(headers.upgrade ?? '')
}
