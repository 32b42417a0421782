import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, type JWK } from 'jose'

/** A private key that the client signs with, and what it is called. */
export interface ClientKey {
  readonly key: KeyObject
  readonly kid: string
  /** What it can sign with, the best first; the last is what every provider of its kind knows. */
  readonly algorithms: readonly string[]
}

export interface ClientKeyTerms {
  /** Nothing that FAPI 2.0 forbids (section 5.4.1): no RS256. */
  readonly isStrict?: boolean
}

/** A key that can't do what it is configured for. The message holds nothing of the key. */
export class ClientKeyError extends Error {
  override readonly name = 'ClientKeyError'
}

/** PEM (PKCS #8, PKCS #1 or SEC 1) or JWK text. @throws {ClientKeyError} */
export async function readClientKey (text: string, terms: ClientKeyTerms = {}): Promise<ClientKey> {
  const key = readKey(text, createPrivateKey, 'expected a private key as PEM or JWK, without a passphrase')
  return { key, kid: await kidOf(text, key), algorithms: algorithmsOf(text, key, terms) }
}

/** The public half as the key set shows it (RFC 7517 section 4). @throws {ClientKeyError} */
export async function publicClientKey (text: string, terms: ClientKeyTerms = {}): Promise<JWK> {
  const key = readKey(text, createPublicKey, 'expected a private or public key as PEM or JWK')
  const algorithms = algorithmsOf(text, key, terms)
  const [only] = algorithms
  return { ...publicJwk(key), kid: await kidOf(text, key), use: 'sig', ...(algorithms.length === 1 && only !== undefined && { alg: only }) }
}

const shortestRsaBits = 2048
const curveAlgorithms: Readonly<Record<string, readonly string[]>> = { prime256v1: ['ES256'], secp384r1: ['ES384'], secp521r1: ['ES512'] }

function algorithmsOf (text: string, key: KeyObject, { isStrict = false }: ClientKeyTerms): readonly string[] {
  const possible = possibleAlgorithms(key).filter((algorithm) => !isStrict || strictAlgorithms.includes(algorithm))
  const named = jwkIn(text)?.alg
  const allowed = named === undefined ? possible : possible.filter((algorithm) => algorithm === named)
  if (allowed.length > 0) return allowed
  throw new ClientKeyError(`the key can’t be used: expected RSA of at least ${shortestRsaBits} bits, EC on ${isStrict ? 'P-256' : 'P-256, P-384 or P-521'}, or Ed25519${named === undefined ? '' : ', with an `alg` that suits it'}`)
}

/** FAPI 2.0 Security Profile section 5.4.1. */
export const strictAlgorithms: readonly string[] = ['PS256', 'ES256', 'Ed25519', 'EdDSA']

function possibleAlgorithms (key: KeyObject): readonly string[] {
  const { asymmetricKeyType, asymmetricKeyDetails: { modulusLength = 0, namedCurve = '' } = {} } = key
  switch (asymmetricKeyType) {
    case 'rsa': return modulusLength >= shortestRsaBits ? ['PS256', 'RS256'] : []
    case 'ec': return curveAlgorithms[namedCurve] ?? []
    // One algorithm under two names: RFC 9864 gave it the first, everybody knows the second.
    case 'ed25519': return ['Ed25519', 'EdDSA']
    default: return []
  }
}

/** A JWK may bring its name, under which the provider knows it; any other is called by its thumbprint (RFC 7638). */
async function kidOf (text: string, key: KeyObject): Promise<string> {
  const named: unknown = jwkIn(text)?.kid
  return typeof named === 'string' ? named : await calculateJwkThumbprint(publicJwk(key))
}

function publicJwk (key: KeyObject): JWK {
  return (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' }) as JWK
}

function readKey (text: string, read: typeof createPrivateKey | typeof createPublicKey, expected: string): KeyObject {
  try {
    const jwk = jwkIn(text)
    return jwk === undefined ? read(text) : read({ key: jwk as Record<string, unknown>, format: 'jwk' })
  } catch {
    // OpenSSL's own message can quote the input.
    throw new ClientKeyError(expected)
  }
}

function jwkIn (text: string): JWK | undefined {
  return text.trimStart().startsWith('{') ? JSON.parse(text) as JWK : undefined
}
