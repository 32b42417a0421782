import { type Session } from '../sessions/index.ts'
import { requireSecure } from './provider-http.ts'
import { type ProviderServer } from './provider-introspection.ts'
import { type ProviderSettings } from './provider-settings.ts'

/**
 * Where a browser is sent to sign out at the provider too (OpenID Connect RP-Initiated Logout section 2), or
 * `undefined` where there is no such place.
 *
 * @param state comes back with the browser, if the provider sends it back
 * @throws where the place is not one to send an id_token to
 */
export function endSessionUrl (server: ProviderServer, settings: ProviderSettings, { identity, tokens }: Session, state: string): URL | undefined {
  const { clientId, logout } = settings
  if (!hasEndSession(server, settings) || server.end_session_endpoint === undefined) return undefined
  requireSecure(server.end_session_endpoint, settings.issuer.startsWith('http:'))
  const url = new URL(server.end_session_endpoint)
  const whose = tokens?.idToken === undefined ? { logout_hint: identity.user } : { id_token_hint: tokens.idToken }
  const wayBack = logout.returnHere ? { post_logout_redirect_uri: logout.signedOutUri, state } : {}
  for (const [name, value] of Object.entries({ ...whose, client_id: clientId, ...wayBack })) url.searchParams.set(name, value)
  return url
}

/** As long as one cookie is, sealed: a longer one would cost every request more than the sign-out gains. */
const longestHint = 2_900

/** The id_token, where it will be of use at the sign-out and is short enough to be kept until then. */
export function hintToKeep (server: ProviderServer, settings: ProviderSettings, idToken: string): string | undefined {
  return hasEndSession(server, settings) && idToken.length <= longestHint ? idToken : undefined
}

function hasEndSession (server: ProviderServer, { logout }: ProviderSettings): boolean {
  return logout.atProvider && server.end_session_endpoint !== undefined
}
