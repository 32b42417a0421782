import { type FastifyRequest } from 'fastify'
import { type AuditUser, auditRequest } from '../observability/index.ts'
import { type LoginProblem } from './login-problem.ts'
import { type SignInParts } from './parts.ts'

/**
 * Writes a failed login to the audit trail: the only place that does.
 *
 * @param user the person as far as known, the provider at least
 */
export function recordFailure ({ reason, metadata }: LoginProblem, request: FastifyRequest, { audit }: SignInParts, user: AuditUser): void {
  audit.record({ event: 'login', outcome: 'failure', reason, user, request: auditRequest(request), metadata: { method: 'oidc', ...metadata } })
}
