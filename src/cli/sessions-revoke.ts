import { AdminRequestError, askAdmin } from './admin-request.ts'
import { exitInvalidConfiguration, readConfiguration } from './configuration.ts'
import { type Terminal } from './terminal.ts'

const exitCodes = { done: 0, failed: 1, usage: 2 } as const

interface RevokeArguments {
  readonly user?: string | undefined
  readonly sub?: string | undefined
  readonly sid?: string | undefined
  readonly session?: string | undefined
  readonly provider?: string | undefined
  readonly config?: string | undefined
}

/** `doorward sessions revoke`: tells the running Doorward to end the sessions of somebody, or one of them. */
export async function revokeSessions ({ config, provider, ...named }: RevokeArguments, terminal: Terminal): Promise<number> {
  const [given, ...more] = Object.entries(named).filter(([, value]) => value !== undefined)
  if (given === undefined || more.length > 0) return fail(terminal, 'expected one of --user, --sub, --sid and --session', exitCodes.usage)
  const [name, value] = given
  if (provider !== undefined && name !== 'sub' && name !== 'sid') return fail(terminal, `--provider needs --sub or --sid, since --${name} is about all of them`, exitCodes.usage)

  const loaded = await readConfiguration(config, terminal)
  if (loaded === undefined) return exitInvalidConfiguration
  try {
    await askAdmin(loaded.configuration.admin, '/api/sessions/revoke', { [name]: value, provider })
    terminal.stdout(`revoked: ${name} ${value}\n`)
    return exitCodes.done
  } catch (error) {
    if (error instanceof AdminRequestError) return fail(terminal, error.message, exitCodes.failed)
    throw error
  }
}

function fail (terminal: Terminal, problem: string, exitCode: number): number {
  terminal.stderr(`doorward sessions revoke: ${problem}\n`)
  return exitCode
}
