/**
 * Every secret that came by in a test: what browsers, providers, applications and raw connections of this folder sent and
 * received. A gateway that ends must not have written any of it down (gateway.ts).
 */
import { type IncomingHttpHeaders } from 'node:http'

/** Secret → what it is. Of the whole file of tests: what one gateway was told, no other should know. */
const seen = new Map<string, string>()

/** Shorter ones are no secrets, and might stand anywhere by accident. */
const shortestSecret = 16
/** Nor is what a test has made long by repeating a letter. */
const fewestCharacters = 6

const secretParameters = [
  'code', 'state', 'nonce', 'code_verifier', 'code_challenge', 'client_secret', 'client_assertion', 'request', 'request_uri',
  'access_token', 'refresh_token', 'id_token', 'id_token_hint', 'logout_token', 'token', 'assertion', 'password'
]

const secretHeaders = ['authorization', 'dpop', 'x-auth-assertion', 'x-forwarded-access-token', 'oidc_access_token', 'oidc_refresh_token', 'oidc_id_token']

/** @param what for the message, such as `a code` */
export function sawSecret (what: string, text: unknown): void {
  if (typeof text !== 'string' || text.length < shortestSecret || new Set(text).size < fewestCharacters) return
  for (const form of [text, encodeURIComponent(text)]) if (!seen.has(form)) seen.set(form, what)
}

/** Of an address, a form, or the JSON of a token response. */
export function sawParameters (parameters: URLSearchParams | Readonly<Record<string, unknown>>): void {
  for (const name of secretParameters) sawSecret(name, parameters instanceof URLSearchParams ? parameters.get(name) : parameters[name])
}

export function sawHeaders (headers: IncomingHttpHeaders): void {
  for (const name of secretHeaders) for (const text of [headers[name]].flat()) sawSecret(name, text?.replace(/^(Bearer|Basic|DPoP) /i, ''))
  sawCookies(headers.cookie)
}

function sawCookies (header = ''): void {
  for (const pair of header.split(';')) sawCookie(pair.trim())
}

/** @param line a pair, or a whole Set-Cookie header */
export function sawCookie (line: string): void {
  const [, name = '', value] = /^([^=;]*)=([^;]*)/.exec(line) ?? []
  sawSecret(`cookie ${name}`, value)
}

/** In bytes as they were sent. */
export function sawBytes (bytes: string): void {
  for (const [, name = '', value = ''] of bytes.matchAll(/^(authorization|cookie):[ \t]*([^\r\n]*)/gim)) sawHeaders({ [name.toLowerCase()]: value })
}

/** What of it stands in the text: whole, or a piece long enough to be of use. */
export function secretsIn (text: string): string[] {
  return [...seen].filter(([secret]) => text.includes(secret.length > 60 ? secret.slice(10, 50) : secret)).map(([secret, what]) => `${what} (${secret.slice(0, 24)}…)`)
}

/** What kinds there were so far. */
export function secretsSeen (): Set<string> {
  return new Set(seen.values())
}
