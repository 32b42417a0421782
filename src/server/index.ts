/**
 * The HTTP server that everything is mounted on.
 *
 * Owns the limits of a connection, which requests may be served at all and in which order, what the router gets to see
 * of a target, and the answer to what is not a request. It does not know any route (oidc/, proxy/) nor how a problem is
 * answered (pipeline/): that is handed to it.
 */
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { randomUUID } from 'node:crypto'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type FastifyServerOptions } from 'fastify'
import { http } from '../node-http.ts'
import { Problem } from '../errors.ts'
import { type Logger } from '../observability/index.ts'
import { routedTarget } from '../own-routes.ts'
import { isWebSocketHandshake } from '../proxy/index.ts'
import { type RequestOrigin } from '../request-origin/index.ts'
import { withoutSchemas } from '../without-schemas.ts'
import { awaitTurn } from './await-turn.ts'
import { announceClose, closeAfterEarlyAnswer } from './early-answer.ts'
import { refuseConnection } from './refuse-connection.ts'
import { framingProblem } from './request-framing.ts'
import { cutStuckReaders } from './stuck-readers.ts'

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

export interface ServerSettings {
  readonly basePath: string
  readonly tls?: { readonly certFile: string, readonly keyFile: string } | undefined
  /** Bytes of a header section, request line included. */
  readonly maxHeaderSize: number
  readonly maxConnections: number
  /** Milliseconds that a client may take nothing of what is sent to it. */
  readonly clientTimeout: number
}

/** Answers what Fastify itself refuses, such as an escape in a path of ours that can't be decoded. */
export type AnswerError = (error: unknown, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

export interface ServerParts {
  readonly answer: AnswerError
  readonly originOf: (message: IncomingMessage) => RequestOrigin
  readonly logger: Logger
}

/** RFC 9112 leaves it to the server; slower than this is an attack (slowloris) more often than a network. */
const headersTimeoutMilliseconds = 20_000
/** How often it is looked for them. Node's half a minute would let them stay more than twice as long. */
const headersCheckMilliseconds = 5_000

/** CONNECT would make Doorward a tunnel, TRACE would send a browser's cookies back to its scripts. */
export const forwardedMethods = http.METHODS.filter((method) => method !== 'CONNECT' && method !== 'TRACE')

/**
 * The HTTP server. Only Doorward's own paths are shown to Fastify's router: every other target is the application's,
 * reaches one route whatever it looks like, and is judged by the pipeline on its own bytes.
 */
export function createServer (settings: ServerSettings, { answer, originOf, logger }: ServerParts): FastifyInstance {
  const options = {
    ...withoutSchemas,
    logger: false,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    rewriteUrl: ({ url = '' }) => routedTarget(url, settings.basePath),
    frameworkErrors: (error, request, reply) => {
      const problem = receive(request as FastifyRequest, reply as FastifyReply, originOf)
      answer(problem ?? error, request as FastifyRequest, reply as FastifyReply).catch(() => { reply.raw.destroy() })
    },
    clientErrorHandler: (error, socket) => { refuseConnection(error, socket, logger) }
  } satisfies FastifyServerOptions
  const transport = {
    maxHeaderSize: settings.maxHeaderSize,
    headersTimeout: headersTimeoutMilliseconds,
    connectionsCheckingInterval: headersCheckMilliseconds,
    shouldUpgradeCallback: isWebSocketHandshake,
    optimizeEmptyRequests: true,
    // A request without Host is answered like every other that can't be served.
    requireHostHeader: false
  }
  const { tls } = settings
  const app = tls === undefined
    ? fastify({ ...options, http: transport })
    : fastify({ ...options, https: { ...transport, cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile), minVersion: 'TLSv1.2' } }) as unknown as FastifyInstance

  app.server.maxConnections = settings.maxConnections
  cutStuckReaders(app.server, tls === undefined ? 'connection' : 'secureConnection', settings.clientTimeout)
  app.decorateRequest('origin')
  app.addHook('onRequest', (request, reply, done) => {
    awaitTurn(request.raw, reply.raw, () => { done(receive(request, reply, originOf)) })
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
