import { type Access } from '../access/index.ts'
import { Problem } from '../errors.ts'
import { type Identity, type Refusal } from '../mapping/index.ts'
import { type Audit, auditRequest, type TokenRejection } from '../observability/index.ts'
import { type Lease } from '../proxy/index.ts'
import { type FoundSession, type Session, type Sessions } from '../sessions/index.ts'
import { type ClientRates } from '../limits/index.ts'
import { accessRequest } from './access-request.ts'
import { type Asked } from './asked.ts'
import { bearerToken } from './bearer-token.ts'
import { type CanonicalPath } from './canonical-path.ts'
import { bearerChallenge } from './challenge.ts'
import { loadSession } from './load-session.ts'
import { refreshSession, type RefreshSession } from './refresh-session.ts'

/** Who asks: somebody by the session of their browser, or by an access token, which has no id. */
export type Caller = Pick<Session, 'identity' | 'allClaims' | 'tokens' | 'authTime' | 'acr' | 'amr'> & Partial<Pick<Session, 'id'>>

/** What a bearer token is worth, whoever judges it. */
type TokenVerdict =
  | { readonly outcome: 'accepted', readonly caller: Caller, readonly holds: () => boolean }
  | { readonly outcome: 'refused', readonly identity: Identity, readonly refusal: Refusal }
  | { readonly outcome: 'rejected', readonly cause: TokenRejection }

type Accepted = Extract<TokenVerdict, { readonly outcome: 'accepted' }>

export interface AuthenticateParts {
  readonly access: Access
  readonly sessions: Sessions
  readonly audit: Audit
  /** @throws {Problem} where the token can't be judged, or what `beforeWork` throws */
  readonly checkToken: (token: string, beforeWork?: () => void) => TokenVerdict | Promise<TokenVerdict>
  readonly refresh: RefreshSession
  readonly rates: ClientRates
}

export interface Authenticated {
  readonly caller: Caller | undefined
  /** The cookies, and the session where it is what counts. */
  readonly found: FoundSession
  readonly isByToken: boolean
  /** What a connection that stays open depends on. */
  readonly lease: Lease | undefined
}

/**
 * Finds out who asks. Where the rule lets programs come with a token, one that is sent decides alone: a bad one is not
 * made good by a cookie beside it, or a page of another site could choose whose name its requests bear.
 *
 * @throws {Problem} for a token that is not accepted
 */
export function authenticate (request: Asked, target: CanonicalPath, parts: AuthenticateParts): Authenticated | Promise<Authenticated> {
  const token = tokenOf(request, target, parts.access)
  if (token !== undefined) return byToken(token, request, parts)
  const { sessions, refresh } = parts
  const looked = loadSession(request, target, parts)
  const fresh = looked instanceof Promise ? looked.then((found) => refreshSession(found, request, refresh)) : refreshSession(looked, request, refresh)
  return fresh instanceof Promise ? fresh.then((found) => bySession(found, sessions)) : bySession(fresh, sessions)
}

function bySession (found: FoundSession, sessions: Sessions): Authenticated {
  const { session } = found
  return { caller: session, found, isByToken: false, lease: session === undefined ? undefined : sessions.lease({ ...found, session }) }
}

async function byToken (token: string, request: Asked, { checkToken, sessions, audit, rates }: AuthenticateParts): Promise<Authenticated> {
  const verdict = await judge(token, request.origin.clientAddress, { checkToken, rates })
  if (verdict.outcome !== 'accepted') throw rejection(verdict, request, audit)
  return { caller: verdict.caller, found: sessions.ignore(request.headers.cookie), isByToken: true, lease: leaseOf(token, verdict, checkToken) }
}

/** What is known already costs nothing; neither does what can't be judged, nor what turns out to be good. */
async function judge (token: string, clientAddress: string, { checkToken, rates }: Pick<AuthenticateParts, 'checkToken' | 'rates'>): Promise<TokenVerdict> {
  let isTaken = false
  let verdict: TokenVerdict | undefined
  try {
    verdict = await checkToken(token, () => {
      rates.take('token', clientAddress)
      isTaken = true
    })
    return verdict
  } finally {
    if (isTaken && verdict?.outcome !== 'rejected') rates.giveBack('token', clientAddress)
  }
}

/** A token is checked again and again. While that is under way, and where it can't be done, the last verdict holds for a while. */
function leaseOf (token: string, accepted: Accepted, checkToken: AuthenticateParts['checkToken']): Lease {
  let last: TokenVerdict = accepted
  return {
    isOver () {
      const verdict = checkToken(token)
      if (verdict instanceof Promise) verdict.then((later) => { last = later }, () => {})
      else last = verdict
      return last.outcome !== 'accepted' || !last.holds()
    },
    use () {}
  }
}

/** On other rules the Authorization header is the application's affair. */
function tokenOf (request: Asked, target: CanonicalPath, access: Access): string | undefined {
  if (request.headers.authorization === undefined) return undefined
  if (!access.allowsBearer(accessRequest(request, target))) return undefined
  return bearerToken(request.raw.rawHeaders)
}

function rejection (verdict: Exclude<TokenVerdict, { outcome: 'accepted' }>, request: Asked, audit: Audit): Problem {
  const event = { event: 'access.denied', outcome: 'failure', request: auditRequest(request) } as const
  if (verdict.outcome === 'rejected') {
    audit.record({ ...event, reason: 'token_rejected', metadata: { cause: verdict.cause } })
    return new Problem('token_invalid', { headers: bearerChallenge('invalid_token') })
  }
  const { identity, refusal: { reason, detail, unmet } } = verdict
  audit.record({ ...event, reason, user: identity, metadata: { missing: unmet } })
  return new Problem('sign_in_refused', { detail: `Your account ${detail}.`, person: identity, members: { missing: unmet } })
}
