import { decodeProtectedHeader } from 'jose'
import { type Claims } from '../mapping/index.ts'
import { type Shelf } from '../sessions/index.ts'
import { asRejection, readJwt, verifyJwt } from './access-token-jwt.ts'
import { acceptedUntil, requireLogoutClaims, requireLogoutType } from './logout-token-claims.ts'
import { type ProviderServer } from './provider-introspection.ts'
import { type ProviderKeys } from './provider-keys.ts'
import { type ProviderSettings } from './provider-settings.ts'
import { TokenRejected } from './token-rejected.ts'

/** What a provider says in a logout token, after every check: that a session there has ended, or all of a person. */
export interface LogoutToken {
  readonly sid: string | undefined
  readonly sub: string | undefined
  /** From here on the same token is refused. To be called once its sessions have ended: until then it may be sent again. */
  use (): Promise<void>
}

/** The logout tokens of one provider (OpenID Connect Back-Channel Logout section 2.4). */
export interface LogoutTokens {
  /** @throws {TokenRejected}; anything else means that the token could not be checked */
  read (token: string): Promise<LogoutToken>
  /** Remembers how the provider signs: an id_token that was verified. */
  learnFrom (idToken: string): void
}

export interface LogoutTokenParts {
  readonly getServer: () => Promise<ProviderServer>
  readonly keys: ProviderKeys
  /** Where tokens that were used are remembered. */
  readonly spent: Shelf
  readonly now: () => number
}

const maxLength = 16 * 1024

export function createLogoutTokens ({ id, clientId, clockToleranceMilliseconds }: ProviderSettings, { getServer, keys, spent, now }: LogoutTokenParts): LogoutTokens {
  const toleranceSeconds = clockToleranceMilliseconds / 1000
  let idTokenAlgorithm: string | undefined

  /** Signed as id_tokens are (section 2.6). Before the first of them is seen, whatever the provider has keys for will do. */
  function requireAlgorithm (algorithm: unknown): void {
    if (idTokenAlgorithm !== undefined && algorithm !== idTokenAlgorithm) throw new TokenRejected('algorithm', algorithm)
  }

  /** What lies on a shelf is there for the first who takes it: it is put back, for those who come after. */
  async function requireUnused (jti: string): Promise<void> {
    const until = await spent.take(`${id}:${jti}`)
    if (until === undefined) return
    await remember(jti, Number(until))
    throw new TokenRejected('replayed', jti)
  }

  /** @param until when the token would not be accepted any more, in milliseconds since the epoch */
  async function remember (jti: string, until: number): Promise<void> {
    await spent.put(`${id}:${jti}`, String(until), Math.max(1, Math.ceil(until - now())))
  }

  /** What costs nothing comes first: a token of somebody else must not make Doorward look for new keys. */
  async function verified (token: string): Promise<Claims> {
    if (token.length > maxLength) throw new TokenRejected('too_large', token.length)
    const { header, claims } = readJwt(token)
    requireLogoutType(header.typ)
    requireAlgorithm(header.alg)
    const server = await getServer()
    requireLogoutClaims(claims, { issuer: server.issuer, clientId, toleranceSeconds }, now() / 1000)
    await keys.use(server, async (set) => { await verifyJwt(token, set) }).catch(asRejection)
    return claims
  }

  return {
    async read (token) {
      const claims = await verified(token)
      const { jti, sid, sub } = claims as { jti: string, sid?: string, sub?: string }
      await requireUnused(jti)
      return { sid, sub, use: () => remember(jti, acceptedUntil(claims, toleranceSeconds) * 1000) }
    },
    learnFrom (idToken) {
      // One that is encrypted names the algorithm of that (RFC 7516 section 9).
      if (idToken.split('.').length === 3) idTokenAlgorithm = decodeProtectedHeader(idToken).alg
    }
  }
}
