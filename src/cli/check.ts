import { loadConfiguration, type LoadOutcome, problemText } from '../config/index.ts'
import { type Terminal } from './terminal.ts'

/** EX_CONFIG of sysexits.h. */
const exitInvalidConfiguration = 78

interface CheckArguments {
  readonly config?: string | undefined
}

/** `doorward check`: reads file and environment and prints everything that is wrong. */
export async function check ({ config }: CheckArguments, terminal: Terminal): Promise<number> {
  const outcome = loadConfiguration({ file: config, environment: terminal.environment, cwd: terminal.cwd })
  terminal.stderr(outcomeText(outcome))
  if (!outcome.ok) return exitInvalidConfiguration
  terminal.stdout(`${outcome.source} is valid\n`)
  return 0
}

/** The problems of a configuration, or its warnings, a line for each. */
function outcomeText (outcome: LoadOutcome): string {
  const lines = outcome.ok ? outcome.warnings.map((warning) => `warning: ${warning}`) : outcome.problems.map(problemText)
  return lines.map((line) => `${line}\n`).join('')
}
