import { type IncomingMessage } from 'node:http'
import { jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose'

/** Who asks, as the headers of profile `doorward` say it; nobody when there is no `X-Auth-User`. */
export interface Person {
  readonly user: string
  readonly subject: string | undefined
  readonly email: string | undefined
  readonly name: string | undefined
  readonly groups: readonly string[]
  readonly roles: readonly string[]
}

/** What came of checking `X-Auth-Assertion`. */
export type AssertionResult =
  | { readonly verified: true, readonly algorithm: string, readonly keyId: string | undefined, readonly claims: JWTPayload }
  | { readonly verified: false, readonly reason: string }

export interface Received {
  readonly method: string
  readonly url: string
  readonly person: Person | undefined
  readonly assertion: AssertionResult | undefined
  /** Names and values in the order and spelling in which they came. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
}

export interface Trust {
  readonly keys: JWTVerifyGetKey
  readonly issuer: string
  readonly audience: string
}

/** What a request told us, and whether its assertion bears that out. */
export async function readRequest (request: IncomingMessage, trust: Trust): Promise<Received> {
  const token = request.headers['x-auth-assertion']
  return {
    method: request.method ?? '',
    url: request.url ?? '',
    person: readPerson(request.headers),
    assertion: typeof token === 'string' ? await verifyAssertion(token, trust) : undefined,
    headers: pairs(request.rawHeaders)
  }
}

function readPerson (headers: IncomingMessage['headers']): Person | undefined {
  const user = decode(headers['x-auth-user'])
  if (user === undefined) return undefined
  return {
    user,
    subject: decode(headers['x-auth-subject']),
    email: decode(headers['x-auth-email']),
    name: decode(headers['x-auth-name']),
    groups: list(headers['x-auth-groups']),
    roles: list(headers['x-auth-roles'])
  }
}

/** Doorward writes whatever is not visible ASCII as percent-encoded UTF-8. */
function decode (value: string | string[] | undefined): string | undefined {
  if (typeof value !== 'string') return undefined
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

/** Split first: a comma inside a value comes as %2C. */
function list (value: string | string[] | undefined): string[] {
  if (typeof value !== 'string' || value === '') return []
  return value.split(',').map((item) => decode(item) ?? item)
}

/** The five things to pin: key, algorithm, type, issuer and audience (RFC 8725 sections 3.1, 3.8, 3.9 and 3.11). */
async function verifyAssertion (token: string, { keys, issuer, audience }: Trust): Promise<AssertionResult> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer, audience, typ: 'doorward+jwt', algorithms: ['ES256'] })
    return { verified: true, algorithm: protectedHeader.alg, keyId: protectedHeader.kid, claims: payload }
  } catch (error) {
    return { verified: false, reason: error instanceof Error ? error.message : String(error) }
  }
}

function pairs (rawHeaders: readonly string[]): Array<readonly [string, string]> {
  return rawHeaders.flatMap((name, index) => index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ''] as const] : [])
}
