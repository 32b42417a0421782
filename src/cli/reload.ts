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
    const files = recordFiles(terminal.cwd)
    const loaded = await loadForUse(file, terminal, files.readFile)
    const changed = changedFiles(current.files, files)
    // Also of one that is refused: what is missing may come.
    follow(files)
    if (!loaded.ok) refuse(trigger, 'config_invalid', loaded.problems)
    else await put({ loaded, files }, trigger, changed)
  }

  async function put (next: ReadConfiguration, trigger: ReloadTrigger, files: readonly string[]): Promise<void> {
    const { configuration, source, problemWith, warnings } = next.loaded
    const changes = changedSettings(current.loaded.configuration, configuration)
    const fixed = needRestart(changes, configuration, files)
    if (fixed.length > 0) {
      refuse(trigger, 'restart_needed', fixed.map(({ keys, reason }) => problemWith(keys, `needs a restart: ${reason}`)))
      return
    }
    try {
      await gateway.reload(configuration)
    } catch (err) {
      log.error({ event: 'config.unusable', err }, 'the configuration is valid and can’t be put in place')
      refuse(trigger, 'setup_error', [])
      return
    }
    output.configure(configuration)
    for (const warning of warnings.filter((text) => !current.loaded.warnings.includes(text))) log.warn({ event: 'config.warning' }, warning)
    current = next
    follow(next.files)
    gateway.metrics.reloaded(true)
    const told = { trigger, settings: changes.map(({ name }) => name), files: [...files] }
    output.audit.record({ event: 'config.reload', outcome: 'success', metadata: told })
    log.info({ event: 'config.reloaded', config: source, ...told }, 'another configuration is in place')
  }

  function refuse (trigger: ReloadTrigger, reason: ReloadFailure, problems: readonly ConfigurationProblem[]): void {
    gateway.metrics.reloaded(false)
    const texts = problems.map(problemText)
    output.audit.record({ event: 'config.reload', outcome: 'failure', reason, metadata: { trigger, problems: texts } })
    log.error({ event: 'config.rejected', trigger, reason, problems: texts }, 'the configuration was not put in place; the one before goes on')
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
