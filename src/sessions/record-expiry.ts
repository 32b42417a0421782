import { type Audit, auditRequest } from '../observability/index.ts'
import { type FoundSession } from './found-session.ts'

/** Writes down that the session of a request has run out. Found once: every way in has to tell, since nobody else will. */
export function recordExpiry ({ ended }: FoundSession, request: Parameters<typeof auditRequest>[0], audit: Audit): void {
  if (ended === undefined) return
  const { session, reason } = ended
  audit.record({ event: 'session.expired', outcome: 'success', reason, user: session.identity, session: session.id, request: auditRequest(request) })
}
