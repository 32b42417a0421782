import { isAbsent, type ReadFile, unreadable } from './files.ts'
import { type ConfigurationProblem } from './report.ts'

const usualPlaces = ['doorward.yaml', '/etc/doorward/doorward.yaml']

/** The configuration file, none (the environment alone is enough), or why the file can't be used. */
export type Located =
  | { readonly name: string, readonly text: string }
  | { readonly problem: ConfigurationProblem }
  | undefined

/** Looks where the flag says, else where the variable says, else in the usual places. A file that is named must be there. */
export function locate (flag: string | undefined, variable: string | undefined, readFile: ReadFile): Located {
  if (flag !== undefined) return named(flag, '--config', readFile)
  if (variable !== undefined) return named(variable, 'DOORWARD_CONFIG', readFile)
  for (const name of usualPlaces) {
    try {
      return { name, text: readFile(name) }
    } catch (error) {
      if (!isAbsent(error)) return { problem: { place: { source: name }, message: unreadable(name, error) } }
    }
  }
  return undefined
}

function named (name: string, source: string, readFile: ReadFile): Located {
  if (name === '') return { problem: { place: { source }, message: 'is empty; expected the path of a file' } }
  try {
    return { name, text: readFile(name) }
  } catch (error) {
    return { problem: { place: { source }, message: unreadable(name, error) } }
  }
}
