/** Where a test can put its hand in the rogue provider's answers: one hook an endpoint. */
import { type IncomingHttpHeaders } from 'node:http'
import { type JWK } from 'jose'
import { type Raw } from './rogue-answers.ts'
import { type SigningKeys, type TokenHeader } from './rogue-keys.ts'

export type Claims = Readonly<Record<string, unknown>>
/** What an endpoint answers: JSON with status 200, or exactly what a `raw()` says. */
export type Body = Claims | readonly unknown[] | string | number | boolean | null | Raw

type MaybePromise<Value> = Value | Promise<Value>

export interface RogueHooks {
  discovery?: (document: Claims) => MaybePromise<Body>
  /** Parameters of the redirect back: `code`, `state`, `iss`. A list repeats a parameter. */
  authorize?: (parameters: Readonly<Record<string, string>>) => MaybePromise<Readonly<Record<string, string | readonly string[]>> | Raw>
  /** Claims are signed with the honest header and the current key; text is taken for the whole token. */
  idToken?: (claims: Claims, header: TokenHeader, keys: SigningKeys) => MaybePromise<Claims | string>
  /** The answer to a pushed authorization request, in place of the reference. */
  par?: (request: { readonly headers: IncomingHttpHeaders }) => MaybePromise<Body | undefined>
  token?: (answer: Claims, headers: IncomingHttpHeaders) => MaybePromise<Body>
  /** The answer to a refresh token that is good. */
  refresh?: (answer: Claims) => MaybePromise<Body>
  /** The answer to client credentials that are good; without it they are refused. */
  clientCredentials?: (form: URLSearchParams) => MaybePromise<Body>
  userinfo?: (claims: Claims, headers: IncomingHttpHeaders) => MaybePromise<Body>
  /** What there is to say of a token. */
  introspection?: (token: string) => MaybePromise<Body>
  /** Announced where it is given. What it answers to a token that is to be revoked. */
  revocation?: (form: URLSearchParams) => MaybePromise<Body>
  /** Announced where it is given. Parameters of the redirect back after a sign-out: `state`. */
  endSession?: (parameters: Readonly<Record<string, string>>) => MaybePromise<Readonly<Record<string, string | readonly string[]>> | Raw>
  jwks?: (set: { keys: JWK[] }) => MaybePromise<Body>
}
