import { resolve } from 'node:path'
import { type Configuration, settings } from '../config/index.ts'
import { type Audit, createAudit, createLogger, createLogs, createPseudonyms, type Destination, type DroppedLines, type Logger, type Logs, openDestination, type Pseudonyms } from '../observability/index.ts'
import { errorCode } from './configuration.ts'
import { type Terminal } from './terminal.ts'

/** What a running gateway writes, and where. */
export interface Output {
  readonly logOf: Logs
  readonly audit: Audit
  readonly droppedLines: () => DroppedLines
  /** From now on levels and pseudonyms are these. */
  configure (settings: Pick<Configuration, 'log' | 'audit'>): void
  /** After a file was moved away: what comes next goes to a new one of its name. */
  reopen (): void
  flush (): Promise<void>
}

/** @throws where the file of the audit trail can't be opened */
export function openOutput ({ log, audit }: Pick<Configuration, 'log' | 'audit'>, host: Terminal): Output {
  const stdout = openDestination('stdout', {
    onFailed (error) { host.stderr(`standard output can’t be written to (${errorCode(error)})\n`) },
    onResumed (lines) { tellResumed(logOf('process'), { event: 'log.resumed', lines }, 'standard output') }
  })
  // Whoever can fill the log must not crowd the audit trail out.
  const logger: Logger = createLogger({ ...log, isTerminal: host.isTerminal, secretPaths: settings.filter(({ secret }) => secret).map(({ path }) => path) }, { write: (line) => { stdout.write(line, 'expendable') } })
  const logOf = createLogs(logger, log.levels)
  const trail = audit.destination === 'stdout' ? stdout : openTrail(resolve(host.cwd, audit.destination), logOf('audit'))
  let pseudonyms = pseudonymsOf(audit)
  return {
    logOf,
    audit: createAudit((line) => { trail.write(line) }, Date.now, (entry) => pseudonyms(entry)),
    droppedLines: () => ({ stdout: stdout.dropped(), audit: trail === stdout ? 0 : trail.dropped() }),
    configure (next) {
      logOf.setLevels(next.log.level, next.log.levels)
      pseudonyms = pseudonymsOf(next.audit)
    },
    reopen () { trail.reopen() },
    async flush () {
      // The trail first: what it has to say about itself goes to the log.
      await trail.flush()
      await stdout.flush()
    }
  }
}

function pseudonymsOf ({ pseudonymize, pseudonymKey }: Configuration['audit']): Pseudonyms {
  return pseudonymize && pseudonymKey !== undefined ? createPseudonyms(pseudonymKey) : (entry) => entry
}

function openTrail (file: string, log: Logger): Destination {
  return openDestination(file, {
    onFailed (err) { log.error({ event: 'audit.failed', file, err }, 'the audit trail can’t be written; lines are kept in memory, up to 16 MiB') },
    onResumed (lines) { tellResumed(log, { event: 'audit.resumed', file, lines }, 'the audit trail') }
  })
}

/** @param resumed with how many lines of it are gone for good */
function tellResumed (log: Logger, resumed: { readonly event: string, readonly file?: string, readonly lines: number }, what: string): void {
  if (resumed.lines === 0) log.info(resumed, `${what} is written again, and nothing of it was lost`)
  else log.warn(resumed, `${what} is written again, and lines of it were lost`)
}
