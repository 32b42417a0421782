import { type Audit, type LogoutInitiator, type RevocationReason } from './audit.ts'
import { type Metrics } from './metrics.ts'

const initiators: Readonly<Record<RevocationReason, LogoutInitiator>> = { backchannel: 'provider', frontchannel: 'provider', admin: 'admin' }

/** The same audit trail, with sign-ins and sign-outs counted on the way: the two can't tell different stories. */
export function createCountedAudit (audit: Audit, metrics: Metrics): Audit {
  return {
    record (event) {
      if (event.event === 'login') metrics.loginEnded(event.user?.provider ?? '', event.outcome === 'failure' ? event.reason : undefined)
      if (event.event === 'logout') metrics.loggedOut(event.reason)
      if (event.event === 'session.revoked') {
        metrics.loggedOut(initiators[event.reason])
        metrics.sessionsRevoked(event.reason)
      }
      audit.record(event)
    }
  }
}
