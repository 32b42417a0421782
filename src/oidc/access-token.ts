import { type Claims } from '../mapping/index.ts'
import { isNumericDate, requireClaims, type TokenTerms } from './access-token-claims.ts'
import { asRejection, looksLikeJwt, readJwt, verifyJwt } from './access-token-jwt.ts'
import { requireAccessToken, requireNoOtherKind } from './access-token-kind.ts'
import { createGate } from './gate.ts'
import { canAuthenticate } from './provider-client.ts'
import { type Introspect, type ProviderServer } from './provider-introspection.ts'
import { type ProviderKeys } from './provider-keys.ts'
import { signingAlgorithmsUnder } from './provider-profile.ts'
import { type ProviderSettings } from './provider-settings.ts'
import { TokenRejected } from './token-rejected.ts'

/** An access token of the provider, after every check. */
export interface AccessToken {
  readonly claims: Claims
  /** Until when the checks need not be made again; milliseconds since the epoch. */
  readonly trustedUntil: number
  /** The end of the token itself, where it names one. */
  readonly expiresAt: number | undefined
}

/** @throws {TokenRejected}; anything else means that the token could not be checked */
export type ReadAccessToken = (token: string) => Promise<AccessToken>

export interface AccessTokenParts {
  readonly getServer: () => Promise<ProviderServer>
  readonly keys: ProviderKeys
  readonly introspect: Introspect
  readonly now: () => number
}

/** Entra ID stays below 8 KiB with 200 groups. */
const maxLength = 16 * 1024
/** How long a signature is trusted: for that long a key that the provider withdrew still opens what it has opened. */
const trustMilliseconds = 5 * 60 * 1000
/** Tokens that nobody issued must not become a flood at the provider, in the name of our client. */
const introspections = { running: 20, waiting: 500 }

/** Checks JWT access tokens by their signature (RFC 9068 section 4), others by asking the provider (RFC 7662). */
export function createAccessTokens (settings: ProviderSettings, { getServer, keys, introspect, now }: AccessTokenParts): ReadAccessToken {
  const { clientId, bearer } = settings
  const algorithms = signingAlgorithmsUnder(settings.profile)
  const toleranceSeconds = settings.clockToleranceMilliseconds / 1000
  const throughGate = createGate(introspections)

  function termsOf ({ issuer }: ProviderServer, mayLack: TokenTerms['mayLack']): TokenTerms {
    return { issuer, audiences: bearer.audiences, toleranceSeconds, mayLack }
  }

  function trusted (claims: Claims, longestMilliseconds: number): AccessToken {
    const longest = now() + longestMilliseconds
    const { exp } = claims
    const expiresAt = isNumericDate(exp) ? (exp + toleranceSeconds) * 1000 : undefined
    return { claims, trustedUntil: Math.min(longest, expiresAt ?? Infinity), expiresAt }
  }

  /** What costs nothing comes first: a token of somebody else must not make Doorward look for new keys. */
  async function fromJwt (server: ProviderServer, token: string): Promise<AccessToken> {
    const { header, claims } = readJwt(token, algorithms)
    requireAccessToken(header, claims, clientId)
    requireClaims(claims, termsOf(server, []), now() / 1000)
    await keys.use(server, async (set) => { await verifyJwt(token, set) }).catch(asRejection)
    return trusted(claims, trustMilliseconds)
  }

  async function fromProvider (server: ProviderServer, token: string): Promise<AccessToken> {
    const answer = await throughGate(() => introspect(server, token))
    if (!answer.active) throw new TokenRejected('inactive')
    requireNoOtherKind(answer)
    // A refresh token is active too, and says neither.
    if (answer['aud'] === undefined && answer['token_type'] === undefined) throw new TokenRejected('kind')
    requireClaims(answer, termsOf(server, bearer.introspection.requireAudience ? ['iss', 'exp'] : ['iss', 'exp', 'aud']), now() / 1000)
    return trusted(answer, bearer.cacheMilliseconds)
  }

  return async (token) => {
    if (token.length > maxLength) throw new TokenRejected('too_large', token.length)
    const isJwt = bearer.tokens === 'jwt' || (bearer.tokens === 'auto' && looksLikeJwt(token))
    const server = await getServer()
    if (isJwt) return await fromJwt(server, token)
    const canAsk = server.introspection_endpoint !== undefined && canAuthenticate(settings)
    if (!canAsk && bearer.tokens === 'auto') throw new TokenRejected('malformed')
    return await fromProvider(server, token)
  }
}
