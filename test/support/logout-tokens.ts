/** What a provider posts when a session there has ended (OpenID Connect Back-Channel Logout section 2.5). */
import { randomUUID } from 'node:crypto'
import { type Claims } from './rogue-hooks.ts'
import { type RogueProvider } from './rogue-provider.ts'
import { sawSecret } from './secrets-seen.ts'

export const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'

/** The claims of an honest logout token about the rogue's only person, and the session `provider-session`. */
export function logoutClaims ({ issuer, clientId }: RogueProvider, changes: Claims = {}): Claims {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: issuer, aud: clientId, sub: 'rogue-1', sid: 'provider-session', iat: now, exp: now + 120, jti: randomUUID(), events: { [logoutEvent]: {} }, ...changes }
  // What is undefined is not there.
  return JSON.parse(JSON.stringify(claims)) as Claims
}

/** The same, signed as the rogue signs its id_tokens. */
export async function logoutToken (rogue: RogueProvider, changes: Claims = {}): Promise<string> {
  return await rogue.keys.sign(logoutClaims(rogue, changes), { ...rogue.keys.header, typ: 'logout+jwt' })
}

/** Posts a logout token to the gateway of this origin. @param fields beside it, or in its place */
export async function postLogout (origin: string, token: string, fields: Readonly<Record<string, string>> = {}): Promise<Response> {
  sawSecret('logout token', token)
  return await fetch(`${origin}/oidc/backchannel-logout`, { method: 'POST', body: new URLSearchParams({ logout_token: token, ...fields }) })
}
