import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, type JWK } from 'jose'

export type AssertionAlgorithm = 'ES256' | 'EdDSA' | 'RS256' | 'PS256'

export interface SigningKey {
  readonly key: KeyObject
  readonly kid: string
}

/** A key that can't do what it is configured for. The message holds nothing of the key. */
export class AssertionKeyError extends Error {
  override readonly name = 'AssertionKeyError'
}

/** The signing key: PEM (PKCS #8, PKCS #1 or SEC 1) or JWK text, or one that was generated. */
export async function signingKey (text: string | KeyObject, algorithm: AssertionAlgorithm): Promise<SigningKey> {
  const key = typeof text === 'string' ? readPrivateKey(text) : text
  const publicKey = createPublicKey(key)
  if (!suits(publicKey, algorithm)) throw new AssertionKeyError(`the key is not one for ${algorithm}`)
  return { key, kid: await calculateJwkThumbprint(publicKey.export({ format: 'jwk' }) as JWK) }
}

/**
 * The public half of a key as the JWKS shows it (RFC 7517), named by its thumbprint (RFC 7638) so that every replica
 * gives one key the same name. The algorithm follows from the kind of key; an RSA key serves RS256 and PS256 alike.
 */
export async function publishedKey (text: string | KeyObject, algorithm: AssertionAlgorithm): Promise<JWK> {
  const publicKey = typeof text === 'string' ? readPublicKey(text) : createPublicKey(text)
  const jwk = publicKey.export({ format: 'jwk' }) as JWK
  const suited = [algorithm, ...algorithms].find((candidate) => suits(publicKey, candidate))
  if (suited === undefined) throw new AssertionKeyError('the key is none of EC P-256, Ed25519 and RSA')
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), use: 'sig', alg: suited }
}

/** Keys for where none is configured: one for each algorithm, the same for as long as the process runs. */
export type OwnKeys = (algorithm: AssertionAlgorithm) => KeyObject

export function createOwnKeys (): OwnKeys {
  const keys = new Map<AssertionAlgorithm, KeyObject>()
  return (algorithm) => {
    const key = keys.get(algorithm) ?? generateKey(algorithm)
    keys.set(algorithm, key)
    return key
  }
}

const algorithms: readonly AssertionAlgorithm[] = ['ES256', 'EdDSA', 'RS256', 'PS256']

function suits (key: KeyObject, algorithm: AssertionAlgorithm): boolean {
  switch (algorithm) {
    case 'ES256': return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1'
    case 'EdDSA': return key.asymmetricKeyType === 'ed25519'
    case 'RS256':
    case 'PS256': return key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048
  }
}

function generateKey (algorithm: AssertionAlgorithm): KeyObject {
  switch (algorithm) {
    case 'ES256': return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    case 'EdDSA': return generateKeyPairSync('ed25519').privateKey
    case 'RS256':
    case 'PS256': return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  }
}

function readPrivateKey (text: string): KeyObject {
  try {
    return isJwk(text) ? createPrivateKey({ key: JSON.parse(text), format: 'jwk' }) : createPrivateKey(text)
  } catch {
    // OpenSSL's own message can quote the input.
    throw new AssertionKeyError('expected a private key as PEM or JWK, without a passphrase')
  }
}

function readPublicKey (text: string): KeyObject {
  try {
    return isJwk(text) ? createPublicKey({ key: JSON.parse(text), format: 'jwk' }) : createPublicKey(text)
  } catch {
    throw new AssertionKeyError('expected a private or public key as PEM or JWK')
  }
}

function isJwk (text: string): boolean {
  return text.trimStart().startsWith('{')
}
