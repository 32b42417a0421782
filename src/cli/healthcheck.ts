import { AdminRequestError, readAdmin } from './admin-request.ts'
import { exitInvalidConfiguration, readConfiguration } from './configuration.ts'
import { type Terminal } from './terminal.ts'

/** As Docker's HEALTHCHECK has it. */
const exitCodes = { healthy: 0, unhealthy: 1 } as const

/** `doorward healthcheck`: whether the Doorward that runs with this configuration lives or, with `--ready`, should be sent people. */
export async function healthcheck ({ ready, config }: { readonly ready: boolean, readonly config?: string | undefined }, terminal: Terminal): Promise<number> {
  const loaded = await readConfiguration(config, terminal)
  if (loaded === undefined) return exitInvalidConfiguration
  try {
    const { status, body } = await readAdmin(loaded.configuration.admin, ready ? '/readyz' : '/livez')
    terminal.stdout(`${JSON.stringify(body)}\n`)
    return status === 200 ? exitCodes.healthy : exitCodes.unhealthy
  } catch (error) {
    if (!(error instanceof AdminRequestError)) throw error
    terminal.stderr(`doorward healthcheck: ${error.message}\n`)
    return exitCodes.unhealthy
  }
}
