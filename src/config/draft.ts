import { type ConfigurationDocument } from './document.ts'
import { type Environment, readEnvironment } from './environment.ts'
import { type ReadFile } from './files.ts'
import { type Path, pathText, putAt, type Tree } from './path.ts'
import { type ConfigurationProblem, type Place } from './report.ts'
import { readSecretFiles } from './secret-files.ts'
import { settings, settleSections } from './settings.ts'

/** A configuration as it was given, before it is judged: file, environment and secret files put together. */
export interface Draft {
  readonly value: Tree
  /** What could not even be put together. */
  readonly problems: readonly ConfigurationProblem[]
  /** The problem with the setting at the path, told where the setting comes from. */
  problemAt (path: Path, part: 'key' | 'value', message: string): ConfigurationProblem
}

/** The environment wins over the file; then the secrets are read for which either of them names a file. */
export function draftFrom (document: ConfigurationDocument | undefined, environment: Environment, readFile: ReadFile): Draft {
  const { overrides, problems } = readEnvironment(environment)
  const value = document?.value ?? {}
  for (const { keys, value: given } of overrides) putAt(value, keys, given)
  settleSections(value)

  const variables = new Map(overrides.map(({ keys, variable }) => [pathText(keys), variable]))
  const filePaths = new Map<string, Path>()
  const problemAt: Draft['problemAt'] = (path, part, message) => {
    const given = closest(filePaths, path) ?? path
    const variable = closest(variables, given)
    const place = variable === undefined ? document?.placeOf(given, part) ?? variableFor(given) : { source: variable }
    return { place, setting: pathText(given), message }
  }

  const secretProblems: ConfigurationProblem[] = []
  for (const { filePath, secretPath, reading } of readSecretFiles(value, readFile)) {
    if ('fault' in reading) {
      secretProblems.push(problemAt(filePath, 'value', reading.fault))
      continue
    }
    filePaths.set(pathText(secretPath), filePath)
    putAt(value, secretPath, reading.value)
  }
  return { value, problems: [...document?.problems ?? [], ...problems, ...secretProblems], problemAt }
}

/** What is known of the path, or else of the nearest section, list or map around it. */
function closest<T> (known: ReadonlyMap<string, T>, path: Path): T | undefined {
  const lengths = path.map((_, index) => path.length - index)
  return lengths.map((length) => known.get(pathText(path.slice(0, length)))).find((found) => found !== undefined)
}

/** Without a file, the place to look at is the variable that would give the setting. */
function variableFor (path: Path): Place {
  const text = pathText(path)
  return { source: settings.find((setting) => setting.path === text)?.variable ?? 'environment' }
}
