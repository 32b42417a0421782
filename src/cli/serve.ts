import { type Configuration, type ConfigurationProblem, problemText, providersOf, redirectUriOf, signedOutUriOf } from '../config/index.ts'
import { openTracing, type Tracing } from '../observability/index.ts'
import { createGateway, type Gateway } from '../gateway.ts'
import { proxyFrom, shareUndici } from '../oidc/index.ts'
import { exitInvalidConfiguration, type LoadedConfiguration, readConfiguration } from './configuration.ts'
import { drain, trackConnections } from './drain.ts'
import { ListenError, listenOn } from './listening.ts'
import { openOutput, type Output } from './output.ts'
import { recordFiles } from './files-read.ts'
import { followConfiguration, type ReadConfiguration } from './reload.ts'
import { type Terminal } from './terminal.ts'
import { version } from './version.ts'

/** The process, as far as serving needs it. */
export interface Host extends Terminal {
  /** Calls back at each SIGHUP. Absent on a terminal, where it means that the terminal is gone. */
  onHangup? (listener: () => void): void
  /** Resolves once the process was asked to end and `close` has run. @param longest milliseconds that it may take; asked when it begins */
  untilStopped (longest: () => number, close: (cause: { signal?: string | undefined, err?: Error | undefined }) => Promise<void>): Promise<void>
}

const exitFailed = 1
/** For what comes after the last connection; a process that hangs there is ended the hard way. */
const closingMilliseconds = 2_000

/** `doorward serve`: runs the gateway until the process is asked to end. */
export async function serve (args: { config?: string | undefined }, host: Host): Promise<number> {
  shareUndici()
  const files = recordFiles(host.cwd)
  const loaded = await readConfiguration(args.config, host, files.readFile)
  if (loaded === undefined) return exitInvalidConfiguration

  const output = openOutput(loaded.configuration, host)
  for (const warning of loaded.warnings) output.logOf('config').warn({ event: 'config.warning' }, warning)
  const tracing = await openTracing(host.environment, { logger: output.logOf('process'), version: version() })
  try {
    const gateway = await createGateway(loaded.configuration, { ...output, tracing, now: Date.now, version: version(), proxy: proxyFrom(host.environment) })
    return await run(gateway, { loaded, files }, { output, tracing, host, file: args.config })
  } catch (error) {
    output.logOf('process').fatal({ event: 'start.failed', err: error }, 'can’t start')
    return exitFailed
  } finally {
    await output.flush()
  }
}

interface RunParts {
  readonly output: Output
  readonly tracing: Tracing
  readonly host: Host
  /** What `--config` names. */
  readonly file: string | undefined
}

async function run (gateway: Gateway, read: ReadConfiguration, { output, tracing, host, file }: RunParts): Promise<number> {
  const { loaded } = read
  const { configuration, source } = loaded
  const { flush } = output
  const logger = output.logOf('process')
  const { server, admin } = configuration
  const connections = trackConnections(gateway.app.server)
  const reloads = followConfiguration(read, { gateway, output, terminal: host, file })
  host.onHangup?.(() => {
    output.reopen()
    logger.info({ event: 'outputs.reopened' }, 'SIGHUP: the file of the audit trail, if there is one, is opened anew')
    reloads.ask()
  })
  const problem = await startListening(gateway, loaded)
  if (problem !== undefined) {
    await reloads.close()
    host.stderr(`${problemText(problem)}\n`)
    return exitFailed
  }
  const toRegister = { redirectUris: providersOf(configuration).map((provider) => redirectUriOf(provider, configuration)), postLogoutRedirectUri: signedOutUriOf(configuration) }
  logger.info({ event: 'started', config: source, listen: server.listen, admin: admin.listen, publicUrl: server.publicUrl, ...toRegister }, `Doorward serves ${server.publicUrl}`)
  const times = (): Configuration['server'] => reloads.current().server
  await host.untilStopped(() => times().drainDelay + times().drainTimeout + closingMilliseconds, async ({ signal, err }) => {
    if (err !== undefined) logger.fatal({ event: 'crashed', err }, 'unexpected error')
    logger.info({ event: 'stopping', signal }, 'stopping')
    gateway.readiness.drain()
    await reloads.close()
    const { drainDelay, drainTimeout } = times()
    const cut = await drain(async () => {
      logger.info({ event: 'closing' }, 'no new connections are taken')
      await gateway.app.close()
      // Other signals come from a person, or from Doorward itself: nobody is told by them to send people elsewhere.
    }, connections, { delay: signal === 'SIGTERM' ? drainDelay : 0, timeout: drainTimeout })
    await gateway.admin.close()
    await tracing.close()
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
