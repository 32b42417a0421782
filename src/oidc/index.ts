/**
 * How people sign in and out: the OpenID Connect authorization-code flow with PKCE (OpenID Connect Core section 3.1,
 * RFC 7636, RFC 9700), one file a flow, each with its own route below the base path. What the provider gave is refreshed
 * before it expires (refresh*.ts). And what an access token is worth that a program obtained elsewhere (RFC 6750):
 * bearer.ts, access-token*.ts. Groups that are in no token come from a directory (group-*.ts).
 *
 * Owns what is said to the provider and what is believed of its answers. It does not know what is behind the gateway,
 * who may reach it (access/), nor how a session is kept (sessions/).
 */
import { type FastifyInstance } from 'fastify'
import { mountBackchannelLogout } from './backchannel-logout.ts'
import { mountCallback } from './callback.ts'
import { mountClaimsPage } from './claims-page.ts'
import { mountFrontchannelLogout } from './frontchannel-logout.ts'
import { mountLogin } from './login.ts'
import { mountLogout } from './logout.ts'
import { type SignInParts } from './parts.ts'
import { mountSession } from './session.ts'
import { mountSignedOut } from './signed-out.ts'

export { clientKeySet, mountClientKeys } from './client-jwks.ts'
export { ClientKeyError, publicClientKey, readClientKey } from './client-keys.ts'
export { proxyFrom, type ProxySettings } from './provider-proxy.ts'
export { readDecryptionKey } from './decryption.ts'
export { createBearer } from './bearer.ts'
export { createLogins, createUsedLogins, type UsedLogins } from './logins.ts'
export { createRefresh, type Refresh } from './refresh.ts'
export { loggedMapping } from './logged-mapping.ts'
export { createLogouts } from './logouts.ts'
export { createRounds } from './rounds.ts'
export { type SignInParts } from './parts.ts'
export { createProvider, type Provider } from './provider.ts'
export { type AuthorizationAnswer } from './authorization-answer.ts'
export { type ClientAuthMethod } from './provider-client.ts'
export { createProviderInspection, type ProviderInspection, type PublishedMetadata } from './provider-inspection.ts'
export { shareUndici, trustedBy } from './provider-http.ts'
export { refusalOf, type Trouble, troubleOf } from './trouble.ts'
export { type ProviderSettings } from './provider-settings.ts'
export { readServiceAccount } from './service-account.ts'
export { createProviderMemories, type ProviderMemories } from './provider-memory.ts'
export { soundsLikeGroups } from './similar-claims.ts'
export { createProviders, type Providers } from './providers.ts'
export { createRefreshMemory, type RefreshMemory } from './refresh-memory.ts'

export function mountSignIn (app: FastifyInstance, parts: SignInParts): void {
  mountLogin(app, parts)
  mountCallback(app, parts)
  mountLogout(app, parts)
  mountSignedOut(app, parts)
  mountBackchannelLogout(app, parts)
  mountFrontchannelLogout(app, parts)
  mountSession(app, parts)
  mountClaimsPage(app, parts)
}
