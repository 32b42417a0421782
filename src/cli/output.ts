import { resolve } from 'node:path'
import { type Configuration, settings } from '../config/index.ts'
import { type Audit, createAudit, createLogger, createLogs, createPseudonyms, type Destination, type DroppedLines, type Logger, type Logs, openDestination } from '../observability/index.ts'
import { errorCode } from './configuration.ts'
import { type Terminal } from './terminal.ts'

/** What a running gateway writes, and where. */
export interface Output {
  readonly logger: Logger
  readonly logOf: Logs
  readonly audit: Audit
  readonly droppedLines: () => DroppedLines
  /** After a file was moved away: what comes next goes to a new one of its name. */
  reopen (): void
  flush (): Promise<void>
}

/** @throws where the file of the audit trail can't be opened */
export function openOutput ({ log, audit }: Pick<Configuration, 'log' | 'audit'>, host: Terminal): Output {
  const stdout = openDestination('stdout', {
    onFailed (error) { host.stderr(`standard output can’t be written to (${errorCode(error)})\n`) },
    onResumed (lines) { logOf('process').warn({ event: 'log.resumed', lines }, 'lines for standard output were lost') }
  })
  // Whoever can fill the log must not crowd the audit trail out.
  const logger: Logger = createLogger({ ...log, isTerminal: host.isTerminal, secretPaths: settings.filter(({ secret }) => secret).map(({ path }) => path) }, { write: (line) => { stdout.write(line, 'expendable') } })
  const logOf = createLogs(logger, log.levels)
  const trail = audit.destination === 'stdout' ? stdout : openTrail(resolve(host.cwd, audit.destination), logOf('audit'))
  const pseudonyms = audit.pseudonymize && audit.pseudonymKey !== undefined ? createPseudonyms(audit.pseudonymKey) : undefined
  return {
    logger,
    logOf,
    audit: createAudit((line) => { trail.write(line) }, Date.now, pseudonyms),
    droppedLines: () => ({ stdout: stdout.dropped(), audit: trail === stdout ? 0 : trail.dropped() }),
    reopen () { trail.reopen() },
    async flush () {
      // The trail first: what it has to say about itself goes to the log.
      await trail.flush()
      await stdout.flush()
    }
  }
}

function openTrail (file: string, log: Logger): Destination {
  return openDestination(file, {
    onFailed (err) { log.error({ event: 'audit.failed', err }, 'the audit trail can’t be written') },
    onResumed (lines) { log.warn({ event: 'audit.resumed', lines }, 'lines of the audit trail were lost') }
  })
}
