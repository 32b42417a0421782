import { type FastifyInstance } from 'fastify'
import { Problem } from '../errors.ts'
import { auditRequest } from '../observability/index.ts'
import { backchannelLogoutUrl } from '../own-routes.ts'
import { type Revocation } from '../sessions/index.ts'
import { readForm } from './form.ts'
import { createGate } from './gate.ts'
import { type LogoutToken } from './logout-token.ts'
import { type SignInParts } from './parts.ts'
import { type Provider } from './provider.ts'
import { TokenRejected } from './token-rejected.ts'

const maxFormBytes = 64 * 1024
/** Anybody may send made-up tokens: checking them must leave time for everything else. */
const checks = { running: 10, waiting: 500 }

/**
 * `POST /backchannel-logout`: the provider says that a session there has ended, or all of a person (OpenID Connect
 * Back-Channel Logout sections 2.5 to 2.8). It waits for no session: the provider may send it while the person's
 * browser waits for the provider. Each of several providers has an address of its own, `/backchannel-logout/ID`.
 */
export function mountBackchannelLogout (app: FastifyInstance, parts: SignInParts): void {
  for (const provider of parts.providers.all) mountFor(app, provider, parts)
}

function mountFor (app: FastifyInstance, provider: Provider, { basePath, sessions, audit }: SignInParts): void {
  const throughGate = createGate(checks)

  app.all(backchannelLogoutUrl(basePath, provider.addressedBy), async (request, reply) => {
    if (request.method !== 'POST') throw new Problem('method_not_allowed', { headers: { allow: 'POST' } })
    const token = tokenIn(await readForm(request, reply, maxFormBytes))
    const logout = await throughGate(() => provider.logout.readToken(token)).catch(asProblem)
    const [revocation, ...more] = revocationsOf(logout, provider.id)
    for (const each of [revocation, ...more]) await sessions.revoke(each)
    await logout.use()
    audit.record({ event: 'session.revoked', outcome: 'success', reason: 'backchannel', user: { sub: logout.sub, provider: provider.id }, request: auditRequest(request), metadata: { ...revocation } })
    return reply.header('cache-control', 'no-store').code(200).send('')
  })
}

/** Other fields mean nothing (section 2.5). @throws {Problem} where the token is missing, or there are two to choose from */
function tokenIn (form: URLSearchParams): string {
  const [token, ...more] = form.getAll('logout_token')
  if (token === undefined || more.length > 0) throw new Problem('request_invalid', { detail: 'Expected one logout_token.', members: { error: 'invalid_request' } })
  return token
}

/**
 * With `sid` that session, without it all of the subject's (section 2.7). Where both are there, a session of the subject
 * that began without a name may be the one that is meant: providers leave `sid` out of an id_token and not out of a
 * logout token, such as for a client that asks for it since yesterday.
 */
function revocationsOf ({ sid, sub }: LogoutToken, provider: string): [Revocation, ...Revocation[]] {
  if (sid === undefined) return [{ by: 'sub', value: sub ?? '', provider }]
  return [{ by: 'sid', value: sid, provider }, ...sub === undefined ? [] : [{ by: 'unnamed', value: sub, provider } as const]]
}

/** What could not be checked may be sent again; what was refused may not (section 2.8). */
function asProblem (cause: unknown): never {
  if (cause instanceof TokenRejected) throw new Problem('logout_token_invalid', { cause, members: { error: 'invalid_request' } })
  throw new Problem('logout_unavailable', { cause, headers: { 'retry-after': '5' } })
}
