/**
 * The HTTP server that everything is mounted on: what listens (transport.ts, front.ts), and behind it what answers, which
 * is exchanged with the configuration (generation.ts).
 *
 * Owns the limits of a connection, which requests may be served at all and in which order, what the router gets to see
 * of a target, and the answer to what is not a request. It does not know any route (oidc/, proxy/) nor how a problem is
 * answered (pipeline/): that is handed to it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { randomUUID } from 'node:crypto'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'
import { http } from '../node-http.ts'
import { routedTarget } from '../own-routes.ts'
import { type RequestOrigin } from '../request-origin/index.ts'
import { withoutSchemas } from '../without-schemas.ts'
import { announceClose, closeAfterEarlyAnswer } from './early-answer.ts'
import { framingProblem } from './request-framing.ts'

export { createFront, type Front } from './front.ts'
export { type Generation } from './generation.ts'
export { createTransport, type Transport, type TransportSettings } from './transport.ts'

export { traceRequests } from './trace-requests.ts'

declare module 'fastify' {
  interface FastifyRequest {
    origin: RequestOrigin
  }
  interface FastifyContextConfig {
    /** The route answers under hosts that are not known, too. */
    anyHost?: true
  }
}

/** Answers what Fastify itself refuses, such as an escape in a path of ours that can't be decoded. */
export type AnswerError = (error: unknown, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

export interface ServerParts {
  readonly answer: AnswerError
  readonly originOf: (message: IncomingMessage) => RequestOrigin
}

/** CONNECT would make Doorward a tunnel, TRACE would send a browser's cookies back to its scripts. */
export const forwardedMethods = http.METHODS.filter((method) => method !== 'CONNECT' && method !== 'TRACE')

/**
 * What answers, handed its requests by a front. Only Doorward's own paths are shown to Fastify's router: every other
 * target is the application's, reaches one route whatever it looks like, and is judged by the pipeline on its own bytes.
 */
export function createServer (basePath: string, { answer, originOf }: ServerParts): FastifyInstance {
  const app = fastify({
    ...withoutSchemas,
    logger: false,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    rewriteUrl: ({ url = '' }) => routedTarget(url, basePath),
    frameworkErrors: (error, request, reply) => {
      const problem = receive(request as FastifyRequest, reply as FastifyReply, originOf)
      answer(problem ?? error, request as FastifyRequest, reply as FastifyReply).catch(() => { reply.raw.destroy() })
    }
  })
  app.decorateRequest('origin')
  app.addHook('onRequest', (request, reply, done) => {
    done(receive(request, reply, originOf))
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    announceClose(request.raw, reply.raw)
    done()
  })
  app.setErrorHandler(answer)
  app.setNotFoundHandler(({ method }) => {
    throw method === 'TRACE' ? new Problem('method_not_allowed', { headers: { allow: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS' } }) : new Problem('not_found')
  })
  // Bodies belong to the application: none is read here, none is judged by its media type.
  for (const method of forwardedMethods) app.addHttpMethod(method, { hasBody: false, overrideExisting: true })
  receiveExpectations(app)
  return app
}

function receiveExpectations (app: FastifyInstance): void {
  // Node would ask for the body before anybody has decided whether the request may pass (RFC 9110 section 10.1.1).
  app.server.on('checkContinue', (request, response) => { app.routing(request, response) })
  // Node would answer by itself, and go on however the request was framed.
  app.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const problem = framingProblem(request)
    closeAfterEarlyAnswer(request, response)
    announceClose(request, response)
    response.writeHead(problem?.status ?? 417, { 'content-length': 0, ...problem?.headers }).end()
  })
}

/** What concerns every request, before anything else is looked at: one that is meant for another site is not served. */
function receive (request: FastifyRequest, reply: FastifyReply, originOf: ServerParts['originOf']): Problem | undefined {
  endAfterUpgrade(request, reply)
  closeAfterEarlyAnswer(request.raw, reply.raw)
  request.origin = originOf(request.raw)
  const problem = framingProblem(request.raw)
  if (problem !== undefined) return problem
  const { hostProblem } = request.origin
  return hostProblem?.code === 'host_unknown' && request.routeOptions.config.anyHost === true ? undefined : hostProblem
}

/**
 * Node drops what follows a request that asks for an upgrade, since it may be of the other protocol already (RFC 9931).
 * A client that takes a refusal for the answer to one request of many must not send more on the connection.
 */
function endAfterUpgrade (request: FastifyRequest, reply: FastifyReply): void {
  if (request.raw.headers.upgrade !== undefined) reply.raw.shouldKeepAlive = false
}
