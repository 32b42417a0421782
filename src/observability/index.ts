/**
 * What Doorward tells those who run it: the log (events for engineers), the audit trail (who got in, who was refused
 * and why, for auditors), the metrics (how much and how fast, for alarms) and traces (where the time of one request went).
 *
 * Owns their shape and what is kept out of them. It does not decide what happens to a request, nor where metrics are
 * read (admin/).
 */
export { type Audit, type AuditEvent, type AuditRequest, auditRequest, type AuditUser, createAudit, type LoginFailure, type ReloadFailure, type ReloadTrigger, type TokenRejection } from './audit.ts'
export { bounded } from './bounded.ts'
export { countRefusedConnections } from './count-refused-connections.ts'
export { countRequests } from './count-requests.ts'
export { createCountedAudit } from './counted-audit.ts'
export { createLogger, type Logger, type LogSettings } from './logger.ts'
export { oncePerMinute } from './once-per-minute.ts'
export { createLogs, type Logs, type Subsystem, subsystems } from './subsystems.ts'
export { type Destination, openDestination } from './destination.ts'
export { escapeControls } from './escape-controls.ts'
export { createTracedAudit } from './traced-audit.ts'
export { openTracing } from './open-tracing.ts'
export { inSpan, noTracing, type Span, spanMethod, spanServer, type SpanStart, type Tracing } from './tracing.ts'
export { createPseudonyms, type PseudonymKind, type Pseudonyms, pseudonymOf } from './pseudonyms.ts'
export { createMetrics, type DroppedLines, type Metrics, type ProviderEndpoint, type RefusalReason } from './metrics.ts'
export { clientLeft, type RequestKind } from './request-counts.ts'
export { type UpstreamFailure, type UpstreamMetrics } from './upstream-counts.ts'
