import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { errors, interactionPolicy, type Configuration, type Context, type Grant, type ProtocolContext } from 'oidc-provider'
import { pageHeaders } from './page.ts'
import { type People } from './people.ts'
import { messagePage, signOutPage } from './provider-pages.ts'

/** Audience → whether its access tokens are JWTs or can only be looked up at the provider. */
export type Apis = Readonly<Record<string, 'jwt' | 'opaque'>>

const apiScope = 'read'
const hour = 3600
const emailClaims = ['email', 'email_verified']

/** Everything about oidc-provider that does not depend on where it runs. */
export async function providerConfiguration (people: People, claimsInIdToken: boolean, apis: Apis): Promise<Configuration & { features: Configuration }> {
  return {
    jwks: { keys: await Promise.all([signingKey('RS256'), signingKey('ES256')]) },
    claims: { openid: ['sub'], email: emailClaims, profile: profileClaims(people) },
    conformIdTokenClaims: !claimsInIdToken,
    findAccount: (_context: Context, sub: string) => findAccount(people, sub),
    extraTokenClaims: (_context: Context, { accountId }: { accountId?: string }) => people[accountId ?? ''],
    loadExistingGrant: (context: ProtocolContext) => grantWhatIsAsked(context, Object.keys(apis)),
    issueRefreshToken: (_context: Context, client: ProtocolContext['oidc']['client']) => client.grantTypeAllowed('refresh_token'),
    interactions: { policy: policy(), url: (_context: Context, interaction: { uid: string }) => `/interaction/${interaction.uid}` },
    clientBasedCORS: () => false,
    renderError,
    // Its own guard against requests to internal addresses would keep it from a gateway on loopback.
    fetch: (url: URL, { dispatcher: _, ...options }: RequestInit & { dispatcher?: unknown }) => fetch(url, options),
    ttl: { AccessToken: hour, AuthorizationCode: 60, ClientCredentials: hour, Grant: 12 * hour, IdToken: hour, Interaction: hour, RefreshToken: 12 * hour, Session: 12 * hour },
    features: {
      backchannelLogout: { enabled: true },
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: { enabled: Object.keys(apis).length > 0, getResourceServerInfo: (_context: Context, audience: string) => resourceServer(apis, audience) },
      revocation: { enabled: true, allowedPolicy: () => true },
      rpInitiatedLogout: { enabled: true, logoutSource: askToSignOut, postLogoutSuccessSource: saySignedOut }
    }
  }
}

async function signingKey (alg: 'RS256' | 'ES256'): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  return { ...await exportJWK(privateKey), alg, use: 'sig' }
}

/** Whatever any of the people has comes with `profile`, groups too, so that the usual scopes are enough. */
function profileClaims (people: People): string[] {
  const names = new Set(Object.values(people).flatMap((claims) => Object.keys(claims)))
  return [...names].filter((name) => !emailClaims.includes(name))
}

function findAccount (people: People, sub: string) {
  const claims = Object.hasOwn(people, sub) ? people[sub] : undefined
  if (claims === undefined) return undefined
  return { accountId: sub, claims: () => ({ ...claims, sub }) }
}

function resourceServer (apis: Apis, audience: string): object {
  if (!Object.hasOwn(apis, audience)) throw new errors.InvalidTarget()
  return { audience, scope: apiScope, accessTokenFormat: apis[audience] }
}

/** The client is the company's own: nobody is asked whether it may have what it asks for. */
async function grantWhatIsAsked (context: ProtocolContext, apis: readonly string[]): Promise<Grant | undefined> {
  const { provider, session, client, requestParamOIDCScopes } = context.oidc
  const known = session?.grantIdFor(client.clientId)
  const earlier = known === undefined ? undefined : await provider.Grant.find(known)
  const grant = earlier ?? new provider.Grant({ accountId: session?.accountId, clientId: client.clientId })
  grant.addOIDCScope([...requestParamOIDCScopes].join(' '))
  for (const api of apis) grant.addResourceScope(api, apiScope)
  await grant.save()
  return grant
}

/** The usual prompts, and `select_account`, which leads to the same page as `login`. */
function policy (): unknown {
  const prompts = interactionPolicy.base()
  prompts.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0)
  return prompts
}

function askToSignOut (context: Context, form: string): void {
  respond(context, signOutPage(form))
}

function saySignedOut (context: Context): void {
  respond(context, messagePage('You are signed out', 'You can close this page.'))
}

function renderError (context: Context, error: { error: string, error_description?: string }): void {
  respond(context, messagePage('This request was not accepted', `${error.error}: ${error.error_description ?? 'no further description'}`))
}

function respond (context: Context, body: string): void {
  for (const [name, value] of Object.entries(pageHeaders)) context.set(name, value)
  context.body = body
}
