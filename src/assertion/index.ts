/**
 * The signed identity assertion: a JWT by which an application can verify that a request came through Doorward and
 * for whom (RFC 7519, RFC 8725).
 *
 * Owns the keys, the JWKS, and the reuse of what was signed. It does not own who somebody is (mapping/) nor the header
 * that carries the assertion (pipeline/identity-headers.ts).
 */
import { type KeyObject } from 'node:crypto'
import { type JSONWebKeySet, SignJWT } from 'jose'
import { type AssertionAlgorithm, publishedKey, signingKey } from './keys.ts'

export { AssertionKeyError, type AssertionAlgorithm, createOwnKeys, type OwnKeys, publishedKey, signingKey } from './keys.ts'

export interface AssertionSettings {
  /** The public URL of Doorward. */
  readonly issuer: string
  readonly algorithm: AssertionAlgorithm
  /** PEM or JWK, or one that was generated. */
  readonly key: string | KeyObject
  readonly previousKeys: readonly string[]
  readonly lifetimeMilliseconds: number
}

/** What the assertion says beside its envelope. */
export type AssertionClaims = Readonly<Record<string, unknown>>

export interface Assertions {
  readonly jwks: JSONWebKeySet
  /**
   * The assertion about `holder` for an audience: signed once, then reused until half its lifetime has passed. It is
   * forgotten with the holder, so the holder is the session object itself.
   */
  about (holder: object, audience: string, claims: () => AssertionClaims): string | Promise<string>
}

interface Signed {
  readonly token: string | Promise<string>
  readonly reuseUntil: number
}

/** Distinguishes the assertion from every other JWT that the same issuer's keys might sign (RFC 8725 section 3.11). */
const tokenType = 'doorward+jwt'

/** @throws {AssertionKeyError} where a key can't be read or does not suit the algorithm. */
export async function createAssertions (settings: AssertionSettings, now: () => number): Promise<Assertions> {
  const { key, kid } = await signingKey(settings.key, settings.algorithm)
  const published = await Promise.all([key, ...settings.previousKeys].map((each) => publishedKey(each, settings.algorithm)))
  const signedFor = new WeakMap<object, Map<string, Signed>>()

  function sign (audience: string, claims: AssertionClaims, issuedAt: number): Promise<string> {
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: settings.algorithm, kid, typ: tokenType })
      .setIssuer(settings.issuer)
      .setAudience(audience)
      .setIssuedAt(issuedAt)
      .setNotBefore(issuedAt)
      .setExpirationTime(issuedAt + Math.floor(settings.lifetimeMilliseconds / 1000))
      .sign(key)
  }

  return {
    jwks: { keys: published.filter((jwk, index) => published.findIndex((other) => other.kid === jwk.kid) === index) },
    about (holder, audience, claims) {
      const byAudience = signedFor.get(holder) ?? new Map<string, Signed>()
      const known = byAudience.get(audience)
      const time = now()
      if (known !== undefined && time < known.reuseUntil) return known.token

      const reuseUntil = time + settings.lifetimeMilliseconds / 2
      const signing = sign(audience, claims(), Math.floor(time / 1000))
      signedFor.set(holder, byAudience.set(audience, { token: signing, reuseUntil }))
      // Once it is there, requests take the text itself and need not wait for a promise.
      return signing.then((token) => {
        byAudience.set(audience, { token, reuseUntil })
        return token
      })
    }
  }
}
