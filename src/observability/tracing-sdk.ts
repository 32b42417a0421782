/** Traces by OpenTelemetry's own libraries. Nothing imports this file unless tracing is on: see open-tracing.ts. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { type Context, type Link, ROOT_CONTEXT, type Span as RawSpan, SpanKind, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api'
import { ExportResultCode, parseTraceParent, TraceState } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { AlwaysOffSampler, AlwaysOnSampler, BatchSpanProcessor, ParentBasedSampler, type Sampler, type SpanExporter, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace'
import { type Logger } from './logger.ts'
import { type TracingParts, type TracingSettings } from './tracing-settings.ts'
import { type Span, type SpanStart, type ToldTrace, type Tracing } from './tracing.ts'

interface OpenSpan extends Span {
  readonly context: Context
  hasEnded (): boolean
}

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL }

/** The end of the process waits no longer for a receiver that is away. */
const closeMilliseconds = 1_000

export function createTracing (settings: TracingSettings, { logger, version }: TracingParts): Tracing {
  const provider = new TracerProvider({ resource: resourceOf(version), sampler: samplerOf(settings), spanProcessors: [batches(settings, logger)] })
  const tracer = provider.getTracer('doorward', version)
  const spans = new AsyncLocalStorage<OpenSpan>()

  function current (): OpenSpan | undefined {
    const span = spans.getStore()
    // A timer that was set within a request outlives it: what it does is nobody's part.
    return span?.hasEnded() === true ? undefined : span
  }

  return {
    isOn: true,
    current,
    start: (start) => startSpan(tracer, start, current(), spans),
    async close () {
      let timer: NodeJS.Timeout | undefined
      const patience = new Promise<void>((resolve) => { timer = setTimeout(resolve, closeMilliseconds) })
      await Promise.race([provider.shutdown().catch(() => {}), patience])
      clearTimeout(timer)
    }
  }
}

function startSpan (tracer: Tracer, { name, kind, attributes = {}, told }: SpanStart, parent: OpenSpan | undefined, spans: AsyncLocalStorage<OpenSpan>): OpenSpan {
  const { context: from, links } = told === undefined ? { context: parent?.context ?? ROOT_CONTEXT, links: [] } : contextTold(told)
  const raw = tracer.startSpan(name, { kind: kinds[kind], attributes, links }, from)
  let hasEnded = false
  const span: OpenSpan = {
    context: trace.setSpan(ROOT_CONTEXT, raw),
    hasEnded: () => hasEnded,
    rename (newName) { raw.updateName(newName) },
    set (more) { raw.setAttributes(more) },
    fail (type) { raw.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR }) },
    headers: () => traceHeaders(raw),
    run: (work) => spans.run(span, work),
    end () {
      if (hasEnded) return
      hasEnded = true
      raw.end()
    }
  }
  return span
}

/** What a trusted proxy has begun goes on; what anybody else speaks of is linked to, without the text that they may choose. */
function contextTold ({ traceparent, tracestate, isTrusted }: ToldTrace): { context: Context, links: Link[] } {
  const remote = parseTraceParent(traceparent ?? '')
  if (remote === null) return { context: ROOT_CONTEXT, links: [] }
  const context = { ...remote, isRemote: true }
  if (!isTrusted) return { context: ROOT_CONTEXT, links: [{ context }] }
  const traceState = tracestate === undefined ? undefined : new TraceState(tracestate)
  return { context: trace.setSpanContext(ROOT_CONTEXT, { ...context, ...traceState !== undefined && { traceState } }), links: [] }
}

/** W3C Trace Context sections 3.2 and 3.3. */
function traceHeaders (span: RawSpan): string[] {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext()
  const state = traceState?.serialize() ?? ''
  const parent = ['traceparent', `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`]
  return state === '' ? parent : [...parent, 'tracestate', state]
}

/** `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` are read by their own detector, and win. */
function resourceOf (version: string) {
  return defaultResource()
    .merge(resourceFromAttributes({ 'service.name': 'doorward', 'service.version': version }))
    .merge(detectResources({ detectors: [envDetector] }))
}

function samplerOf ({ sampler, ratio }: TracingSettings): Sampler {
  switch (sampler) {
    case 'always_on': return new AlwaysOnSampler()
    case 'always_off': return new AlwaysOffSampler()
    case 'traceidratio': return new TraceIdRatioBasedSampler(ratio)
    case 'parentbased_always_on': return new ParentBasedSampler({ root: new AlwaysOnSampler() })
    case 'parentbased_always_off': return new ParentBasedSampler({ root: new AlwaysOffSampler() })
    case 'parentbased_traceidratio': return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) })
  }
}

/** Spans wait for their batch in a bounded queue: where nobody takes them they are lost, and nothing else. */
function batches ({ url, maxQueueSize, maxBatchSize, delayMilliseconds }: TracingSettings, logger: Logger): BatchSpanProcessor {
  // Headers, certificates, compression and the time limit it reads from the variables itself.
  const exporter = toldOf(new OTLPTraceExporter({ url }), logger)
  return new BatchSpanProcessor({ exporter, maxQueueSize, maxExportBatchSize: maxBatchSize, scheduledDelayMillis: delayMilliseconds })
}

/** The same exporter; the log learns when it begins to fail, and when it works again. */
function toldOf (exporter: SpanExporter, logger: Logger): SpanExporter {
  let isFailing = false
  return {
    export (spans, done) {
      exporter.export(spans, (result) => {
        const hasFailed = result.code === ExportResultCode.FAILED
        if (hasFailed && !isFailing) logger.warn({ event: 'tracing.failed', err: result.error }, 'traces can’t be delivered, and are lost meanwhile')
        if (!hasFailed && isFailing) logger.info({ event: 'tracing.resumed' }, 'traces are delivered again')
        isFailing = hasFailed
        done(result)
      })
    },
    shutdown: () => exporter.shutdown()
  }
}
