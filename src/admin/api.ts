import { type FastifyInstance, type FastifyRequest } from 'fastify'
import { type Audit, type AuditRequest, auditRequest } from '../observability/index.ts'
import { type Revocation, type Sessions } from '../sessions/index.ts'
import { requireToken } from './bearer.ts'
import { revocationWish } from './revocation-wish.ts'

export interface ApiParts {
  /** Without one there is no API. */
  readonly token: string | undefined
  /** Ids. */
  readonly providers: readonly string[]
  readonly sessions: Pick<Sessions, 'revoke'>
  readonly audit: Audit
}

/** Where administrators change something. Each route is mounted by `mountApi`. */
export const apiPaths: readonly string[] = ['/api/sessions/revoke']

const maxBodyBytes = 16 * 1024

/** The admin API: routes that only those who have the token may use. */
export function mountApi (app: FastifyInstance, { token, providers, sessions, audit }: ApiParts): void {
  if (token === undefined) return

  // Before Fastify reads the body of somebody who may not send one.
  async function authorize (request: FastifyRequest): Promise<void> {
    try {
      requireToken(request.headers.authorization, token ?? '')
    } catch (error) {
      audit.record({ event: 'admin.change', outcome: 'failure', reason: 'token_rejected', request: asked(request) })
      throw error
    }
  }

  app.removeContentTypeParser('text/plain')
  app.post('/api/sessions/revoke', { onRequest: authorize, bodyLimit: maxBodyBytes }, async (request) => {
    const revocation = revocationWish(request.body, providers)
    await sessions.revoke(revocation)
    const common = { outcome: 'success', request: asked(request), metadata: { ...revocation } } as const
    audit.record({ event: 'admin.change', ...common, metadata: { action: 'sessions.revoke', ...revocation } })
    audit.record({ event: 'session.revoked', reason: 'admin', user: userOf(revocation), session: revocation.by === 'id' ? revocation.value : undefined, ...common })
    return { status: 'revoked' }
  })
}

function userOf (revocation: Revocation): { user?: string, sub?: string, provider?: string } {
  if (revocation.by === 'user') return { user: revocation.value }
  if (revocation.by === 'sub') return { sub: revocation.value, provider: revocation.provider }
  return revocation.by === 'sid' ? { provider: revocation.provider } : {}
}

/** No proxy stands in front of the admin listener that could be believed. */
function asked ({ id, socket, method, originalUrl, headers }: FastifyRequest): AuditRequest {
  return auditRequest({ id, origin: { clientAddress: socket.remoteAddress ?? '' }, method, originalUrl, headers })
}
