import { AssertionKeyError } from '../assertion/index.ts'
import { type Configuration, loadConfiguration, problemText, settings } from '../config/index.ts'
import { createGateway } from '../gateway.ts'
import { createAudit, createLogger, type Destination, type Logger, openDestination } from '../observability/index.ts'
import { type Terminal } from './terminal.ts'

/** The process, as far as serving needs it. */
export interface Host extends Terminal {
  /** Resolves once the process was asked to end and `close` has run; `delay` milliseconds are the most it may take. */
  untilStopped (delay: number, close: (cause: { signal?: string | undefined, err?: Error | undefined }) => Promise<void>): Promise<void>
}

export const exitInvalidConfiguration = 78
const exitFailed = 1

/** `doorward serve`: runs the gateway until the process is asked to end. */
export async function serve (args: { config?: string | undefined }, host: Host): Promise<number> {
  const loaded = loadConfiguration({ file: args.config, environment: host.environment, cwd: host.cwd })
  if (!loaded.ok) {
    for (const problem of loaded.problems) host.stderr(`${problemText(problem)}\n`)
    return exitInvalidConfiguration
  }
  const { configuration, warnings, source } = loaded
  const output = openOutput(configuration, host)
  if (output === undefined) return exitInvalidConfiguration

  const { logger, audit, flush } = output
  for (const warning of warnings) logger.warn({ event: 'config.warning' }, warning)
  try {
    const gateway = await createGateway(configuration, { logger, audit, now: Date.now })
    await gateway.listen(listenOptions(configuration.server.listen))
    logger.info({ event: 'started', config: source, listen: configuration.server.listen, publicUrl: configuration.server.publicUrl }, `Doorward serves ${configuration.server.publicUrl}`)
    await host.untilStopped(configuration.server.drainTimeout, async ({ signal, err }) => {
      if (err !== undefined) logger.fatal({ event: 'crashed', err }, 'unexpected error')
      logger.info({ event: 'stopping', signal }, 'stopping')
      await gateway.close()
      logger.info({ event: 'stopped' }, 'stopped')
      flush()
    })
    return 0
  } catch (error) {
    return startFailure(error, host, logger)
  } finally {
    flush()
  }
}

function openOutput (configuration: Configuration, host: Host): { logger: Logger, audit: ReturnType<typeof createAudit>, flush: () => void } | undefined {
  const stdout = openDestination('stdout')
  let auditTrail: Destination
  try {
    auditTrail = configuration.audit.destination === 'stdout' ? stdout : openDestination(configuration.audit.destination)
  } catch (error) {
    host.stderr(`audit.destination: can’t be opened for writing (${(error as { code?: string }).code ?? 'unknown error'})\n`)
    return undefined
  }
  const logger = createLogger({ ...configuration.log, isTerminal: host.isTerminal, secretPaths: settings.filter(({ secret }) => secret).map(({ path }) => path) }, stdout)
  return {
    logger,
    audit: createAudit(auditTrail.write, Date.now),
    flush () {
      stdout.flush()
      auditTrail.flush()
    }
  }
}

function startFailure (error: unknown, host: Host, logger: Logger): number {
  if (error instanceof AssertionKeyError) {
    host.stderr(`assertion.key: ${error.message}\n`)
    return exitInvalidConfiguration
  }
  logger.fatal({ event: 'start.failed', err: error }, 'can’t start')
  return exitFailed
}

function listenOptions (listen: string): { host: string, port: number } | { path: string } {
  if (listen.startsWith('unix:')) return { path: listen.slice('unix:'.length) }
  const colon = listen.lastIndexOf(':')
  const host = listen.slice(0, colon).replace(/^\[|\]$/g, '')
  return { host, port: Number(listen.slice(colon + 1)) }
}
