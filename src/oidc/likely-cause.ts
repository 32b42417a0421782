import { type LikelyCause } from '../pages/index.ts'
import { type FoundSession } from '../sessions/index.ts'

export interface Circumstances {
  readonly found: FoundSession
  /** Of the request, as far as it is known. */
  readonly proto: string
  readonly publicOrigin: string
  /** The person was signed in again and again: what is missing is the session, not the cookie of a login. */
  readonly isCircling: boolean
  /** The provider's answer belongs to a login that nobody here has begun, as far as that can be read. */
  readonly isForeign?: boolean
}

/** Why a sign-in leads nowhere, by what the browser has just sent; `undefined` where that tells nothing. */
export function likelyCause ({ found, proto, publicOrigin, isCircling, isForeign = false }: Circumstances): LikelyCause | undefined {
  // Cookies are `Secure` then: browsers neither keep nor send them here.
  if (proto === 'http' && publicOrigin.startsWith('https:')) return 'http'
  if (!isAnyOfOurs(found)) return 'cookies_blocked'
  if (isForeign) return 'unreadable'
  return isCircling ? causeOfCircle(found) : undefined
}

function isAnyOfOurs ({ cookies: { logins, rounds, form, presented } }: FoundSession): boolean {
  return logins.size > 0 || rounds !== undefined || form !== undefined || presented.length > 0
}

function causeOfCircle ({ session, past, cookies: { presented, ticket } }: FoundSession): LikelyCause {
  if (session !== undefined) return 'application'
  if (past !== undefined) return 'session_over'
  if (presented.length === 0) return 'session_refused'
  return ticket === undefined ? 'session_twice' : 'unreadable'
}
