import { type FastifyInstance } from 'fastify'
import { Problem } from '../errors.ts'
import { auditRequest } from '../observability/index.ts'
import { frontchannelLogoutUrl } from '../own-routes.ts'
import { type Session } from '../sessions/index.ts'
import { createBudget } from './budget.ts'
import { parametersOf } from './parameters.ts'
import { type SignInParts } from './parts.ts'
import { type Provider } from './provider.ts'

/**
 * For requests that don't come with the session which they end. They prove nothing, and each leaves something to
 * remember: made-up ones must not fill the memory until real ones are forgotten. What this allows in a day is less than
 * what is remembered.
 */
const unprovenAllowance = { burst: 1_000, refillMilliseconds: 1_000 }
const maxIdLength = 255

/**
 * `GET /frontchannel-logout?iss=…&sid=…`: a page of the provider says, from a frame, that a session there has ended
 * (OpenID Connect Front-Channel Logout section 2). Browsers withhold the cookie of our session from a frame on another
 * site, so it is ended by the provider's name for it. No token is revoked: anybody may ask this.
 * Each of several providers has an address of its own, `/frontchannel-logout/ID`.
 */
export function mountFrontchannelLogout (app: FastifyInstance, parts: SignInParts): void {
  const mayEndUnproven = createBudget(unprovenAllowance, parts.now)
  for (const provider of parts.providers.all) mountFor(app, provider, mayEndUnproven, parts)
}

function mountFor (app: FastifyInstance, provider: Provider, mayEndUnproven: () => boolean, { basePath, sessions, audit }: SignInParts): void {
  app.get(frontchannelLogoutUrl(basePath, provider.addressedBy), async (request, reply) => {
    const sid = await sessionNamedIn(parametersOf(request))
    const found = await sessions.find(request.headers.cookie)
    const isOwn = isCalled(found.session, sid)
    if (!isOwn && !mayEndUnproven()) throw new Problem('logout_unavailable', { headers: { 'retry-after': '60' } })
    await sessions.revoke({ by: 'sid', value: sid, provider: provider.id })
    if (isOwn) reply.header('set-cookie', await sessions.end(found))
    const user = isOwn ? found.session?.identity : { provider: provider.id }
    audit.record({ event: 'session.revoked', outcome: 'success', reason: 'frontchannel', user, session: isOwn ? found.session?.id : undefined, request: auditRequest(request), metadata: { by: 'sid', value: sid, provider: provider.id } })
    return reply.headers(headersFor(await provider.logout.pageOrigins())).send('Signed out.\n')
  })

  /** @throws {Problem} where it is not this provider that speaks of a session */
  async function sessionNamedIn (parameters: URLSearchParams): Promise<string> {
    const [iss, sid] = [parameters.get('iss') ?? '', parameters.get('sid') ?? '']
    if (iss === '' || sid === '' || sid.length > maxIdLength) throw new Problem('request_invalid', { detail: 'Expected iss and sid.' })
    if (!await provider.logout.isIssuer(iss)) throw new Problem('request_invalid', { detail: 'iss is not the identity provider of this site.' })
    return sid
  }

  function isCalled (session: Session | undefined, sid: string): boolean {
    return session?.providerSessionId === sid && session.identity.provider === provider.id
  }
}

/** The one answer of Doorward that a page of another site may show in a frame: the provider's. */
function headersFor (origins: readonly string[]): Record<string, string> {
  return {
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; frame-ancestors ${origins.join(' ')}`,
    'content-type': 'text/plain; charset=utf-8',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff'
  }
}
