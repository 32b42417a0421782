import { resolve } from 'node:path'
import { readDocument } from './document.ts'
import { draftFrom } from './draft.ts'
import { type Environment, readEnvironment } from './environment.ts'
import { type ReadFile, readTextFile } from './files.ts'
import { judge } from './judge.ts'
import { locate } from './locate.ts'
import { type Path } from './path.ts'
import { type ConfigurationProblem, inOrder } from './report.ts'
import { type Configuration } from './schema.ts'
import { warningsFor } from './warnings.ts'

interface LoadOptions {
  /** The file that `--config` names; without it the usual places are searched, and none is needed. */
  readonly file?: string | undefined
  readonly environment: Environment
  /** Where relative paths begin, those of secrets and certificates too. */
  readonly cwd?: string
  /** Reads a file by its path as it was given; default: the disk, at most 1 MiB. */
  readonly readFile?: ReadFile
}

export type LoadOutcome =
  | {
    readonly ok: true
    /** Complete and frozen, all the way down. */
    readonly configuration: Configuration
    /** What is valid and still should be known to whoever runs this. */
    readonly warnings: readonly string[]
    /** The file, or `environment`. */
    readonly source: string
    /** What another part finds wrong with a setting, told where the setting comes from. */
    readonly problemWith: (setting: Path, message: string) => ConfigurationProblem
  }
  | {
    readonly ok: false
    /** All of them, from the top of the file to its end, then the environment. */
    readonly problems: readonly ConfigurationProblem[]
  }

/** Reads the configuration from file, environment and secret files. Never throws: what is wrong is in the outcome. */
export function loadConfiguration ({ file, environment, cwd = '.', readFile = (path) => readTextFile(resolve(cwd, path)) }: LoadOptions): LoadOutcome {
  const located = locate(file, environment['DOORWARD_CONFIG'], readFile)
  if (located !== undefined && 'problem' in located) return refused([located.problem, ...readEnvironment(environment).problems])

  const document = located && readDocument(located.name, located.text)
  if (document?.broken) return refused([...document.problems, ...readEnvironment(environment).problems])

  const draft = draftFrom(document, environment, readFile)
  const verdict = judge(draft, readFile)
  if ('problems' in verdict) return refused(verdict.problems)
  const { configuration } = verdict
  return {
    ok: true,
    configuration: frozen(configuration),
    warnings: warningsFor(configuration),
    source: located?.name ?? 'environment',
    problemWith: (setting, message) => draft.problemAt(setting, 'value', message)
  }
}

function refused (problems: readonly ConfigurationProblem[]): LoadOutcome {
  return { ok: false, problems: inOrder(problems) }
}

function frozen<T> (value: T): T {
  // JavaScript can't freeze bytes.
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  Object.values(value).forEach(frozen)
  return Object.freeze(value)
}
