import { resolve } from 'node:path'
import { type ConfigurationProblem, problemText, providersOf, redirectUriOf, settings, signedOutUriOf } from '../config/index.ts'
import { createGateway, type Gateway } from '../gateway.ts'
import { type Audit, createAudit, createLogger, type Logger, openDestination } from '../observability/index.ts'
import { proxyFrom } from '../oidc/index.ts'
import { errorCode, exitInvalidConfiguration, type LoadedConfiguration, readConfiguration } from './configuration.ts'
import { drain, trackConnections } from './drain.ts'
import { ListenError, listenOn } from './listening.ts'
import { type Terminal } from './terminal.ts'
import { version } from './version.ts'

/** The process, as far as serving needs it. */
export interface Host extends Terminal {
  /** Resolves once the process was asked to end and `close` has run; `delay` milliseconds are the most it may take. */
  untilStopped (delay: number, close: (cause: { signal?: string | undefined, err?: Error | undefined }) => Promise<void>): Promise<void>
}

const exitFailed = 1
/** For what comes after the last connection; a process that hangs there is ended the hard way. */
const closingMilliseconds = 2_000

interface Output {
  readonly logger: Logger
  readonly audit: Audit
  flush (): Promise<void>
}

/** `doorward serve`: runs the gateway until the process is asked to end. */
export async function serve (args: { config?: string | undefined }, host: Host): Promise<number> {
  const loaded = await readConfiguration(args.config, host)
  if (loaded === undefined) return exitInvalidConfiguration

  const output = openOutput(loaded, host)
  for (const warning of loaded.warnings) output.logger.warn({ event: 'config.warning' }, warning)
  try {
    const gateway = await createGateway(loaded.configuration, { ...output, now: Date.now, version: version(), proxy: proxyFrom(host.environment) })
    return await run(gateway, loaded, output, host)
  } catch (error) {
    output.logger.fatal({ event: 'start.failed', err: error }, 'can’t start')
    return exitFailed
  } finally {
    await output.flush()
  }
}

async function run (gateway: Gateway, loaded: LoadedConfiguration, { logger, flush }: Output, host: Host): Promise<number> {
  const { configuration, source } = loaded
  const { server, admin } = configuration
  const connections = trackConnections(gateway.app.server)
  const problem = await startListening(gateway, loaded)
  if (problem !== undefined) {
    host.stderr(`${problemText(problem)}\n`)
    return exitFailed
  }
  const toRegister = { redirectUris: providersOf(configuration).map((provider) => redirectUriOf(provider, configuration)), postLogoutRedirectUri: signedOutUriOf(configuration) }
  logger.info({ event: 'started', config: source, listen: server.listen, admin: admin.listen, publicUrl: server.publicUrl, ...toRegister }, `Doorward serves ${server.publicUrl}`)
  await host.untilStopped(server.drainTimeout + closingMilliseconds, async ({ signal, err }) => {
    if (err !== undefined) logger.fatal({ event: 'crashed', err }, 'unexpected error')
    logger.info({ event: 'stopping', signal }, 'stopping')
    gateway.readiness.drain()
    const cut = await drain(gateway.app.close(), connections, server.drainTimeout)
    await gateway.admin.close()
    logger.info({ event: 'stopped', connectionsCut: cut }, 'stopped')
    await flush()
  })
  return 0
}

/** Nobody is served before it is certain that health and metrics are. What is wrong with an address that can't be had. */
async function startListening ({ admin, app }: Gateway, { configuration, problemWith }: LoadedConfiguration): Promise<ConfigurationProblem | undefined> {
  const listeners = [
    { section: 'admin', listen: configuration.admin.listen, server: admin },
    { section: 'server', listen: configuration.server.listen, server: app }
  ]
  for (const { section, listen, server } of listeners) {
    try {
      if (listen !== 'off') await listenOn(listen, (options) => server.listen(options))
    } catch (error) {
      await Promise.all([app.close(), admin.close()])
      if (error instanceof ListenError) return problemWith([section, 'listen'], error.message)
      throw error
    }
  }
  return undefined
}

function openOutput ({ configuration: { log, audit } }: LoadedConfiguration, host: Host): Output {
  const stdout = openDestination('stdout', (error) => { host.stderr(`standard output can’t be written to (${errorCode(error)})\n`) })
  const logger = createLogger({ ...log, isTerminal: host.isTerminal, secretPaths: settings.filter(({ secret }) => secret).map(({ path }) => path) }, stdout)
  const trail = audit.destination === 'stdout'
    ? stdout
    : openDestination(resolve(host.cwd, audit.destination), (err) => { logger.error({ event: 'audit.failed', err }, 'the audit trail can’t be written') })
  return {
    logger,
    audit: createAudit(trail.write, Date.now),
    async flush () {
      // The trail first: what it has to say about itself goes to the log.
      await trail.flush()
      await stdout.flush()
    }
  }
}
