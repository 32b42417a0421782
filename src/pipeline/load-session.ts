import { type Access } from '../access/index.ts'
import { Problem } from '../errors.ts'
import { type Audit } from '../observability/index.ts'
import { type FoundSession, recordExpiry, type Sessions } from '../sessions/index.ts'
import { accessRequest } from './access-request.ts'
import { type Asked } from './asked.ts'
import { type CanonicalPath } from './canonical-path.ts'

export interface LoadSessionParts {
  readonly access: Access
  readonly sessions: Sessions
  readonly audit: Audit
}

/**
 * The session of the request, or none. One that has just run out is an audit event.
 * @throws {Problem} where that can't be known, or rejects with one
 */
export function loadSession (request: Asked, target: CanonicalPath, parts: LoadSessionParts): FoundSession | Promise<FoundSession> {
  try {
    const found = parts.sessions.find(request.headers.cookie)
    if (!(found instanceof Promise)) return reported(found, request, parts.audit)
    return found.then((later) => reported(later, request, parts.audit)).catch((error: unknown) => asToAnybody(error, request, target, parts))
  } catch (error) {
    return asToAnybody(error, request, target, parts)
  }
}

function reported (found: FoundSession, request: Asked, audit: Audit): FoundSession {
  recordExpiry(found, request, audit)
  return found
}

/** What everybody may read is shown as to anybody; nothing else is done in the name of nobody that somebody has asked for. */
function asToAnybody (error: unknown, request: Asked, target: CanonicalPath, { access, sessions }: LoadSessionParts): FoundSession {
  const isUnknown = error instanceof Problem && error.code === 'session_store_unavailable'
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  if (!isUnknown || !isRead || access.decide(accessRequest(request, target), undefined).outcome !== 'allow') throw error
  return sessions.ignore(request.headers.cookie)
}
