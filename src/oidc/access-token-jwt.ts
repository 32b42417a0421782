import { compactVerify, decodeJwt, decodeProtectedHeader, type ProtectedHeaderParameters } from 'jose'
import { type Claims } from '../mapping/index.ts'
import { type KeySet } from './provider-keys.ts'
import { TokenRejected } from './token-rejected.ts'

/** Asymmetric alone: with a shared secret, or with the public key for one, anybody could sign (RFC 8725 sections 2.1 and 3.1). */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

/** A token as it can be read. Nobody has vouched for any of it yet. */
export interface UnverifiedJwt {
  readonly header: ProtectedHeaderParameters
  readonly claims: Claims
}

/** Whether the token is a signed or an encrypted JWT by its shape: an opaque one may have dots too. */
export function looksLikeJwt (token: string): boolean {
  return [3, 5].includes(token.split('.').length) && headerOf(token)?.alg !== undefined
}

/** Header and claims, of a token that can be verified at all. @param accepted how it may be signed @throws {TokenRejected} */
export function readJwt (token: string, accepted: readonly string[] = algorithms): UnverifiedJwt {
  const header = headerOf(token)
  if (header === undefined) throw new TokenRejected('malformed')
  if (token.split('.').length === 5) throw new TokenRejected('encrypted')
  if (!accepted.includes(header.alg ?? '')) throw new TokenRejected('algorithm', header.alg)
  if (header.crit !== undefined) throw new TokenRejected('critical')
  return { header, claims: claimsOf(token) }
}

/** The keys are the provider's: `jku`, `jwk`, `x5u` and `x5c` in the header mean nothing (RFC 8725 section 3.10). @throws {TokenRejected} and what jose throws for a key that is not known */
export async function verifyJwt (token: string, { keyFor }: KeySet): Promise<void> {
  await compactVerify(token, keyFor, { algorithms })
}

/** What jose found wrong with the token; everything else is none of the token's doing, and thrown on. */
export function asRejection (error: unknown): never {
  const code = String((error as { code?: unknown } | null)?.code)
  if (code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') throw new TokenRejected('signature')
  if (code === 'ERR_JWKS_NO_MATCHING_KEY' || code === 'ERR_JWKS_MULTIPLE_MATCHING_KEYS') throw new TokenRejected('key_unknown')
  if (/^ERR_(JWS|JOSE)_/.test(code)) throw new TokenRejected('malformed')
  throw error
}

function headerOf (token: string): ProtectedHeaderParameters | undefined {
  try {
    return decodeProtectedHeader(token)
  } catch {
    return undefined
  }
}

function claimsOf (token: string): Claims {
  try {
    return decodeJwt(token)
  } catch {
    throw new TokenRejected('malformed')
  }
}
