import { type auditEvents, auditVersion, type eventsWithoutRequest, type reloadTriggers, type tokenRejections } from './audit-events.ts'
import { bounded } from './bounded.ts'
import { escapeControls } from './escape-controls.ts'
import { type Pseudonyms } from './pseudonyms.ts'

type Events = typeof auditEvents
type Reason<Event extends keyof Events, Outcome extends keyof Events[Event]['outcomes']> = keyof Events[Event]['outcomes'][Outcome]

/** Why somebody who tried to sign in was not signed in. */
export type LoginFailure = Reason<'login', 'failure'>

/** Why a bearer token or a logout token was not accepted. */
export type TokenRejection = (typeof tokenRejections)[number]

/** Why a configuration was not put in place. */
export type ReloadFailure = Reason<'config.reload', 'failure'>

export type ReloadTrigger = (typeof reloadTriggers)[number]

/** Who ended a session before its time. */
export type LogoutInitiator = 'user' | 'provider' | 'admin'

/** On which way somebody else than the person ended sessions. */
export type RevocationReason = Reason<'session.revoked', 'success'>

/** The person as far as known. Never a token, a code, a cookie or a secret. */
export interface AuditUser {
  readonly sub?: string | undefined
  readonly user?: string | undefined
  readonly email?: string | undefined
  readonly provider?: string | undefined
}

export interface AuditRequest {
  readonly id: string
  readonly ip: string
  readonly method: string
  /** Without the query: codes and personal data travel there. */
  readonly path: string
  readonly userAgent?: string | undefined
}

interface Common {
  readonly user?: AuditUser | undefined
  /** Session id, where there is one. */
  readonly session?: string | undefined
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

/** An event with each of its outcomes, and each of those with its reasons, where it has some. */
type Occurrence<Event extends keyof Events> = {
  [Outcome in keyof Events[Event]['outcomes']]: [Reason<Event, Outcome>] extends [never]
    ? { readonly event: Event, readonly outcome: Outcome }
    : { readonly event: Event, readonly outcome: Outcome, readonly reason: Reason<Event, Outcome> }
}[keyof Events[Event]['outcomes']]

/** What may be written to the audit trail: who got in, who was refused, and why. */
export type AuditEvent =
  | Common & { readonly request: AuditRequest } & { [Event in Exclude<keyof Events, Unasked>]: Occurrence<Event> }[Exclude<keyof Events, Unasked>]
  | Common & { [Event in Unasked]: Occurrence<Event> }[Unasked]

/** Events that no request has caused. */
type Unasked = (typeof eventsWithoutRequest)[number]

/** A line, before it is text; its keys are written in this order. */
export interface AuditEntry extends Common {
  readonly version: typeof auditVersion
  /** RFC 3339, in UTC. */
  readonly time: string
  readonly event: AuditEvent['event']
  readonly outcome: AuditEvent['outcome']
  readonly reason: string | undefined
  readonly request: AuditRequest | undefined
}

export interface Audit {
  record (event: AuditEvent): void
}

/** One JSON object a line, in a fixed order of keys. `write` must not block. */
export function createAudit (write: (line: string) => void, now: () => number, pseudonyms: Pseudonyms = (entry) => entry): Audit {
  return {
    record ({ event, outcome, user, session, metadata, ...rest }) {
      const request = 'request' in rest ? rest.request : undefined
      const reason = 'reason' in rest ? rest.reason : undefined
      const time = new Date(now()).toISOString()
      const written = pseudonyms({ version: auditVersion, time, event, outcome, reason, user: user && whoOf(user), session, request, metadata })
      write(escapeControls(JSON.stringify(bounded(inOrder(written)))) + '\n')
    }
  }
}

function inOrder ({ version, time, event, outcome, reason, user, session, request, metadata }: AuditEntry): AuditEntry {
  return { version, time, event, outcome, reason, user, session, request, metadata }
}

function whoOf ({ sub, user, email, provider }: AuditUser): AuditUser {
  return { sub, user, email, provider }
}

interface RequestLike {
  readonly id: string
  readonly origin: { readonly clientAddress: string }
  readonly method: string
  readonly originalUrl: string
  readonly headers: { readonly 'user-agent'?: string | undefined }
}

export function auditRequest ({ id, origin, method, originalUrl, headers }: RequestLike): AuditRequest {
  return { id, ip: origin.clientAddress, method, path: originalUrl.split('?', 1)[0] ?? '', userAgent: headers['user-agent'] }
}
