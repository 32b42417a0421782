/** What a span says beside its name; what is undefined is left out. No secret, no query and nobody's name belongs here. */
export type SpanAttributes = Readonly<Record<string, string | number | undefined>>

/** What whoever asks says of the trace that a request belongs to (W3C Trace Context). */
export interface ToldTrace {
  readonly traceparent: string | undefined
  readonly tracestate: string | undefined
  /** A stranger's word neither joins two traces nor decides what is recorded. */
  readonly isTrusted: boolean
}

export interface SpanStart {
  readonly name: string
  /** `server`: somebody asked. `client`: somebody is asked. */
  readonly kind: 'server' | 'client' | 'internal'
  readonly attributes?: SpanAttributes
  readonly told?: ToldTrace
}

/** Something that takes time. What comes after its end changes nothing. */
export interface Span {
  rename (name: string): void
  set (attributes: SpanAttributes): void
  /** @param type of a closed list, or the code of an error */
  fail (type: string): void
  /** Name, value, name, value…: by which whoever is asked continues the trace. */
  headers (): string[]
  /** What begins within `work` is part of this span. */
  run<Result> (work: () => Result): Result
  end (): void
}

/** Traces of what Doorward does. Nothing here fails or waits. */
export interface Tracing {
  readonly isOn: boolean
  /** A part of the current span; without one, or with `told`, the first of Doorward's in its trace. */
  start (span: SpanStart): Span
  /** Within which this runs, if it has not ended. */
  current (): Span | undefined
  /** Sends what is left; gives up soon. */
  close (): Promise<void>
}

const noSpan: Span = {
  rename () {},
  set () {},
  fail () {},
  headers: () => [],
  run: (work) => work(),
  end () {}
}

export const noTracing: Tracing = {
  isOn: false,
  start: () => noSpan,
  current: () => undefined,
  async close () {}
}

/** Runs work within a span of its own, which ends with it. */
export async function inSpan<Result> (tracing: Tracing, start: SpanStart, work: (span: Span) => Promise<Result>): Promise<Result> {
  const span = tracing.start(start)
  try {
    return await span.run(() => work(span))
  } catch (error) {
    span.fail(errorType(error))
    throw error
  } finally {
    span.end()
  }
}

/** Never a message, which may hold anything. */
function errorType (error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' ? code : error.name
}

/** Of RFC 9110 and RFC 5789: any other would be a name of spans that the client has chosen. */
const knownMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** The method as spans name it, and its attributes. */
export function spanMethod (method: string): { readonly name: string, readonly attributes: SpanAttributes } {
  if (knownMethods.has(method)) return { name: method, attributes: { 'http.request.method': method } }
  return { name: 'HTTP', attributes: { 'http.request.method': '_OTHER', 'http.request.method_original': method } }
}

/** Host and port of a URL's authority, as spans have them. */
export function spanServer (host: string): SpanAttributes {
  const [, name = host, port] = /^(.*?)(?::(\d+))?$/.exec(host) ?? []
  return { 'server.address': name, 'server.port': port === undefined ? undefined : Number(port) }
}
