import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { type LoginFailure, type LogoutInitiator, type RevocationReason } from './audit.ts'
import { boundsInSeconds } from './durations.ts'
import { createRequestCounts, type RequestKind } from './request-counts.ts'
import { createUpstreamCounts, type UpstreamMetrics } from './upstream-counts.ts'

const refusalReasons = ['requests', 'lag', 'rate'] as const

/** `requests`: too many at a time. `lag`: the event loop is behind. `rate`: too many of one client. */
export type RefusalReason = (typeof refusalReasons)[number]

/** What a provider is asked for; `par`: pushed authorization requests, `other`: such as groups. */
export type ProviderEndpoint = 'discovery' | 'keys' | 'token' | 'userinfo' | 'introspection' | 'revocation' | 'par' | 'other'

const refreshResults = ['success', 'rejected', 'failed'] as const

/** `rejected`: the session ended. `failed`: the provider could not say, and the session went on as it was. */
export type RefreshResult = (typeof refreshResults)[number]

/** Lines that were lost since nobody took them, by where they were to go. */
export interface DroppedLines {
  readonly stdout: number
  /** The file of `audit.destination`, where it is one. */
  readonly audit: number
}

/** What Doorward counts of its own work. Nothing here fails or waits, and no label holds what a client chose. */
export interface Metrics {
  /** A connection was closed unread, since more are open than may be. */
  connectionRefused (): void
  /** Once for each request whose turn in a pipeline has come. */
  requestBegan (): void
  /** How many are being answered: those that began and have not ended, but for event streams. */
  requestsRunning (): number
  /** One was refused for want of room, or since its client asks too often. */
  requestRefused (reason: RefusalReason): void
  /** Once for each request, when its answer is complete or cut. */
  requestEnded (kind: RequestKind, status: number, milliseconds: number): void
  /** Of these it is told from now on, as zero before anything has happened; not any more whether others are up. @param providers ids */
  configured (providers: readonly string[]): void
  /** Another configuration was to be put in place. */
  reloaded (isSuccess: boolean): void
  /** How many configurations requests run on: one, and those of which not everything has ended that was begun. */
  generations (count: number): void
  /** @param name as the configuration has it */
  upstream (name: string): UpstreamMetrics
  /** The answer to a request has turned out to be one that may never end. */
  streamOpened (): void
  streamClosed (): void
  tunnelOpened (): void
  tunnelClosed (): void
  /** @param failure none where it ended in a session */
  loginEnded (provider: string, failure?: LoginFailure): void
  loggedOut (initiator: LogoutInitiator): void
  sessionsRevoked (reason: RevocationReason): void
  refreshEnded (provider: string, result: RefreshResult): void
  /** A request to the provider, answered or not. */
  providerAnswered (provider: string, endpoint: ProviderEndpoint, milliseconds: number): void
  /** The provider was asked for its metadata. */
  providerAsked (provider: string, isUp: boolean): void
  /** Redis was asked whether it is there. */
  sessionStoreAsked (isUp: boolean): void
  /** An operation there failed or took too long. */
  sessionStoreFailed (): void
  /** Everything, in Prometheus' text format. */
  exposition (): Promise<{ readonly contentType: string, readonly text: string }>
}

interface MetricsParts {
  readonly version: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly droppedLines?: (() => DroppedLines) | undefined
}

export function createMetrics ({ version, now, droppedLines }: MetricsParts): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const requests = createRequestCounts(registry)
  const upstreams = createUpstreamCounts(registry)
  const logins = new Counter({ name: 'doorward_logins_total', help: 'Sign-ins that ended, with a session or without.', labelNames: ['provider', 'outcome', 'reason'], registers })
  const logouts = new Counter({ name: 'doorward_logouts_total', help: 'Sign-outs: of one session by its person, of one or several by the provider or an administrator.', labelNames: ['initiator'], registers })
  const revocations = new Counter({ name: 'doorward_sessions_revoked_total', help: 'Times that somebody else than the person ended sessions, by the way they came.', labelNames: ['reason'], registers })
  const refreshes = new Counter({ name: 'doorward_refreshes_total', help: 'Attempts to refresh the tokens of a session.', labelNames: ['provider', 'outcome'], registers })
  const providerUp = new Gauge({ name: 'doorward_provider_up', help: 'Whether the provider answered when it was last asked for its metadata.', labelNames: ['provider'], registers })
  const providerDurations = new Histogram({ name: 'doorward_provider_request_duration_seconds', help: 'From sending a request to the provider to the end of its answer, or until it failed.', labelNames: ['provider', 'endpoint'], buckets: boundsInSeconds, registers })
  const storeUp = new Gauge({ name: 'doorward_session_store_up', help: 'Whether the Redis of session.redis answered when it was last asked; 1 without one.', registers })
  storeUp.set(1)
  const storeErrors = new Counter({ name: 'doorward_session_store_errors_total', help: 'Operations of Redis that failed or took too long.', registers })
  const refused = new Counter({ name: 'doorward_connections_refused_total', help: 'Connections that were closed unread, since server.maxConnections were open.', registers })
  let running = 0
  const answering = new Gauge({ name: 'doorward_http_requests_running', help: 'Requests that are being answered; event streams are not counted.', registers, collect () { answering.set(running) } })
  const streams = new Gauge({ name: 'doorward_event_streams_open', help: 'Event streams that are open.', registers })
  const refusals = new Counter({ name: 'doorward_requests_refused_total', help: 'Requests that were answered with 503 for want of room, or with 429 since their client asks too often.', labelNames: ['reason'], registers })
  for (const reason of refusalReasons) refusals.inc({ reason }, 0)
  const websockets = new Gauge({ name: 'doorward_websockets_open', help: 'WebSockets that are open.', registers })
  new Gauge({ name: 'doorward_build_info', help: 'Always 1; what runs is in the label.', labelNames: ['version'], registers }).set({ version }, 1)
  const reloads = createReloadState(registry, now)
  const known = new Set<string>()
  for (const initiator of ['user', 'provider', 'admin']) logouts.inc({ initiator }, 0)
  for (const reason of ['backchannel', 'frontchannel', 'refresh_rejected', 'admin']) revocations.inc({ reason }, 0)
  countDroppedLines(registry, droppedLines)
  collectDefaultMetrics({ register: registry })

  return {
    ...reloads,
    configured (providers) {
      for (const provider of known) {
        if (!providers.includes(provider)) providerUp.remove({ provider })
      }
      for (const provider of providers) {
        logins.inc({ provider, outcome: 'success', reason: '' }, 0)
        for (const outcome of refreshResults) refreshes.inc({ provider, outcome }, 0)
        if (!known.has(provider)) providerUp.set({ provider }, 0)
      }
      known.clear()
      for (const provider of providers) known.add(provider)
    },
    connectionRefused () { refused.inc() },
    requestBegan () { running++ },
    requestsRunning: () => running,
    requestRefused (reason) { refusals.inc({ reason }) },
    requestEnded (kind, status, milliseconds) {
      running--
      requests.ended(kind, status, milliseconds)
    },
    upstream: upstreams.of,
    streamOpened () {
      running--
      streams.inc()
    },
    streamClosed () {
      running++
      streams.dec()
    },
    tunnelOpened () { websockets.inc() },
    tunnelClosed () { websockets.dec() },
    loginEnded (provider, failure) { logins.inc({ provider, outcome: failure === undefined ? 'success' : 'failure', reason: failure ?? '' }) },
    loggedOut (initiator) { logouts.inc({ initiator }) },
    sessionsRevoked (reason) { revocations.inc({ reason }) },
    refreshEnded (provider, outcome) { refreshes.inc({ provider, outcome }) },
    sessionStoreAsked (isUp) { storeUp.set(Number(isUp)) },
    sessionStoreFailed () { storeErrors.inc() },
    providerAnswered (provider, endpoint, milliseconds) { providerDurations.observe({ provider, endpoint }, milliseconds / 1000) },
    providerAsked (provider, isUp) { providerUp.set({ provider }, Number(isUp)) },
    async exposition () {
      return { contentType: registry.contentType, text: `${await registry.metrics()}\n${requests.durationText()}\n${upstreams.durationText()}` }
    }
  }
}

function createReloadState (registry: Registry, now: () => number): Pick<Metrics, 'reloaded' | 'generations'> {
  const registers = [registry]
  const isSuccessful = new Gauge({ name: 'doorward_config_last_reload_successful', help: 'Whether the configuration was put in place when it was last read; 0: an earlier one goes on.', registers })
  const succeededAt = new Gauge({ name: 'doorward_config_last_reload_success_timestamp_seconds', help: 'When a configuration was last put in place, the start included.', registers })
  const alive = new Gauge({ name: 'doorward_config_generations', help: 'Configurations that something runs on: 1, and one for each earlier one with requests or connections that have not ended.', registers })
  const reloaded = (isSuccess: boolean): void => {
    isSuccessful.set(Number(isSuccess))
    if (isSuccess) succeededAt.set(now() / 1000)
  }
  reloaded(true)
  alive.set(1)
  return { reloaded, generations (count) { alive.set(count) } }
}

function countDroppedLines (registry: Registry, droppedLines: () => DroppedLines = () => ({ stdout: 0, audit: 0 })): void {
  const counter = new Counter({
    name: 'doorward_lines_dropped_total',
    help: 'Lines of the log and of the audit trail that were lost, since they could not be written for too long.',
    labelNames: ['output'],
    registers: [registry],
    collect () {
      counter.reset()
      for (const [output, lines] of Object.entries(droppedLines())) counter.inc({ output }, lines)
    }
  })
}
