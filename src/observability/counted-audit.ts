import { type Audit } from './audit.ts'
import { type Metrics } from './metrics.ts'

/** The same audit trail, with sign-ins and sign-outs counted on the way: the two can't tell different stories. */
export function createCountedAudit (audit: Audit, metrics: Metrics): Audit {
  return {
    record (event) {
      if (event.event === 'login') metrics.loginEnded(event.user?.provider ?? '', event.outcome === 'failure' ? event.reason : undefined)
      if (event.event === 'logout') metrics.loggedOut(event.reason)
      audit.record(event)
    }
  }
}
