import { type Audit, type AuditEvent, type LogoutInitiator, type RevocationReason } from './audit.ts'
import { type Metrics, type RefreshResult } from './metrics.ts'

const initiators: Readonly<Record<RevocationReason, LogoutInitiator>> = { backchannel: 'provider', frontchannel: 'provider', refresh_rejected: 'provider', admin: 'admin' }

/** The same audit trail, with sign-ins, sign-outs and refreshes counted on the way: the two can't tell different stories. */
export function createCountedAudit (audit: Audit, metrics: Metrics): Audit {
  return {
    record (event) {
      if (event.event === 'login') metrics.loginEnded(event.user?.provider ?? '', event.outcome === 'failure' ? event.reason : undefined)
      if (event.event === 'logout') metrics.loggedOut(event.reason)
      if (event.event === 'session.refresh') metrics.refreshEnded(event.user?.provider ?? '', refreshOutcome(event))
      if (event.event === 'session.revoked') {
        metrics.loggedOut(initiators[event.reason])
        metrics.sessionsRevoked(event.reason)
      }
      audit.record(event)
    }
  }
}

function refreshOutcome (event: Extract<AuditEvent, { event: 'session.refresh' }>): RefreshResult {
  if (event.outcome === 'success') return 'success'
  return event.reason === 'refresh_rejected' ? 'rejected' : 'failed'
}
