import httpProxy from '@fastify/http-proxy'
import { type FastifyInstance, type FastifyRequest } from 'fastify'
import { type ForwardedRequest, type Forwarder } from './forward.ts'
import { type Upstream } from './upstream.ts'

export interface MountParts {
  readonly upstream: Upstream
  readonly forward: Forwarder
  readonly methods: readonly string[]
  /** Decides about the request; rejects to end it. */
  readonly admit: (request: FastifyRequest) => Promise<ForwardedRequest>
}

/**
 * Mounts an application: @fastify/http-proxy holds the route, the pipeline decides, the forwarder does the work.
 *
 * They take over in http-proxy's `preHandler`. On the way to its `handler` it would parse the path, the prefix and the
 * upstream as URLs for every request, only to check what has been decided on already: a sixth of all that a request
 * costs (docs/performance.md).
 */
export async function mountUpstream (app: FastifyInstance, { upstream, forward, methods, admit }: MountParts): Promise<void> {
  await app.register(httpProxy, {
    upstream: upstream.origin,
    routes: ['/'],
    httpMethods: [...methods],
    proxyPayloads: false,
    preHandler (request, reply, end) {
      admit(request).then((forwarded) => {
        // The client waits to be asked for the body; what it expects other than that, Node has refused.
        if (request.raw.headers.expect !== undefined) reply.raw.writeContinue()
        forward(request.raw, reply.raw, forwarded, {
          onStart: () => { reply.hijack() },
          onProblem: end
        })
      }).catch(end)
    },
    handler () {
      throw new Error('a request passed the door without being admitted')
    }
  })
}
