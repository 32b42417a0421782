import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { type Metrics } from './metrics.ts'
import { clientLeft } from './request-counts.ts'

/**
 * Counts every request that the server hands on, whoever answers it and however it ends: a hook of Fastify's would miss
 * answers that break off, and what Fastify itself refuses.
 *
 * @param isOwn whether a request-target is one of Doorward's own
 */
export function countRequests (server: Server, { requestBegan, requestEnded }: Metrics, isOwn: (target: string) => boolean): void {
  function begin (request: IncomingMessage, response: ServerResponse): void {
    const beganAt = performance.now()
    const kind = isOwn(request.url ?? '') ? 'own' : 'proxied'
    requestBegan()
    response.on('close', () => { requestEnded(kind, response.headersSent ? response.statusCode : clientLeft, performance.now() - beganAt) })
  }
  // Before Fastify, whose work is part of the time. Whoever expects `100 Continue` is announced by an event of its own.
  server.prependListener('request', begin)
  server.prependListener('checkContinue', begin)
}
