import httpProxy from '@fastify/http-proxy'
import { type FastifyInstance, type FastifyRequest } from 'fastify'
import { type ForwardedRequest, type Forwarder } from './forward.ts'
import { type Upstream } from './upstream.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What goes upstream; set once the request is admitted. */
    forwarded: ForwardedRequest | null
  }
}

export interface MountParts {
  readonly upstream: Upstream
  readonly forward: Forwarder
  readonly methods: readonly string[]
  /** Decides about the request; rejects to end it. */
  readonly admit: (request: FastifyRequest) => Promise<ForwardedRequest>
}

/** Mounts an application: @fastify/http-proxy holds the route, the forwarder does the work. */
export async function mountUpstream (app: FastifyInstance, { upstream, forward, methods, admit }: MountParts): Promise<void> {
  await app.register(async (scope) => {
    scope.decorateRequest('forwarded', null)
    scope.addHook('onRequest', async (request) => {
      request.forwarded = await admit(request)
      // Fastify would answer 415 to a media type that it can't parse; the body is not ours to read.
      if (request.raw.headers['content-type'] !== undefined) request.raw.headers['content-type'] = undefined
    })
    await scope.register(httpProxy, {
      upstream: upstream.origin,
      routes: ['/'],
      httpMethods: [...methods],
      proxyPayloads: false,
      handler (request, reply) {
        const { forwarded } = request
        if (forwarded === null) throw new Error('the request was not admitted')
        // The client waits to be asked for the body; what it expects other than that, Node has refused.
        if (request.raw.headers.expect !== undefined) reply.raw.writeContinue()
        forward(request.raw, reply.raw, forwarded, {
          onStart: () => { reply.hijack() },
          onProblem: (problem) => { reply.send(problem) }
        })
      }
    })
  })
}
