import { type Configuration, type ConfigurationProblem, problemText } from '../config/index.ts'
import { type Gateway } from '../gateway.ts'
import { type ReloadFailure, type ReloadTrigger } from '../observability/index.ts'
import { loadForUse, type LoadedConfiguration } from './configuration.ts'
import { changedSettings, needRestart } from './configuration-changes.ts'
import { watchFiles } from './file-watch.ts'
import { changedFiles, type FilesRead, recordFiles } from './files-read.ts'
import { type Output } from './output.ts'
import { type Terminal } from './terminal.ts'

export interface ReloadParts {
  readonly gateway: Pick<Gateway, 'reload' | 'metrics'>
  readonly output: Output
  readonly terminal: Terminal
  /** What `--config` names. */
  readonly file: string | undefined
}

/** What is in place, and the files that it was read from. */
export interface ReadConfiguration {
  readonly loaded: LoadedConfiguration
  readonly files: FilesRead
}

export interface Reloads {
  /** Somebody asks for it, by a signal. */
  ask (): void
  /** What is in place. */
  current (): Configuration
  /** Reads nothing any more. Resolves when what is under way is over. */
  close (): Promise<void>
}

/** What became of a configuration that was read. */
type Outcome =
  | { readonly isInPlace: true, readonly source: string, readonly settings: readonly string[], readonly files: readonly string[], readonly warnings: readonly string[] }
  | { readonly isInPlace: false, readonly reason: ReloadFailure, readonly problems: readonly ConfigurationProblem[] }

/** Puts configurations in place as they change, whole or not at all, one at a time. */
export function followConfiguration (first: ReadConfiguration, { gateway, output, terminal, file }: ReloadParts): Reloads {
  const log = output.logOf('config')
  let current = first
  let underWay: Promise<void> | undefined
  let asked: ReloadTrigger | undefined
  let isClosed = false
  const watch = watchFiles({
    cwd: terminal.cwd,
    onChange () { begin('file') },
    onUnwatched (folder, err) { log.warn({ event: 'config.unwatched', folder, err }, 'changes of files there are not noticed; SIGHUP is') }
  })

  /** What is asked for while one is under way comes after it, once: that one may have read what was there before. */
  function begin (trigger: ReloadTrigger): void {
    if (isClosed) return
    if (underWay !== undefined) {
      asked ??= trigger
      return
    }
    underWay = reload(trigger).finally(() => {
      underWay = undefined
      const next = asked
      asked = undefined
      if (next !== undefined) begin(next)
    })
  }

  /** Never rejects. */
  async function reload (trigger: ReloadTrigger): Promise<void> {
    const files = recordFiles(terminal.cwd, current.files)
    const outcome = await put(files).catch(unusable)
    // Also those of a configuration that is refused: what is missing may come.
    follow(files)
    tell(trigger, outcome)
  }

  /** @throws where a valid configuration can't be put in place */
  async function put (files: FilesRead): Promise<Outcome> {
    const loaded = await loadForUse(file, terminal, files.readFile)
    if (!loaded.ok) return { isInPlace: false, reason: 'config_invalid', problems: loaded.problems }
    const { configuration, source, problemWith } = loaded
    const before = current
    const changes = changedSettings(before.loaded.configuration, configuration)
    const changed = changedFiles(before.files, files)
    const fixed = needRestart(changes, configuration, changed)
    if (fixed.length > 0) return { isInPlace: false, reason: 'restart_needed', problems: fixed.map(({ keys, reason }) => problemWith(keys, `needs a restart: ${reason}`)) }
    await gateway.reload(configuration)
    current = { loaded, files }
    output.configure(configuration)
    const warnings = loaded.warnings.filter((warning) => !before.loaded.warnings.includes(warning))
    return { isInPlace: true, source, settings: changes.map(({ name }) => name), files: changed, warnings }
  }

  function unusable (err: unknown): Outcome {
    log.error({ event: 'config.unusable', err }, 'the configuration is valid and can’t be put in place')
    return { isInPlace: false, reason: 'setup_error', problems: [] }
  }

  function tell (trigger: ReloadTrigger, outcome: Outcome): void {
    gateway.metrics.reloaded(outcome.isInPlace)
    if (!outcome.isInPlace) {
      const { reason } = outcome
      const problems = outcome.problems.map(problemText)
      output.audit.record({ event: 'config.reload', outcome: 'failure', reason, metadata: { trigger, problems } })
      log.error({ event: 'config.rejected', trigger, reason, problems }, 'the configuration was not put in place; the one before goes on')
      return
    }
    const { source, settings, files, warnings } = outcome
    for (const warning of warnings) log.warn({ event: 'config.warning' }, warning)
    const told = { trigger, settings, files: [...files] }
    output.audit.record({ event: 'config.reload', outcome: 'success', metadata: told })
    log.info({ event: 'config.reloaded', config: source, ...told }, 'another configuration is in place')
  }

  function follow (files: FilesRead): void {
    if (isClosed || current.loaded.configuration.server.reload !== 'auto') watch.close()
    else watch.follow(files)
  }

  follow(first.files)
  return {
    ask () { if (current.loaded.configuration.server.reload !== 'off') begin('signal') },
    current: () => current.loaded.configuration,
    async close () {
      isClosed = true
      watch.close()
      await underWay
    }
  }
}
