import { spanMethod, spanServer, type Span, type Tracing } from '../observability/index.ts'
import { type Forwarder } from './exchange.ts'
import { upgradeOf } from './upgrades.ts'
import { type Upstream } from './upstream.ts'

export interface TraceForwardingParts {
  readonly tracing: Tracing
  readonly upstream: Pick<Upstream, 'origin' | 'host'>
  /** Below which the application is reached. */
  readonly path: string
}

/**
 * The same forwarder, with a span for each exchange; of a WebSocket, for its handshake. The application is told of that
 * span alone: what a client says of a trace would mix into others (W3C Trace Context, Security Considerations).
 */
export function traceForwarding (forward: Forwarder, { tracing, upstream, path }: TraceForwardingParts): Forwarder {
  if (!tracing.isOn) return forward
  const where = { 'http.route': path, ...attributesOf(upstream) }
  return (request, response, forwarded, events) => {
    const server = tracing.current()
    const { name, attributes } = spanMethod(forwarded.substitute?.method ?? request.method ?? '')
    server?.rename(`${name} ${path}`)
    server?.set({ 'http.route': path })
    const span = tracing.start({ name: `${name} upstream`, kind: 'client', attributes: { ...attributes, ...where } })
    response.on('close', () => { span.end() })
    forward(request, response, { ...forwarded, headers: [...withoutTrace(forwarded.headers), ...span.headers()] }, {
      onStart () {
        const isTunnel = upgradeOf(request) !== undefined && !response.headersSent
        answered(span, isTunnel ? 101 : response.statusCode)
        if (isTunnel) endHandshake(span, server)
        events.onStart()
      },
      onProblem (problem) {
        span.fail(problem.code)
        span.end()
        events.onProblem(problem)
      },
      onCut (problem) {
        span.fail(problem.code)
        events.onCut(problem)
      }
    })
  }
}

function attributesOf ({ origin, host }: TraceForwardingParts['upstream']) {
  return origin.startsWith('unix:') ? { 'server.address': origin.slice('unix:'.length) } : spanServer(host)
}

function answered (span: Span, status: number): void {
  span.set({ 'http.response.status_code': status })
  if (status >= 400) span.fail(String(status))
}

/** What comes after it may go on for days, and a span is sent when it ends. */
function endHandshake (span: Span, server: Span | undefined): void {
  server?.set({ 'http.response.status_code': 101 })
  for (const each of [span, server]) each?.end()
}

const traceNames: ReadonlySet<string> = new Set(['traceparent', 'tracestate'])

function withoutTrace (headers: readonly string[]): string[] {
  return headers.filter((_text, index) => !traceNames.has(headers[index - index % 2]?.toLowerCase() ?? ''))
}
