import { type FoundSession } from '../sessions/index.ts'
import { type Asked } from './asked.ts'

/** Brings a session that is due up to date, whoever knows how. Never rejects; a session that ended thereby is none. */
export type RefreshSession = (found: FoundSession, request: Asked) => FoundSession | Promise<FoundSession>

/** The session with tokens and claims that are still good. One that is not due costs nothing here. */
export function refreshSession (found: FoundSession, request: Asked, refresh: RefreshSession): FoundSession | Promise<FoundSession> {
  return found.isRefreshDue === true ? refresh(found, request) : found
}
