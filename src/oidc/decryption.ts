import { type KeyObject } from 'node:crypto'
import { compactDecrypt, decodeProtectedHeader, type CompactJWEHeaderParameters, type JWK } from 'jose'
import { ClientKeyError, kidOf, publicJwk, readPrivateKey } from './client-keys.ts'

/** A private key that providers encrypt for. */
export interface DecryptionKey {
  readonly key: KeyObject
  readonly kid: string
}

/** Turns an encrypted token into the signed one within. @throws {DecryptionError} */
export type Decrypt = (token: string) => Promise<string>

/** A token that can't be decrypted (`DECRYPTION_FAILED`). The message holds nothing of it. */
class DecryptionError extends Error {
  override readonly name = 'DecryptionError'
  readonly code = 'DECRYPTION_FAILED'
}

/** What can't be attacked by whoever sees the errors: no RSA1_5 (RFC 8725 section 3.2), nothing with a shared secret. */
const keyAlgorithms = ['RSA-OAEP-256', 'RSA-OAEP', 'ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW']
const contentAlgorithms = ['A128GCM', 'A192GCM', 'A256GCM', 'A128CBC-HS256', 'A192CBC-HS384', 'A256CBC-HS512']
const curves = ['prime256v1', 'secp384r1', 'secp521r1']

/** PEM or JWK text. @throws {ClientKeyError} */
export async function readDecryptionKey (text: string): Promise<DecryptionKey> {
  const key = readPrivateKey(text)
  const { asymmetricKeyType, asymmetricKeyDetails: { modulusLength = 0, namedCurve = '' } = {} } = key
  const isUsable = asymmetricKeyType === 'x25519' || (asymmetricKeyType === 'rsa' && modulusLength >= 2048) || curves.includes(namedCurve)
  if (!isUsable) throw new ClientKeyError('the key can’t be used: expected RSA of at least 2048 bits, EC on P-256, P-384 or P-521, or X25519')
  return { key, kid: await kidOf(text, key) }
}

/** The public half as the key set shows it (RFC 7517 section 4). @throws {ClientKeyError} */
export async function publicDecryptionKey (text: string): Promise<JWK> {
  const { key, kid } = await readDecryptionKey(text)
  return { ...publicJwk(key), kid, use: 'enc' }
}

export function createDecryption (keys: readonly DecryptionKey[]): Decrypt {
  return async (token) => {
    const header = headerOf(token)
    const suited = keys.filter(({ key, kid }) => (header.kid === undefined || header.kid === kid) && suits(key, header.alg))
    for (const { key } of suited) {
      const plain = await attempt(token, key)
      if (plain !== undefined) return plain
    }
    const reason = keys.length === 0 ? 'provider.decryptionKeys are not configured' : suited.length === 0 ? 'no key of provider.decryptionKeys is the one it is for' : 'it is damaged, or its algorithm is not accepted'
    // `alg` tells that it is the token that is wrong: see provider-failure.ts.
    throw new DecryptionError(`the provider sent an encrypted token that can’t be decrypted: ${reason}`, header.alg === undefined ? {} : { cause: { alg: header.alg, enc: header.enc } })
  }
}

async function attempt (token: string, key: KeyObject): Promise<string | undefined> {
  try {
    // A small token must not become a large one in memory.
    const { plaintext } = await compactDecrypt(token, key, { keyManagementAlgorithms: keyAlgorithms, contentEncryptionAlgorithms: contentAlgorithms, maxDecompressedLength: 0 })
    return new TextDecoder().decode(plaintext)
  } catch {
    return undefined
  }
}

function headerOf (token: string): Partial<CompactJWEHeaderParameters> {
  try {
    return decodeProtectedHeader(token) as CompactJWEHeaderParameters
  } catch {
    return {}
  }
}

function suits (key: KeyObject, algorithm: unknown): boolean {
  return String(algorithm).startsWith('RSA') === (key.asymmetricKeyType === 'rsa')
}
