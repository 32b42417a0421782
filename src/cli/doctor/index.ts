/**
 * `doorward doctor`: goes where Doorward will go, and says what would keep people from signing in, and what to do about
 * it, before anybody tries.
 *
 * Owns the checks, their order, and the report. It does not own how a provider is spoken to (oidc/), how Redis is
 * (sessions/), nor what makes a configuration invalid (config/): nothing is done here in another way than by the gateway.
 */
import { providersOf, upstreamsOf } from '../../config/index.ts'
import { proxyFrom } from '../../oidc/index.ts'
import { redisSettings } from '../../session-state.ts'
import { exitInvalidConfiguration, type LoadedConfiguration, readConfiguration } from '../configuration.ts'
import { printedJson } from '../printed-json.ts'
import { type Terminal } from '../terminal.ts'
import { type Section } from './check.ts'
import { ownSection } from './own.ts'
import { providerSection } from './provider.ts'
import { redisSection } from './redis.ts'
import { printReport, reportOf } from './report.ts'
import { upstreamSection } from './upstream.ts'

const exitCodes = { good: 0, failed: 1, usage: 2 } as const

interface DoctorArguments {
  readonly config?: string | undefined
  /** Id of the only provider to look at, and nothing else. */
  readonly provider?: string | undefined
  readonly json?: boolean | undefined
}

/** Looks at everything at once, and tells it in order. */
export async function doctor ({ config, provider, json }: DoctorArguments, terminal: Terminal): Promise<number> {
  const loaded = await readConfiguration(config, terminal)
  if (loaded === undefined) return exitInvalidConfiguration
  const ids = providersOf(loaded.configuration).map(({ id }) => id)
  if (provider !== undefined && !ids.includes(provider)) {
    terminal.stderr(`doorward doctor: expected --provider, one of ${ids.join(', ')}\n`)
    return exitCodes.usage
  }
  const sections = await sectionsOf(loaded, provider, terminal)
  if (json !== true) await printReport(sections, terminal)
  const report = await reportOf(sections)
  if (json === true) terminal.stdout(printedJson(report))
  return report.outcome === 'failed' ? exitCodes.failed : exitCodes.good
}

async function sectionsOf (loaded: LoadedConfiguration, only: string | undefined, terminal: Terminal): Promise<readonly Section[]> {
  const { configuration } = loaded
  const parts = { proxy: proxyFrom(terminal.environment), now: Date.now }
  const chosen = providersOf(configuration).filter(({ id }) => only === undefined || id === only)
  const providers = await Promise.all(chosen.map((provider) => providerSection(provider, configuration, parts)))
  if (only !== undefined) return providers
  const redis = redisSettings(configuration)
  return [
    ownSection(loaded),
    ...providers,
    ...redis === undefined ? [] : [redisSection(redis, parts.now)],
    ...upstreamsOf(configuration).map((upstream) => upstreamSection(upstream, parts.now))
  ]
}
