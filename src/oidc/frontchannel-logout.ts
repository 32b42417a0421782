import { type FastifyInstance } from 'fastify'
import { Problem } from '../errors.ts'
import { auditRequest } from '../observability/index.ts'
import { frontchannelLogoutUrl } from '../own-routes.ts'
import { type Session } from '../sessions/index.ts'
import { parametersOf } from './parameters.ts'
import { type SignInParts } from './parts.ts'
import { type Provider } from './provider.ts'

const maxIdLength = 255

/**
 * `GET /frontchannel-logout?iss=…&sid=…`: a page of the provider says, from a frame, that a session there has ended
 * (OpenID Connect Front-Channel Logout section 2). Browsers withhold the cookie of our session from a frame on another
 * site, so it is ended by the provider's name for it. No token is revoked: anybody may ask this, and with a name that
 * nobody has they change nothing for anybody.
 * Each of several providers has an address of its own, `/frontchannel-logout/ID`.
 */
export function mountFrontchannelLogout (app: FastifyInstance, parts: SignInParts): void {
  for (const provider of parts.providers.all) mountFor(app, provider, parts)
}

function mountFor (app: FastifyInstance, provider: Provider, { basePath, sessions, audit }: SignInParts): void {
  app.get(frontchannelLogoutUrl(basePath, provider.addressedBy), async (request, reply) => {
    const revocation = { by: 'sid', value: await sessionNamedIn(parametersOf(request)), provider: provider.id } as const
    const found = await sessions.find(request.headers.cookie)
    const own = isCalled(found.session, revocation.value) ? found.session : undefined
    if (own !== undefined) {
      await sessions.revoke(revocation)
      reply.header('set-cookie', await sessions.end(found))
    }
    const isEnded = own !== undefined || await sessions.revokeNamed(revocation)
    if (isEnded) audit.record({ event: 'session.revoked', outcome: 'success', reason: 'frontchannel', user: own?.identity ?? { provider: provider.id }, session: own?.id, request: auditRequest(request), metadata: revocation })
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
