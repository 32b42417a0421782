import { type Logger } from './logger.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** How the variables of OpenTelemetry want traces to be made. */
export interface TracingSettings {
  /** Where they are sent, by OTLP over HTTP. */
  readonly url: string
  readonly sampler: SamplerName
  /** Of those that nobody has decided on: how many are recorded, from 0 to 1. */
  readonly ratio: number
  readonly maxQueueSize: number
  readonly maxBatchSize: number
  readonly delayMilliseconds: number
}

export interface TracingParts {
  readonly logger: Logger
  /** Of Doorward. */
  readonly version: string
}

export interface ReadSettings {
  /** Undefined where tracing is off. */
  readonly settings: TracingSettings | undefined
  /** About variables that mean nothing here. */
  readonly warnings: readonly string[]
}

const samplers = ['always_on', 'always_off', 'traceidratio', 'parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'] as const

export type SamplerName = (typeof samplers)[number]

const defaultEndpoint = 'http://localhost:4318'
const protocol = 'http/protobuf'

/**
 * Tracing is on where the environment says where traces go, or that they go by OTLP. A value that can't be used is as
 * if it were not there, with a warning, as OpenTelemetry's specification of its variables wants it.
 */
export function tracingSettings (environment: Environment): ReadSettings {
  const warnings: string[] = []
  const read = (name: string): string | undefined => environment[name]?.trim() || undefined
  const exporter = read('OTEL_TRACES_EXPORTER')
  if (read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true' || exporter === 'none') return { settings: undefined, warnings }
  const url = tracesUrl(read, exporter === 'otlp')
  if (url === undefined) return { settings: undefined, warnings }
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) return { settings: undefined, warnings: ['the endpoint for traces is no http or https URL: there are none'] }

  function oneOf<Name extends string> (name: string, known: readonly Name[], usual: Name): Name {
    const given = read(name)
    const found = known.find((each) => each === given)
    if (given !== undefined && found === undefined) warnings.push(`${name} is ${JSON.stringify(given)}: Doorward knows ${known.join(', ')}`)
    return found ?? usual
  }

  function number (name: string, usual: number, isFit: (value: number) => boolean): number {
    const given = read(name)
    if (given === undefined) return usual
    if (isFit(Number(given))) return Number(given)
    warnings.push(`${name} is ${JSON.stringify(given)}, which is no fit number`)
    return usual
  }

  if (exporter !== undefined) oneOf('OTEL_TRACES_EXPORTER', ['otlp', 'none'], 'otlp')
  for (const name of ['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL']) oneOf(name, [protocol], protocol)
  const maxQueueSize = number('OTEL_BSP_MAX_QUEUE_SIZE', 2048, isCount)
  const settings = {
    url,
    sampler: oneOf('OTEL_TRACES_SAMPLER', samplers, 'parentbased_always_on'),
    ratio: number('OTEL_TRACES_SAMPLER_ARG', 1, (value) => value >= 0 && value <= 1),
    maxQueueSize,
    maxBatchSize: Math.min(maxQueueSize, number('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512, isCount)),
    delayMilliseconds: number('OTEL_BSP_SCHEDULE_DELAY', 5_000, isCount)
  }
  return { settings, warnings }
}

/** What is given for traces alone is taken as it is; to what is given for everything, the path of traces is added. */
function tracesUrl (read: (name: string) => string | undefined, isWanted: boolean): string | undefined {
  const own = read('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT')
  if (own !== undefined) return own
  const common = read('OTEL_EXPORTER_OTLP_ENDPOINT') ?? (isWanted ? defaultEndpoint : undefined)
  return common === undefined ? undefined : `${common.replace(/\/$/, '')}/v1/traces`
}

function isCount (value: number): boolean {
  return Number.isSafeInteger(value) && value > 0
}
