import { type FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'
import { upgradeOf } from '../proxy/index.ts'
import { type Session } from '../sessions/index.ts'

/**
 * Refuses a WebSocket that a page of another site opens with somebody's session: browsers send cookies with it and no
 * rule of theirs keeps the page from reading what comes (cross-site WebSocket hijacking; RFC 6455 section 10.2).
 * Programs send no Origin.
 *
 * @throws {Problem} `origin_refused`
 */
export function checkOrigin (request: FastifyRequest, session: Session | undefined, origins: ReadonlySet<string>): void {
  const { origin } = request.headers
  if (session === undefined || origin === undefined || upgradeOf(request.raw) === undefined) return
  if (origins.has(origin.toLowerCase())) return
  throw new Problem('origin_refused', { cause: new Error(`${JSON.stringify(origin.slice(0, 300))} is neither the public origin nor in access.webSocketOrigins`) })
}
