import { type Conflict } from './conflict.ts'
import { checkTogether } from './conflicts.ts'
import { type Draft } from './draft.ts'
import { type ReadFile } from './files.ts'
import { type Fault, faultsOf, wordsFor } from './issues.ts'
import { isRequired, schemaAt } from './json-schema.ts'
import { isTree, type Path, pathFrom, pathText, putAt, removeAt, type Tree, valueAt } from './path.ts'
import { pemFaults } from './pem-files.ts'
import { type ConfigurationProblem } from './report.ts'
import { type Configuration, configurationSchema } from './schema.ts'

export type Verdict =
  | { readonly configuration: Configuration }
  | { readonly problems: readonly ConfigurationProblem[] }

/** Checks the draft against the schema, the files that it names, and itself; tells everything that is wrong at once. */
export function judge (draft: Draft, readFile: ReadFile): Verdict {
  const { faults, whole } = examine(draft.value)
  const known = new Set(draft.problems.map(({ setting }) => setting))
  const problems = [
    ...draft.problems,
    // A variable that could not be read leaves its setting missing, which need not be told as well.
    ...faults.filter(({ path }) => !known.has(pathText(path))).map(({ path, part, message }) => draft.problemAt(path, part, message)),
    ...pemFaults(draft.value, readFile).map(({ path, message }) => draft.problemAt(path, 'value', message))
  ]
  const conflicts = whole === undefined ? [] : checkTogether(whole).filter((conflict) => !isDoubtful(conflict, problems))
  problems.push(...conflicts.map((conflict) => draft.problemAt(pathOf(conflict, draft.value), 'value', conflict.message)))
  return whole !== undefined && problems.length === 0 ? { configuration: whole } : { problems }
}

/**
 * What the schema does not accept, and the configuration without it. A section that holds a wrong value is not checked
 * as a whole, so what is wrong is taken out, defaults and stand-ins take its place, and the rest is checked again.
 */
function examine (value: Tree): { faults: readonly Fault[], whole?: Configuration } {
  const rest = structuredClone(value)
  const faults: Fault[] = []
  for (let round = 0; round < 4; round++) {
    const parsed = configurationSchema.safeParse(rest, { error: wordsFor })
    if (parsed.success) return { faults, whole: parsed.data }
    const found = faultsOf(parsed.error.issues, rest)
    faults.push(...found.filter((fault) => !faults.some((earlier) => isConsequence(fault, earlier, rest))))
    for (const { path } of found) replace(rest, path)
  }
  return { faults }
}

/** Within what is known to be wrong; or a map that is empty because of what was taken out, and that nobody has left so. */
function isConsequence ({ path }: Fault, earlier: Fault, rest: Tree): boolean {
  const map = valueAt(rest, path)
  return isWithin(path, earlier.path) || (isWithin(earlier.path, path) && isTree(map) && Object.keys(map).length === 0)
}

function isWithin (path: Path, above: Path): boolean {
  return above.every((key, index) => path[index] === key)
}

function replace (value: Tree, path: Path): void {
  if (!isRequired(path)) {
    removeAt(value, path)
    return
  }
  const isSection = schemaAt(path)?.properties !== undefined
  putAt(value, path, isSection ? {} : 'https://stand-in.invalid')
}

/** True where one of the settings is wrong by itself (`session`, `session.secretFile`): what it was meant to be is not known. */
function isDoubtful ({ settings }: Conflict, problems: readonly ConfigurationProblem[]): boolean {
  return problems.some(({ setting }) => setting !== undefined &&
    settings.some((concerned) => setting.startsWith(concerned) || concerned.startsWith(setting)))
}

/** The first of the settings that was given; the others are at their defaults. */
function pathOf ({ settings }: Conflict, value: Tree): Path {
  const paths = settings.map(pathFrom)
  return paths.find((path) => valueAt(value, path) !== undefined) ?? paths[0] ?? []
}
