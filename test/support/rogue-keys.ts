/** Keys and signatures of the rogue provider, and what can be wrong with them. */
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { base64url, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTHeaderParameters } from 'jose'

export type TokenHeader = JWTHeaderParameters

interface SigningKey {
  readonly privateKey: CryptoKey
  readonly publicKey: JWK
}

/** An RSA key takes its time; providers that don't rotate share the first. */
let firstKey: Promise<SigningKey> | undefined

export class SigningKeys {
  #current: SigningKey

  private constructor (current: SigningKey) {
    this.#current = current
  }

  static async create (): Promise<SigningKeys> {
    firstKey ??= createKey()
    return new SigningKeys(await firstKey)
  }

  /** The only key in the key set, unless a hook adds to it. */
  get publicKey (): JWK {
    return this.#current.publicKey
  }

  get header (): TokenHeader {
    return { alg: 'RS256', typ: 'JWT', ...(this.#current.publicKey.kid === undefined ? {} : { kid: this.#current.publicKey.kid }) }
  }

  /** Signs with the current key, or with the one given: a shared secret, for HS256. */
  async sign (claims: Readonly<Record<string, unknown>>, header: TokenHeader, key: CryptoKey | Uint8Array = this.#current.privateKey): Promise<string> {
    return await new SignJWT(claims).setProtectedHeader(header).sign(key)
  }

  /** From now on another key signs and is published; the one before is gone. */
  async rotate (): Promise<void> {
    this.#current = await createKey()
  }
}

async function createKey (): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  return { privateKey, publicKey: { ...await exportJWK(publicKey), kid: randomUUID(), alg: 'RS256', use: 'sig' } }
}

/** Without a signature: `alg: none` (RFC 7518 section 3.6). */
export function unsigned (claims: Readonly<Record<string, unknown>>): string {
  return `${base64url.encode(JSON.stringify({ alg: 'none', typ: 'JWT' }))}.${base64url.encode(JSON.stringify(claims))}.`
}

/** The same token with one bit of its signature flipped. */
export function withBrokenSignature (token: string): string {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const bytes = base64url.decode(signature)
  bytes[0] = (bytes[0] ?? 0) ^ 1
  return `${header}.${payload}.${base64url.encode(bytes)}`
}

/** Another public RSA key for RS256, as a key set may hold several. */
export async function otherRsaKey (): Promise<JWK> {
  return (await createKey()).publicKey
}

/** Keys that a client may not be able to read and has to skip: other curves, encryption, and a type nobody knows. */
export function unusableKeys (): JWK[] {
  const exported = [
    generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
    generateKeyPairSync('ed25519'),
    generateKeyPairSync('x25519')
  ].map(({ publicKey }) => ({ ...publicKey.export({ format: 'jwk' }), kid: randomUUID() }))
  return [...exported, { kty: 'unknown', kid: randomUUID(), use: 'sig' }, { kty: 'RSA', kid: randomUUID() }] as JWK[]
}
