import { setTimeout as delay } from 'node:timers/promises'
import { auditRequest, type AuditRequest, inSpan, type Tracing } from '../observability/index.ts'
import { type FoundSession, isRefreshDue, type Leases, type Session } from '../sessions/index.ts'
import { type Provider } from './provider.ts'
import { type Providers } from './providers.ts'
import { type RefreshMemory } from './refresh-memory.ts'
import { refreshOnce, type RefreshOnceParts, type RefreshOutcome } from './refresh-once.ts'

export interface RefreshParts extends RefreshOnceParts {
  readonly providers: Providers
  readonly leases: Leases
  readonly memory: RefreshMemory
  readonly tracing: Tracing
  readonly now: () => number
}

type Asked = Parameters<typeof auditRequest>[0]

export interface Refresh {
  /** For a session that is due: what it is after the refresh, or as it was while that can't be known. Never rejects. */
  refresh (found: FoundSession, request: Asked): FoundSession | Promise<FoundSession>
  /** Waits for what is under way: an answer that nobody takes may have spent the refresh token. */
  close (): Promise<void>
}

interface Flight {
  readonly outcome: Promise<RefreshOutcome>
  /** The same, as long as a request should wait for it. */
  readonly awaited: Promise<RefreshOutcome>
}

/** A request goes on with what there is after this; the refresh goes on too. */
const patienceMilliseconds = 5_000
/** What has failed is left alone for this long, so that not every request waits for it. */
const retryMilliseconds = 15_000
/** How often it is looked what came of another replica's refresh, and how long at most: it may have been ended. */
const pollMilliseconds = 200
const mostPolls = 300

const refreshSpan = { name: 'refresh', kind: 'internal' } as const

/** Refreshes each session once, however many requests and replicas find it due. */
export function createRefresh (parts: RefreshParts): Refresh {
  const { providers, sessions, leases, memory: { heldOffUntil, gateOf }, logger, tracing, now } = parts
  const flights = new Map<string, Flight>()
  const closing = new AbortController()

  /** Whoever comes second takes what the first got: a refresh token that comes twice ends the sign-in. */
  async function alone (session: Session, provider: Provider, request: AuditRequest): Promise<RefreshOutcome> {
    for (let polls = 0; polls < mostPolls && !closing.signal.aborted; polls++) {
      const release = await leases.acquire(session.id)
      try {
        const newest = await sessions.newest(session)
        if (!isRefreshDue(newest, now())) return newest
        if (release !== undefined) return await gateOf(provider.id)(() => inSpan(tracing, refreshSpan, () => refreshOnce({ ...parts, session: newest, provider, request })))
      } finally {
        await release?.()
      }
      await delay(pollMilliseconds)
    }
    return 'kept'
  }

  async function run (session: Session, provider: Provider, request: AuditRequest): Promise<RefreshOutcome> {
    const outcome = await alone(session, provider, request).catch((error: unknown) => {
      logger.warn({ event: 'refresh.failed', provider: provider.id, session: session.id, err: error }, 'a session could not be refreshed')
      return 'kept' as const
    })
    if (outcome === 'kept') heldOffUntil.set(session.id, now() + retryMilliseconds)
    flights.delete(session.id)
    return outcome
  }

  function begin (session: Session, provider: Provider, request: Asked): Flight {
    const outcome = run(session, provider, auditRequest(request))
    const over = new AbortController()
    const patience = delay(patienceMilliseconds, 'kept' as const, { signal: over.signal, ref: false }).catch(() => 'kept' as const)
    const flight = { outcome, awaited: Promise.race([outcome, patience]).finally(() => { over.abort() }) }
    flights.set(session.id, flight)
    return flight
  }

  return {
    refresh (found, request) {
      const { session } = found
      if (session === undefined || now() < (heldOffUntil.get(session.id) ?? 0)) return found
      const provider = providers.get(session.identity.provider)
      if (provider === undefined) return found
      const { awaited } = flights.get(session.id) ?? begin(session, provider, request)
      return awaited.then((outcome) => {
        // Whatever it was waited for, the session may have ended meanwhile.
        if (outcome === 'kept') return sessions.refound(found, session)
        return sessions.refound(found, outcome === 'ended' ? undefined : outcome)
      })
    },
    async close () {
      closing.abort()
      await Promise.all([...flights.values()].map(({ outcome }) => outcome))
    }
  }
}
