/** What people get wrong with Keycloak, and how they are told: the rows of "What goes wrong" in docs/providers/keycloak.md. */
import { type ReportsOptions } from './reports.ts'

export interface Mistake extends ReportsOptions {
  /** Keycloak asks for the password before anything fails. */
  readonly asksFirst?: true
  /** It shows when the person signs out. */
  readonly atSignOut?: true
  /** What the person reads. */
  readonly page: RegExp
  /** Reason and metadata of the failed sign-in in the audit trail; absent where Doorward never hears of it. */
  readonly audit?: object
  /** What the log says of the provider. */
  readonly log?: string
}

export function mistakesWith (issuer: string): Readonly<Record<string, Mistake>> {
  const origin = new URL(issuer).origin
  return {
    'a redirect URI that is not registered': {
      client: { redirectUris: ['http://localhost:4180/callback'] },
      page: /Invalid parameter: redirect_uri/
    },
    'a sign-out that Keycloak may not send back': {
      client: { attributes: { 'post.logout.redirect.uris': 'http://localhost:4180/' } },
      asksFirst: true,
      atSignOut: true,
      page: /Invalid redirect uri/
    },
    'a client that Keycloak does not know': {
      client: undefined,
      page: /Client not found/
    },
    'an issuer with a slash at its end': {
      configuration: { provider: { issuer: `${issuer}/` } },
      page: /Sign-in is unavailable/,
      audit: { reason: 'setup_error' },
      log: `the provider calls itself "${issuer}", provider.issuer is "${issuer}/"`
    },
    'a realm that does not exist': {
      configuration: { provider: { issuer: `${issuer}-2` } },
      page: /Sign-in is unavailable/,
      audit: { reason: 'setup_error' },
      log: `${issuer}-2/.well-known/openid-configuration answered with status 404`
    },
    'an issuer as it was before Keycloak 17': {
      configuration: { provider: { issuer: `${origin}/auth/realms/company` } },
      page: /Sign-in is unavailable/,
      audit: { reason: 'setup_error' },
      log: `${origin}/auth/realms/company/.well-known/openid-configuration answered with status 404`
    },
    'a wrong client secret': {
      configuration: { provider: { clientSecret: 'another' } },
      asksFirst: true,
      page: /Sign-in could not be completed/,
      audit: { reason: 'token_exchange_failed', metadata: { error: 'unauthorized_client', errorDescription: 'Invalid client or Invalid client credentials' } }
    },
    'another way of client authentication': {
      client: { clientAuthenticatorType: 'client-jwt' },
      asksFirst: true,
      page: /Sign-in could not be completed/,
      audit: { reason: 'token_exchange_failed', metadata: { error: 'invalid_client', errorDescription: 'Parameter client_assertion_type is missing' } }
    },
    'a scope that the client does not have': {
      configuration: { provider: { scopes: ['openid', 'groups'] } },
      page: /Sign-in was not granted/,
      audit: { reason: 'idp_error', metadata: { error: 'invalid_scope', errorDescription: 'Invalid scopes: openid groups' } }
    },
    'PKCE switched off where Keycloak insists on it': {
      configuration: { provider: { pkce: false } },
      page: /Sign-in was not granted/,
      audit: { reason: 'idp_error', metadata: { error: 'invalid_request', errorDescription: 'Missing parameter: code_challenge_method' } }
    },
    'the standard flow switched off': {
      client: { standardFlowEnabled: false },
      page: /Sign-in was not granted/,
      audit: { reason: 'idp_error', metadata: { error: 'unauthorized_client', errorDescription: /^Client is not allowed to initiate browser login/ } }
    },
    'a group written with its path, which Keycloak does not send': {
      configuration: { groups: { allow: ['/finance'] } },
      asksFirst: true,
      page: /You can’t sign in here.*needs membership of one of: \/finance/,
      audit: { reason: 'required_group_missing' }
    }
  }
}
