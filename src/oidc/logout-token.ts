import { decodeProtectedHeader } from 'jose'
import { type Claims } from '../mapping/index.ts'
import { type Shelf } from '../sessions/index.ts'
import { asRejection, readJwt, verifyJwt } from './access-token-jwt.ts'
import { type Decrypt } from './decryption.ts'
import { acceptedUntil, requireLogoutClaims, requireLogoutType } from './logout-token-claims.ts'
import { type ProviderServer } from './provider-introspection.ts'
import { type ProviderKeys } from './provider-keys.ts'
import { type ProviderSettings } from './provider-settings.ts'
import { TokenRejected } from './token-rejected.ts'

/** What a provider says in a logout token, after every check: that a session there has ended, or all of a person. */
export interface LogoutToken {
  readonly sid: string | undefined
  readonly sub: string | undefined
  /**
   * From here on the same token is refused. To be called once its sessions have ended: until then it may be sent again,
   * also where Doorward was stopped in between. One that comes twice at once ends the same sessions twice.
   */
  use (): Promise<void>
}

/** The logout tokens of one provider (OpenID Connect Back-Channel Logout section 2.4). */
export interface LogoutTokens {
  /** @throws {TokenRejected}; anything else means that the token could not be checked */
  read (token: string): Promise<LogoutToken>
  /** Remembers how the provider signs: an id_token that was verified. */
  learnFrom (idToken: string): void
}

/** How id_tokens were signed of late. */
export interface LearnedAlgorithm {
  readonly algorithm: string | undefined
  /** Milliseconds since the epoch. */
  readonly until: number
}

export interface LogoutTokenParts {
  readonly getServer: () => Promise<ProviderServer>
  readonly keys: ProviderKeys
  /** Where it is kept how the provider signs. */
  readonly memory: { algorithm?: LearnedAlgorithm }
  readonly decrypt: Decrypt
  /** Where tokens that were used are remembered. */
  readonly spent: Shelf
  readonly now: () => number
}

const maxLength = 16 * 1024
const learnedMilliseconds = 60 * 60 * 1000

export function createLogoutTokens ({ id, clientId, clockToleranceMilliseconds }: ProviderSettings, { getServer, keys, memory, decrypt, spent, now }: LogoutTokenParts): LogoutTokens {
  const toleranceSeconds = clockToleranceMilliseconds / 1000

  /**
   * Signed as id_tokens are (section 2.6): by what the provider announces and, for a while after one was seen, as that was
   * signed. For no longer: a provider may change its algorithm when nobody signs in.
   */
  function requireAlgorithm (algorithm: string | undefined, { id_token_signing_alg_values_supported: announced = ['RS256'] }: ProviderServer): void {
    const { algorithm: learned } = memory
    const accepted = learned !== undefined && now() < learned.until ? [learned.algorithm] : announced
    if (!accepted.includes(algorithm ?? '')) throw new TokenRejected('algorithm', algorithm)
  }

  async function requireUnused (jti: string): Promise<void> {
    if (await spent.has(`${id}:${jti}`)) throw new TokenRejected('replayed', jti)
  }

  /** @param until when the token would not be accepted any more, in milliseconds since the epoch */
  async function remember (jti: string, until: number): Promise<void> {
    await spent.put(`${id}:${jti}`, '', Math.max(1, Math.ceil(until - now())))
  }

  /** Encrypted or not, whatever was agreed upon: it is the signature that counts (section 2.4). */
  async function opened (token: string): Promise<string> {
    if (token.length > maxLength) throw new TokenRejected('too_large', token.length)
    return partsOf(token) === 5 ? await decrypt(token).catch(() => { throw new TokenRejected('encrypted') }) : token
  }

  /** What costs nothing comes first: a token of somebody else must not make Doorward look for new keys. */
  async function verified (token: string): Promise<Claims> {
    const { header, claims } = readJwt(token)
    requireLogoutType(header.typ)
    const server = await getServer()
    requireAlgorithm(header.alg, server)
    requireLogoutClaims(claims, { issuer: server.issuer, clientId, toleranceSeconds }, now() / 1000)
    await keys.use(server, async (set) => { await verifyJwt(token, set) }).catch(asRejection)
    return claims
  }

  return {
    async read (token) {
      const claims = await verified(await opened(token))
      const { jti, sid, sub } = claims as { jti: string, sid?: string, sub?: string }
      await requireUnused(jti)
      return { sid, sub, use: () => remember(jti, acceptedUntil(claims, toleranceSeconds) * 1000) }
    },
    learnFrom (idToken) {
      // One that is encrypted names the algorithm of that (RFC 7516 section 9).
      if (partsOf(idToken) === 3) memory.algorithm = { algorithm: decodeProtectedHeader(idToken).alg, until: now() + learnedMilliseconds }
    }
  }
}

/** Three of what is signed, five of what is encrypted (RFC 7519 section 3). */
function partsOf (token: string): number {
  return token.split('.').length
}
