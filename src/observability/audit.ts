import { escapeControls } from './escape-controls.ts'

/** What may be written to the audit trail: a closed list. Who got in, who was refused, and why. */
export type LoginFailure =
  | 'setup_error' | 'token_exchange_failed' | 'no_userinfo' | 'no_email_claim' | 'required_group_missing'
  | 'state_invalid' | 'nonce_mismatch' | 'id_token_invalid' | 'userinfo_invalid' | 'issuer_mismatch' | 'idp_error'
  | 'session_too_large' | 'session_store_unavailable' | 'acr_not_met' | 'groups_overage_unresolved'

/** Why a bearer token or a logout token was not accepted. */
export type TokenRejection =
  | 'too_large' | 'malformed' | 'encrypted' | 'algorithm' | 'critical' | 'kind' | 'issuer' | 'audience' | 'claims'
  | 'expired' | 'not_yet_valid' | 'sender_constrained' | 'key_unknown' | 'signature' | 'inactive'
  | 'replayed' | 'groups_overage_unresolved'

/** Who ended a session before its time. */
export type LogoutInitiator = 'user' | 'provider' | 'admin'

/** On which way somebody else than the person ended sessions. */
export type RevocationReason = 'backchannel' | 'frontchannel' | 'refresh_rejected' | 'admin'

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
  readonly request: AuditRequest
  readonly user?: AuditUser | undefined
  /** Session id, where there is one. */
  readonly session?: string | undefined
  readonly metadata?: Readonly<Record<string, unknown>>
}

export type AuditEvent = Common & (
  | { readonly event: 'login', readonly outcome: 'success' }
  | { readonly event: 'login', readonly outcome: 'failure', readonly reason: LoginFailure }
  | { readonly event: 'session.refresh', readonly outcome: 'success' }
  | { readonly event: 'session.refresh', readonly outcome: 'failure', readonly reason: LoginFailure | 'refresh_rejected' }
  | { readonly event: 'logout', readonly outcome: 'success', readonly reason: 'user' }
  | { readonly event: 'session.expired', readonly outcome: 'success', readonly reason: 'idle_timeout' | 'max_lifetime' }
  | { readonly event: 'session.revoked', readonly outcome: 'success', readonly reason: RevocationReason }
  | { readonly event: 'admin.change', readonly outcome: 'success' }
  | { readonly event: 'admin.change', readonly outcome: 'failure', readonly reason: 'token_rejected' }
  | { readonly event: 'access.denied', readonly outcome: 'failure', readonly reason: 'rule_denied' | 'required_group_missing' | 'no_email_claim' }
  | { readonly event: 'access.denied', readonly outcome: 'failure', readonly reason: 'token_rejected', readonly metadata: { readonly cause: TokenRejection } }
)

export interface Audit {
  record (event: AuditEvent): void
}

const maxTextLength = 512

/** One JSON object a line, in a fixed order of keys. `write` must not block. */
export function createAudit (write: (line: string) => void, now: () => number): Audit {
  return {
    record ({ event, outcome, request, user, session, metadata, ...rest }) {
      const reason = 'reason' in rest ? rest.reason : undefined
      const entry = { time: new Date(now()).toISOString(), event, outcome, reason, user: user && whoOf(user), session, request, metadata }
      write(escapeControls(JSON.stringify(entry, boundText)) + '\n')
    }
  }
}

function whoOf ({ sub, user, email, provider }: AuditUser): AuditUser {
  return { sub, user, email, provider }
}

/** Text from outside is bounded. */
function boundText (_key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  return value.length > maxTextLength ? `${value.slice(0, maxTextLength)}…` : value
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
