import { type Environment, type TracingParts, tracingSettings } from './tracing-settings.ts'
import { noTracing, type Tracing } from './tracing.ts'

/** Tracing as the variables of OpenTelemetry want it. While they say nothing, its libraries are not even read. */
export async function openTracing (environment: Environment, parts: TracingParts): Promise<Tracing> {
  const { settings, warnings } = tracingSettings(environment)
  for (const warning of warnings) parts.logger.warn({ event: 'tracing.warning' }, warning)
  if (settings === undefined) return noTracing
  // Even an import of a type of it would read all of them.
  const { createTracing } = await import('./tracing-sdk.ts')
  const tracing = createTracing(settings, parts)
  // A URL may hold a password.
  parts.logger.info({ event: 'tracing.on', receiver: URL.parse(settings.url)?.origin, sampler: settings.sampler }, 'traces are sent')
  return tracing
}
