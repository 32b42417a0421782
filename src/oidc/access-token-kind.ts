import { type Claims } from '../mapping/index.ts'
import { audiencesOf } from './access-token-claims.ts'
import { TokenRejected } from './token-rejected.ts'

/** Keycloak, Entra ID, Okta and others send `JWT` or nothing in place of the type that RFC 9068 section 2.1 gives. */
const explicitType = 'at+jwt'
const acceptedTypes: ReadonlyArray<string | undefined> = [undefined, 'jwt', explicitType]

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
  const type = typeof header.typ === 'string' ? header.typ.toLowerCase().replace(/^application\//, '') : header.typ
  if (!acceptedTypes.includes(type as string | undefined)) throw new TokenRejected('kind', type)
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
export function requireNoOtherKind ({ events, typ, token_type: tokenType }: Claims): void {
  // Logout tokens and other security events (RFC 8417 section 2.2).
  if (events !== undefined) throw new TokenRejected('kind', 'events')
  if (typ !== undefined && !isText(typ, 'bearer')) throw new TokenRejected('kind', typ)
  if (isText(tokenType, 'dpop')) throw new TokenRejected('sender_constrained')
}

function isText (value: unknown, text: string): boolean {
  return typeof value === 'string' && value.toLowerCase() === text
}
