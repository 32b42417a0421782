/**
 * What is built once and outlives every configuration: what was counted, written down and promised must not be lost
 * because another configuration is put in place. A part of the composition root.
 */
import { createReadiness, type Readiness } from './admin/index.ts'
import { createOwnKeys, type OwnKeys } from './assertion/index.ts'
import { type Configuration, providersOf } from './config/index.ts'
import { type Audit, createCountedAudit, createMetrics, type DroppedLines, type Logs, type Metrics } from './observability/index.ts'
import { createProviderMemories, createRefreshMemory, type ProviderMemories, type ProxySettings, type RefreshMemory } from './oidc/index.ts'
import { buildLastingState, type LastingState } from './session-state.ts'

export interface GatewayParts {
  readonly logOf: Logs
  readonly audit: Audit
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Of what is written: since the start. */
  readonly droppedLines?: (() => DroppedLines) | undefined
  /** Of Doorward: told to those who watch it. */
  readonly version: string
  /** Between Doorward and the providers. */
  readonly proxy?: ProxySettings | undefined
}

export interface Lasting extends Pick<GatewayParts, 'logOf' | 'audit' | 'now' | 'proxy'> {
  readonly metrics: Metrics
  readonly readiness: Readiness
  readonly state: LastingState
  readonly providers: ProviderMemories
  readonly refreshes: RefreshMemory
  readonly ownKeys: OwnKeys
}

/** @param configuration the first; where something of it can't be exchanged, it holds for the process (docs/reload.md) */
export function buildLasting (configuration: Configuration, { logOf, audit: trail, now, droppedLines, version, proxy }: GatewayParts): Lasting {
  const metrics = createMetrics({ version, now, droppedLines })
  const readiness = createReadiness(dependenciesOf(configuration), now, configuration.session.redis.url === undefined ? [] : [sessionStore])
  const state = buildLastingState(configuration, {
    logger: logOf('sessions'),
    now,
    onAsked (isUp, reason) {
      metrics.sessionStoreAsked(isUp)
      readiness.asked(sessionStore, isUp, reason)
    },
    onFailed: metrics.sessionStoreFailed
  })
  return { logOf, audit: createCountedAudit(trail, metrics), now, proxy, metrics, readiness, state, providers: createProviderMemories(now), refreshes: createRefreshMemory(), ownKeys: createOwnKeys() }
}

/** As `/readyz` names it. */
const sessionStore = 'session-store'

/** As `/readyz` names a provider. */
export function dependencyOf (provider: string): string {
  return `provider:${provider}`
}

/** Of the providers one is enough to be ready. */
export function dependenciesOf (configuration: Configuration): string[][] {
  return [providersOf(configuration).map(({ id }) => dependencyOf(id))]
}
