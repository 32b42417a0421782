/** Where an administrator has to look: a line of a file, or what the source is called, such as a variable. */
export interface Place {
  readonly source: string
  readonly line?: number
  readonly column?: number
}

/** One thing that is wrong with a configuration. Never holds the value of a secret. */
export interface ConfigurationProblem {
  readonly place: Place
  /** The setting as people write it: `session.idleTimeout`. Absent where no setting is concerned. */
  readonly setting?: string
  /** What is wrong, and what was expected. */
  readonly message: string
}

/** One line: `FILE:LINE:COL setting: what is wrong, what was expected`; without a line, the name of the source. */
export function problemText ({ place, setting, message }: ConfigurationProblem): string {
  const where = place.line === undefined ? place.source : `${place.source}:${place.line}:${place.column ?? 1}`
  return `${[where, setting].filter((part) => part !== undefined).join(' ')}: ${message}`
}

/** The file from top to bottom, then the environment by name. */
export function inOrder (problems: readonly ConfigurationProblem[]): ConfigurationProblem[] {
  return problems.toSorted(({ place: a }, { place: b }) =>
    (a.line ?? Infinity) - (b.line ?? Infinity) || (a.column ?? 0) - (b.column ?? 0) || compare(a.source, b.source))
}

function compare (a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
