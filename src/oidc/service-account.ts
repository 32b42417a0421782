import { type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import { ClientKeyError, readPrivateKey } from './client-keys.ts'

/** What a Google service account signs with. */
export interface ServiceAccount {
  readonly email: string
  readonly key: KeyObject
  readonly kid: string | undefined
}

/** What a service account asks for. */
export interface Grant {
  readonly audience: string
  readonly scope: string
  /** The person in whose name it acts. */
  readonly subject: string
}

const lifetimeSeconds = 300
const expected = 'expected the JSON of a service account’s key file, with client_email and private_key'

/** The addresses in the file are not used. @throws {ClientKeyError} whose message holds nothing of the key */
export function readServiceAccount (text: string): ServiceAccount {
  const { client_email: email, private_key: pem, private_key_id: kid } = parsed(text)
  if (typeof email !== 'string' || typeof pem !== 'string') throw new ClientKeyError(expected)
  const key = readPrivateKey(pem)
  if (key.asymmetricKeyType !== 'rsa') throw new ClientKeyError(`${expected}, which is an RSA key`)
  return { email, key, kid: typeof kid === 'string' ? kid : undefined }
}

function parsed (text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>
  } catch {
    throw new ClientKeyError(expected)
  }
}

/** An assertion for the JWT bearer grant (RFC 7523 section 3), as Google wants it. */
export async function signGrant ({ email, key, kid }: ServiceAccount, { audience, scope, subject }: Grant, now: number): Promise<string> {
  const issuedAt = Math.floor(now / 1000)
  return await new SignJWT({ scope })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...kid !== undefined && { kid } })
    .setIssuer(email)
    .setSubject(subject)
    .setAudience(audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + lifetimeSeconds)
    .sign(key)
}
