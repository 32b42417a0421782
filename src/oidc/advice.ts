import { groupAdvice } from './group-advice.ts'
import { describedSafely } from './provider-words.ts'

const registration = 'The client’s registration at the provider does not allow the authorization code flow'
const parameter = 'The provider does not take one of the parameters: compare provider.authorizationParams, provider.pkce and the redirect URI with what it supports'
const interaction = 'The provider has to ask the person something and was not allowed to: remove prompt=none from provider.authorizationParams'

/**
 * What those who run Doorward can do, by what went wrong: the provider's own error codes (RFC 6749 sections 4.1.2.1 and
 * 5.2, OpenID Connect Core section 3.1.2.6), and words of ours. It is for the log: docs/troubleshooting.md has each.
 */
export const advice = {
  access_denied: 'The person cancelled, or the provider does not let them use this application: look at who is assigned to it there',
  invalid_scope: 'The provider does not know one of provider.scopes, or does not grant it to this client',
  invalid_request: parameter,
  unauthorized_client: registration,
  unsupported_response_type: registration,
  unsupported_grant_type: registration,
  login_required: interaction,
  interaction_required: interaction,
  consent_required: interaction,
  account_selection_required: interaction,
  invalid_client: 'The provider does not accept the client’s credentials: compare provider.clientId, provider.clientSecret and provider.clientAuth with the client’s registration there; the secret may have expired',
  invalid_grant: 'The provider does not accept the code: it was used before, took too long, or the redirect URI or PKCE is not as the client’s registration has it',
  no_id_token: 'The provider sent no id_token: the client’s registration there must allow the scope openid, and provider.issuer must be an OpenID provider',
  clock: 'Compare the clock of this machine with the provider’s; provider.clockTolerance bridges what remains',
  key_unknown: 'None of the provider’s published keys is the one that signed: look at jwks_uri in its metadata',
  algorithm: 'The provider signed in a way that its metadata do not announce: set the signing algorithm of the client’s registration there to one of id_token_signing_alg_values_supported, not HS256',
  signature: 'The signature is not by the provider’s published key: something between Doorward and the provider changes answers, or jwks_uri leads elsewhere',
  issuer: 'The token is of another issuer than provider.issuer: some providers have several, one for each tenant, host name or version',
  audience: 'The token is for another client than provider.clientId',
  userinfo_refused: 'The provider’s userinfo does not accept the access token: grant the client the scopes openid and profile, or do without by userinfo: false',
  issuer_slash: 'They differ in the slash at the end: write provider.issuer as the provider does',
  no_document: 'Open this address in a browser: where it shows no JSON, provider.issuer is not the issuer',
  incomplete: 'Doorward needs an OpenID provider with the authorization code flow; what speaks OAuth 2.0 alone is not enough',
  issuer_other: 'Write provider.issuer as the provider does, if it is the one you mean',
  issuer_template: 'This address is for several tenants, each of which has a name of its own: write the id of yours in place of common, organizations or consumers in provider.issuer',
  ...groupAdvice
} as const

type AdviceCode = keyof typeof advice

function hasAdvice (code: string): code is AdviceCode {
  return Object.hasOwn(advice, code)
}

/** What the provider answered and why it can't be used, in words for the log: what happened, then what to do. */
export class ProviderAnswerError extends Error {
  override readonly name = 'ProviderAnswerError'
  readonly code: string

  constructor (code: AdviceCode, happened: string, cause?: unknown) {
    super(`${happened}. ${advice[code]}.`, { cause })
    this.code = code
  }
}

/** An error of ours, taken apart again. */
export interface Advice {
  readonly code: string
  readonly happened: string
  readonly advice: string
}

/** What happened and what to do, without their full stops; `undefined` for any other error. */
export function adviceOf (error: unknown): Advice | undefined {
  if (!(error instanceof ProviderAnswerError) || !hasAdvice(error.code)) return undefined
  const { code, message } = error
  return { code, advice: advice[code], happened: message.slice(0, -`. ${advice[code]}.`.length) }
}

const maxWordsLength = 300

/** The provider's error code and description (RFC 6749 section 5.2), with what there is to advise on it. */
export function explainedError (error: string, description: unknown, cause: Error): Error {
  const code = isAboutCredentials(error, description) ? 'invalid_client' : error
  return hasAdvice(code) ? new ProviderAnswerError(code, providerSays(error, description), cause) : cause
}

/** In the provider's words, bounded, and without what could be a secret. */
export function providerSays (error: string, description: unknown): string {
  const words = [error, description].map(describedSafely).filter((text) => text !== undefined).join(': ')
  return `The provider says ${JSON.stringify(words.slice(0, maxWordsLength))}`
}

/** Keycloak says `unauthorized_client` of a wrong secret, which elsewhere is about what a client may do (RFC 6749 section 5.2). */
function isAboutCredentials (error: string, description: unknown): boolean {
  return error === 'unauthorized_client' && typeof description === 'string' && /credential|secret/i.test(description)
}
