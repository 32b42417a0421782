import { exitInvalidConfiguration, readConfiguration } from './configuration.ts'
import { type Terminal } from './terminal.ts'

interface CheckArguments {
  readonly config?: string | undefined
}

/** `doorward check`: reads file and environment and prints everything that is wrong. */
export async function check ({ config }: CheckArguments, terminal: Terminal): Promise<number> {
  const loaded = await readConfiguration(config, terminal)
  if (loaded === undefined) return exitInvalidConfiguration
  for (const warning of loaded.warnings) terminal.stderr(`warning: ${warning}\n`)
  terminal.stdout(`${loaded.source} is valid\n`)
  return 0
}
