import httpProxy from '@fastify/http-proxy'
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { auditRequest, type Logger } from '../observability/index.ts'
import { type ForwardedRequest, type Forwarder } from './exchange.ts'

/** A request that was admitted, and what takes it to where it goes. */
export interface Admitted extends ForwardedRequest {
  readonly forward: Forwarder
}

export interface MountParts {
  readonly methods: readonly string[]
  /** Decides about the request; throws or rejects to end it. */
  readonly admit: (request: FastifyRequest, reply: FastifyReply) => Admitted | Promise<Admitted>
  readonly logger: Logger
}

/** http-proxy asks for an upstream and never goes there: the pipeline says for each request where it goes. */
const unusedUpstream = 'http://upstream.invalid'

/**
 * Mounts the applications: @fastify/http-proxy holds the route, the pipeline decides, a forwarder does the work.
 *
 * They take over in http-proxy's `preHandler`. On the way to its `handler` it would parse the path, the prefix and the
 * upstream as URLs for every request, only to check what has been decided on already: a sixth of all that a request
 * costs (docs/performance.md).
 */
export async function mountUpstreams (app: FastifyInstance, { methods, admit, logger }: MountParts): Promise<void> {
  await app.register(httpProxy, {
    upstream: unusedUpstream,
    routes: ['/'],
    httpMethods: [...methods],
    proxyPayloads: false,
    preHandler (request, reply, end) {
      try {
        const admitted = admit(request, reply)
        if (admitted instanceof Promise) admitted.then((late) => { handOver(late, { request, reply, end, logger }) }).catch(end)
        else handOver(admitted, { request, reply, end, logger })
      } catch (error) {
        end(error as Error)
      }
    },
    handler () {
      throw new Error('a request passed the door without being admitted')
    }
  })
}

interface Occasion {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly end: (problem: Error) => void
  readonly logger: Logger
}

function handOver (admitted: Admitted, { request, reply, end, logger }: Occasion): void {
  // The client waits to be asked for the body, if it knows how; what it expects other than that, Node has refused.
  if (request.raw.headers.expect !== undefined && request.raw.httpVersion !== '1.0') reply.raw.writeContinue()
  admitted.forward(request.raw, reply.raw, admitted, {
    onStart: () => { reply.hijack() },
    onProblem: end,
    onCut: ({ code, cause }) => { logger.warn({ event: 'request.cut', code, request: auditRequest(request), err: cause }, 'an answer broke off') }
  })
}
