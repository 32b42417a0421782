import { type Mapping } from '../mapping/index.ts'
import { type Audit, type AuditRequest, type Logger, type LoginFailure } from '../observability/index.ts'
import { generationOf, type Refreshed, type Session, type Sessions, type Tokens } from '../sessions/index.ts'
import { LoginProblem } from './login-problem.ts'
import { type ProviderAnswer } from './provider-answer.ts'
import { isRejection, type RefreshAnswer } from './provider-refresh.ts'
import { type Provider } from './provider.ts'
import { keptTokens, type Keeps } from './received-tokens.ts'

export interface RefreshOnceParts {
  readonly sessions: Sessions
  readonly mapping: Mapping
  readonly keeps: Keeps
  readonly audit: Audit
  readonly logger: Logger
}

/** The newest state of the session; `ended`; or `kept`: nothing new, and it goes on within its limits. */
export type RefreshOutcome = Session | 'ended' | 'kept'

interface Attempt extends RefreshOnceParts {
  readonly session: Session
  readonly provider: Provider
  readonly request: AuditRequest
}

/**
 * One refresh, from the request to what becomes of the session. Where the provider can't say, the session is kept;
 * where it says no, speaks of somebody else, or the person is no longer admitted, the session ends.
 */
export async function refreshOnce (attempt: Attempt): Promise<RefreshOutcome> {
  const { session, provider } = attempt
  try {
    return await take(await provider.refresh(session), attempt)
  } catch (error) {
    if (!(error instanceof LoginProblem)) throw error
    return isRejection(error) ? await reject(error, attempt, session.tokens) : keep(error, attempt)
  }
}

async function take ({ tokens, answer, failure }: RefreshAnswer, attempt: Attempt): Promise<RefreshOutcome> {
  const { session, sessions, mapping, keeps, audit } = attempt
  if (failure !== undefined && isRejection(failure)) return await reject(failure, attempt, tokens)
  const mapped = answer === undefined ? undefined : mapping(answer.claims, session.identity.provider)
  if (mapped?.refusal !== undefined) return await end(attempt, { cause: mapped.refusal.reason, tokens })
  const person = answer === undefined || mapped === undefined ? {} : { identity: mapped.identity, ...beside(answer, session, keeps) }
  const next = await sessions.refresh(session, { tokens: keptTokens(tokens, keeps) ?? {}, ...person })
  if (next === 'too_large') return await end(attempt, { cause: 'session_too_large', tokens })
  if (next === 'ended') return await leave(attempt, tokens)
  if (failure !== undefined) warn(failure, attempt)
  const { identity } = next
  audit.record({ ...eventOf(attempt), outcome: 'success', user: identity, metadata: { roles: identity.roles, ...failure !== undefined && { unread: failure.reason } } })
  return next
}

/** What an answer leaves out is as it was. */
function beside ({ acr, amr, allClaims }: ProviderAnswer, session: Session, keeps: Keeps): Omit<Refreshed, 'tokens'> {
  return { acr: acr ?? session.acr, amr: amr ?? session.amr, ...keeps.allClaims && { allClaims } }
}

/** Somebody else may have been faster after all, such as where a lease was lost: then theirs is taken. */
async function reject ({ reason: cause, metadata }: LoginProblem, attempt: Attempt, tokens: Tokens | undefined): Promise<RefreshOutcome> {
  const { session, sessions } = attempt
  const newest = await sessions.newest(session)
  return generationOf(newest) > generationOf(session) ? newest : await end(attempt, { cause, metadata, tokens })
}

interface End {
  readonly cause: LoginFailure
  readonly metadata?: Readonly<Record<string, unknown>>
  /** The newest there are: nobody is going to use them any more. */
  readonly tokens: Tokens | undefined
}

async function end (attempt: Attempt, { cause, metadata, tokens }: End): Promise<'ended'> {
  const { session, sessions, audit, logger } = attempt
  // A sign-out meanwhile takes the refresh token back, too: that is no news.
  if (sessions.hasEnded(session)) return await leave(attempt, tokens)
  const event = { ...eventOf(attempt), reason: 'refresh_rejected' } as const
  audit.record({ ...event, outcome: 'failure', metadata: { cause, ...metadata } })
  try {
    await sessions.revoke({ by: 'id', value: session.id })
    audit.record({ ...event, event: 'session.revoked', outcome: 'success' })
  } catch (err) {
    // It is over for who asks now, and the provider says the same when it is asked again.
    logger.warn({ event: 'session.unrevoked', session: session.id, err }, 'the end of a session could not be told to everybody')
  }
  return await leave(attempt, tokens)
}

/** What the sign-out did not know of, or what no sign-out will come by for, would be good at the provider for as long as it lives. */
async function leave ({ provider }: Attempt, tokens: Tokens | undefined): Promise<'ended'> {
  await provider.logout.revokeTokens(tokens)
  return 'ended'
}

function keep (problem: LoginProblem, attempt: Attempt): 'kept' {
  const { reason, metadata } = problem
  attempt.audit.record({ ...eventOf(attempt), outcome: 'failure', reason, metadata })
  warn(problem, attempt)
  return 'kept'
}

function warn ({ reason, cause }: LoginProblem, { session, provider, logger }: Attempt): void {
  logger.warn({ event: 'refresh.failed', provider: provider.id, session: session.id, reason, err: cause }, 'a session could not be refreshed')
}

function eventOf ({ session, request }: Attempt) {
  return { event: 'session.refresh', user: session.identity, session: session.id, request } as const
}
