/** A realm with three people in groups, and its clients, as Keycloak imports them. */
import { type Keycloak } from './keycloak.ts'

const realm = 'company'
export const clientSecret = 'only for tests: 100 % of it, and a + too'
export const password = 'only for tests'

/** User name → name and groups. */
const people = {
  alice: { firstName: 'Alice', lastName: 'Ångström', groups: ['/it/admins', '/finance'] },
  bob: { firstName: 'Bob', lastName: 'Baker', groups: ['/finance'] },
  carol: { firstName: 'Carol', lastName: 'Clark', groups: [] }
}

const company = {
  realm,
  enabled: true,
  sslRequired: 'none',
  // A refresh token is good for one use (RFC 9700 section 4.14.2).
  revokeRefreshToken: true,
  refreshTokenMaxReuse: 0,
  groups: [{ name: 'it', subGroups: [{ name: 'admins' }] }, { name: 'finance' }],
  users: Object.entries(people).map(([username, { firstName, lastName, groups }]) => ({
    username,
    firstName,
    lastName,
    groups,
    enabled: true,
    realmRoles: [`default-roles-${realm}`],
    email: `${username}@example.com`,
    emailVerified: true,
    credentials: [{ type: 'password', value: password }]
  }))
}

const groupsMapper = {
  name: 'groups',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-group-membership-mapper',
  config: { 'claim.name': 'groups', 'full.path': 'false', 'id.token.claim': 'true', 'access.token.claim': 'false', 'userinfo.token.claim': 'false' }
}

/** Makes the realm, and returns its issuer. */
export async function createCompany ({ url, admin }: Keycloak): Promise<string> {
  await admin('POST', '', company)
  return `${url}/realms/${realm}`
}

/** A client with the settings of docs/providers/keycloak.md. @param more over them */
export async function registerClient ({ admin }: Keycloak, clientId: string, origin: string, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await admin('POST', `/${realm}/clients`, {
    clientId,
    protocol: 'openid-connect',
    publicClient: false,
    clientAuthenticatorType: 'client-secret',
    secret: clientSecret,
    redirectUris: [`${origin}/oidc/callback`],
    standardFlowEnabled: true,
    directAccessGrantsEnabled: false,
    attributes: {
      'pkce.code.challenge.method': 'S256',
      'post.logout.redirect.uris': `${origin}/oidc/signed-out`,
      'backchannel.logout.url': `${origin}/oidc/backchannel-logout`,
      'backchannel.logout.session.required': 'true',
      // In place of the back channel, with `frontchannelLogout: true`.
      'frontchannel.logout.url': `${origin}/oidc/frontchannel-logout`,
      'frontchannel.logout.session.required': 'true'
    },
    protocolMappers: [groupsMapper],
    ...more
  })
}

/** Keycloak's name for a person. */
export async function idOf ({ admin }: Keycloak, username: string): Promise<string> {
  const [found] = await admin('GET', `/${realm}/users?exact=true&username=${username}`) as Array<{ id: string }>
  if (found === undefined) throw new Error(`there is no ${username}`)
  return found.id
}
