import { type FastifyInstance, type FastifyRequest } from 'fastify'
import { spanMethod, spanServer, type SpanStart, type Tracing } from '../observability/index.ts'

/**
 * A span for each request that may be served at all, from there to the end of its answer. Paths are not in it, but for
 * those of Doorward's own routes: applications have names of people in theirs, and links that are as good as passwords.
 */
export function traceRequests (app: FastifyInstance, tracing: Tracing): void {
  if (!tracing.isOn) return
  app.addHook('onRequest', (request, { raw }, done) => {
    const span = tracing.start(spanOf(request))
    raw.on('close', () => {
      if (!raw.headersSent) span.fail('client_left')
      else if (raw.statusCode >= 500) span.fail(String(raw.statusCode))
      if (raw.headersSent) span.set({ 'http.response.status_code': raw.statusCode })
      span.end()
    })
    span.run(done)
  })
}

function spanOf (request: FastifyRequest): SpanStart {
  const { headers: { traceparent, tracestate }, origin: { isTrustedPeer, proto, host }, routeOptions } = request
  const { name, attributes } = spanMethod(request.method)
  const route = routeOptions.url === applicationRoute ? undefined : routeOptions.url
  return {
    name: route === undefined ? name : `${name} ${route}`,
    kind: 'server',
    attributes: {
      ...attributes,
      ...spanServer(host),
      'url.scheme': proto,
      'http.route': route,
      'network.protocol.version': request.raw.httpVersion,
      'doorward.request.id': request.id
    },
    told: { traceparent: one(traceparent), tracestate: one(tracestate), isTrusted: isTrustedPeer }
  }
}

/** Of all applications: which one it is for, the forwarder knows. */
const applicationRoute = '/'

function one (value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value
}
