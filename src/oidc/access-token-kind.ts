import { type Claims } from '../mapping/index.ts'
import { audiencesOf } from './access-token-claims.ts'
import { TokenRejected } from './token-rejected.ts'

/** Keycloak, Entra ID, Okta and others send `JWT` or nothing in place of the type that RFC 9068 section 2.1 gives. */
const explicitType = 'at+jwt'
const acceptedTypes: readonly unknown[] = [undefined, 'jwt', explicitType]

/** What Keycloak (`typ`), Cognito and Hydra (`token_use`) and the answers about tokens (`token_type`) call an access token. */
const accessTokenKinds: readonly unknown[] = ['bearer', 'access', 'access_token']

/** Claims that only an id_token has (OpenID Connect Core sections 2 and 3.3.2.11, FAPI 1.0 part 2). */
const idTokenMarks = ['nonce', 'at_hash', 'c_hash', 's_hash']
/** Claims that an id_token has no use for: what the token allows, and which client got it, as providers name it. */
const accessTokenMarks = ['scope', 'scp', 'client_id', 'azpacr', 'appidacr']

/**
 * Refuses what the provider has signed for other purposes: id_tokens, logout tokens, refresh tokens, and whatever else
 * bears its signature. One kind of token must not do for another (RFC 8725 sections 3.11 and 3.12).
 *
 * @throws {TokenRejected}
 */
export function requireAccessToken (header: { readonly typ?: unknown }, claims: Claims, clientId: string): void {
  const type = mediaTypeOf(header.typ)
  if (!acceptedTypes.includes(type)) throw new TokenRejected('kind', type)
  requireNoOtherKind(claims)
  // Keycloak says `Bearer` in a claim, and older versions of it repeat the nonce in every token.
  if (type === explicitType || claims['typ'] !== undefined) return
  const mark = idTokenMarks.find((name) => Object.hasOwn(claims, name))
  if (mark !== undefined) throw new TokenRejected('kind', mark)
  // The client id is what an id_token is made out to. Where it is accepted, the token has to show what it is.
  const isForClient = audiencesOf(claims['aud'])?.includes(clientId) === true
  if (isForClient && !accessTokenMarks.some((name) => Object.hasOwn(claims, name))) throw new TokenRejected('kind', 'aud')
}

/** What the claims themselves call something else, in a JWT or in the provider's answer about a token. @throws {TokenRejected} */
export function requireNoOtherKind (claims: Claims): void {
  // Logout tokens and other security events (RFC 8417 section 2.2).
  if (claims['events'] !== undefined) throw new TokenRejected('kind', 'events')
  for (const name of ['typ', 'token_type', 'token_use']) {
    const kind = claims[name]
    if (kind === undefined || accessTokenKinds.includes(lowerCase(kind))) continue
    throw new TokenRejected(lowerCase(kind) === 'dpop' ? 'sender_constrained' : 'kind', kind)
  }
}

/** `typ` of a header, without the prefix that may be left out (RFC 7515 section 4.1.9). */
export function mediaTypeOf (typ: unknown): unknown {
  const type = lowerCase(typ)
  return typeof type === 'string' ? type.replace(/^application\//, '') : type
}

function lowerCase (value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value
}
