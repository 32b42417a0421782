import { createRequire } from 'node:module'
import { type DestinationStream, type Logger, pino } from 'pino'
import type * as pinoPretty from 'pino-pretty'
import { bounded } from './bounded.ts'
import { escapeControls } from './escape-controls.ts'

export { type Logger } from 'pino'

export interface LogSettings {
  readonly level: string
  readonly format: 'auto' | 'pretty' | 'json'
  /** Whether a person is watching: decides what `auto` means. */
  readonly isTerminal: boolean
  /** Paths of secrets in the configuration, such as `session.secret` and `providers[].clientSecret`: censored should one ever be logged. */
  readonly secretPaths: readonly string[]
}

/** Names under which libraries and protocols carry secrets, at the top of an event and one level down. */
const protocolSecrets = ['access_token', 'refresh_token', 'id_token', 'client_secret', 'code_verifier', 'cookie', 'authorization', 'set-cookie', 'secret', 'password']

/** Logs are events with fields, one JSON object a line, or the same made readable. Nothing here blocks a request. */
export function createLogger (settings: LogSettings, destination: DestinationStream): Logger {
  const isPretty = settings.format === 'pretty' || (settings.format === 'auto' && settings.isTerminal)
  const escaped: DestinationStream = { write: (line) => { destination.write(escapeControls(line)) } }
  const stream = isPretty ? readable(escaped, settings.isTerminal) : escaped
  return pino({
    level: settings.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: redactedPaths(settings.secretPaths), censor: '[redacted]' },
    // Full of what a client sends, the output would have no room for the audit trail, which may share it.
    serializers: { err: serializeError, request: (request: unknown) => bounded(request) }
  }, stream)
}

function readable (destination: DestinationStream, isColoured: boolean): DestinationStream {
  // Where nobody watches, it would be memory that does nothing.
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof pinoPretty
  const format = prettyFactory({ colorize: isColoured, translateTime: 'SYS:HH:MM:ss', singleLine: true })
  return { write: (line) => { destination.write(format(line)) } }
}

function redactedPaths (secretPaths: readonly string[]): string[] {
  const anyEntry = secretPaths.map((path) => path.replaceAll('[]', '[*]'))
  const quoted = protocolSecrets.map((name) => `["${name}"]`)
  return [
    ...quoted, ...quoted.map((name) => `*${name}`),
    ...anyEntry, ...anyEntry.map((path) => `configuration.${path}`)
  ]
}

const maxCauses = 4

/** An error with a code, or caused by one, is a known way to fail; any other may be a defect, which wants to be found. */
function isKnown (error: Error, depth = 0): boolean {
  if ('code' in error && error.code !== undefined) return true
  return depth < maxCauses && error.cause instanceof Error && isKnown(error.cause, depth + 1)
}

/**
 * Type, code, message and the causes of an error. Not its other properties: libraries hang whole responses and
 * parameters there, tokens among them.
 */
function serializeError (error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as { code?: unknown }
  return {
    type: error.name,
    message: error.message,
    ...(code !== undefined && { code: String(code) }),
    ...(error.cause instanceof Response && { status: error.cause.status }),
    ...(depth === 0 && !isKnown(error) && { stack: error.stack }),
    ...(error.cause instanceof Error && depth < maxCauses && { cause: serializeError(error.cause, depth + 1) })
  }
}
