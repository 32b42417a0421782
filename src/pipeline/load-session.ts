import { type Audit, auditRequest } from '../observability/index.ts'
import { type FoundSession, type Sessions } from '../sessions/index.ts'
import { type Asked } from './asked.ts'

/** The session of the request, or none. One that has just run out is an audit event, since nobody else will tell. */
export function loadSession (request: Asked, sessions: Sessions, audit: Audit): FoundSession | Promise<FoundSession> {
  const found = sessions.find(request.headers.cookie)
  return found instanceof Promise ? found.then((later) => reported(later, request, audit)) : reported(found, request, audit)
}

function reported (found: FoundSession, request: Asked, audit: Audit): FoundSession {
  if (found.ended !== undefined) {
    const { session, reason } = found.ended
    audit.record({ event: 'session.expired', outcome: 'success', reason, user: session.identity, session: session.id, request: auditRequest(request) })
  }
  return found
}
