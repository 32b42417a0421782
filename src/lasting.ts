/**
 * What is built once and outlives every configuration: what was counted, written down and promised must not be lost
 * because another configuration is put in place. A part of the composition root.
 */
import { createReadiness, type Readiness } from './admin/index.ts'
import { createOwnKeys, type OwnKeys } from './assertion/index.ts'
import { type Configuration } from './config/index.ts'
import { dependenciesOf, sessionStore } from './dependencies.ts'
import { type ClientRateMemory, createClientRateMemory, createRefusals, type EventLoop, type Refusals, watchEventLoop } from './limits/index.ts'
import { type Audit, createCountedAudit, createMetrics, createTracedAudit, type DroppedLines, type Logs, type Metrics, noTracing, type Tracing } from './observability/index.ts'
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
  /** Default: none. Whoever hands it over closes it. */
  readonly tracing?: Tracing | undefined
  /** Between Doorward and the providers. */
  readonly proxy?: ProxySettings | undefined
}

export interface Lasting extends Pick<GatewayParts, 'logOf' | 'audit' | 'now' | 'proxy'> {
  readonly tracing: Tracing
  readonly metrics: Metrics
  readonly readiness: Readiness
  readonly state: LastingState
  readonly providers: ProviderMemories
  readonly refreshes: RefreshMemory
  readonly ownKeys: OwnKeys
  readonly clientRates: ClientRateMemory
  readonly eventLoop: EventLoop
  readonly onRefused: Refusals
  close (): void
}

/** @param configuration the first; where something of it can't be exchanged, it holds for the process (docs/reload.md) */
export async function buildLasting (configuration: Configuration, { logOf, audit: trail, now, droppedLines, version, tracing = noTracing, proxy }: GatewayParts): Promise<Lasting> {
  const metrics = createMetrics({ version, now, droppedLines })
  const readiness = createReadiness(dependenciesOf(configuration), now)
  const state = await buildLastingState(configuration, {
    logger: logOf('sessions'),
    now,
    onAsked (isUp, reason) {
      metrics.sessionStoreAsked(isUp)
      readiness.asked(sessionStore, isUp, reason)
    },
    onFailed: metrics.sessionStoreFailed
  })
  const eventLoop = watchEventLoop()
  return {
    logOf,
    audit: createCountedAudit(createTracedAudit(trail, tracing), metrics),
    now,
    proxy,
    tracing,
    metrics,
    readiness,
    state,
    providers: createProviderMemories(now),
    refreshes: createRefreshMemory(),
    ownKeys: createOwnKeys(),
    clientRates: createClientRateMemory(),
    eventLoop,
    onRefused: createRefusals({ onRefused: metrics.requestRefused, logger: logOf('server'), now }),
    close () {
      eventLoop.close()
      state.storage.close()
    }
  }
}
