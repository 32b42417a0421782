import { createHash } from 'node:crypto'
import { LoginProblem } from './login-problem.ts'
import { wrongTime } from './token-times.ts'

/** What an id_token of the code flow says of itself, its signature and its other claims having been checked. */
interface IdTokenClaims {
  readonly sub: string
  readonly iat: number
  readonly at_hash?: unknown
}

interface IdTokenTerms {
  /** Issued together with the id_token. */
  readonly accessToken: string
  /** Since the epoch. */
  readonly nowSeconds: number
  readonly toleranceSeconds: number
}

/** What oauth4webapi leaves to its user. @throws {LoginProblem} `id_token_invalid` */
export function requireSoundIdToken (claims: IdTokenClaims, { accessToken, nowSeconds, toleranceSeconds }: IdTokenTerms): void {
  const { sub, iat, at_hash: atHash } = claims
  // Without a subject everybody would be the same person.
  if (sub === '') throw new LoginProblem('id_token_invalid', { metadata: { claim: 'sub' } })
  if (atHash !== undefined && !isHashOf(accessToken, atHash)) throw new LoginProblem('id_token_invalid', { metadata: { claim: 'at_hash' } })
  if (iat > nowSeconds + toleranceSeconds) throw wrongTime({ claim: 'iat', found: iat, issuedAt: iat, now: Math.floor(nowSeconds), tolerance: toleranceSeconds })
}

const hashes = ['sha256', 'sha384', 'sha512']

/**
 * The left half of the access token's hash, by the hash of the signature's algorithm (OpenID Connect Core section
 * 3.1.3.8): its length tells which. Optional in the code flow; where it is there, another token was not swapped in.
 */
function isHashOf (accessToken: string, atHash: unknown): boolean {
  return hashes.some((name) => {
    const hash = createHash(name).update(accessToken).digest()
    return hash.subarray(0, hash.length / 2).toString('base64url') === atHash
  })
}
