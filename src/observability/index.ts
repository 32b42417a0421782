/**
 * What Doorward tells those who run it: the log (events for engineers) and the audit trail (who got in, who was
 * refused and why, for auditors).
 *
 * Owns their shape and what is kept out of them. It does not decide what happens to a request.
 */
export { type Audit, type AuditEvent, type AuditRequest, auditRequest, type AuditUser, createAudit, type LoginFailure, type TokenRejection } from './audit.ts'
export { createLogger, type Logger, type LogSettings } from './logger.ts'
export { type Destination, openDestination } from './destination.ts'
