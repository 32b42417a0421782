import * as oauth from 'oauth4webapi'
import { maxAgeSeconds, type StepUp } from '../step-up.ts'
import { type AuthorizationParameters } from './provider-pushed.ts'
import { type LoginSecrets, type ProviderSettings } from './provider-settings.ts'

/** What differs from one sign-in to the next. */
export interface AuthorizationWish {
  /** Let the person choose an account, where the provider would otherwise sign the same one in again. */
  readonly chooseAccount: boolean
  /** Who is going to sign in, as far as known (OpenID Connect Core section 3.1.2.1). */
  readonly loginHint?: string | undefined
  readonly stepUp?: StepUp | undefined
  /** Let the person sign in anew, whatever the provider remembers. */
  readonly isInsisting?: boolean | undefined
}

/** What is asked of the provider (OpenID Connect Core section 3.1.2.1, RFC 7636 section 4.3). */
export async function authorizationParameters (server: oauth.AuthorizationServer, settings: ProviderSettings, secrets: LoginSecrets, wish: AuthorizationWish): Promise<AuthorizationParameters> {
  return {
    ...(wish.loginHint !== undefined && { login_hint: wish.loginHint }),
    ...settings.authorizationParams,
    ...stepUpParameters(settings, wish.stepUp),
    ...(wish.chooseAccount && { prompt: accountPrompt(server, settings.authorizationParams['prompt']) }),
    ...(wish.isInsisting === true && { prompt: 'login' }),
    client_id: settings.clientId,
    redirect_uri: settings.redirectUri,
    response_type: 'code',
    ...(settings.responseMode === 'form_post' && { response_mode: 'form_post' }),
    scope: settings.scopes.join(' '),
    state: secrets.state,
    nonce: secrets.nonce,
    ...(settings.pkce && { code_challenge: await oauth.calculatePKCECodeChallenge(secrets.codeVerifier), code_challenge_method: 'S256' })
  }
}

/** The address that a browser is sent to. */
export function authorizationUrl (server: oauth.AuthorizationServer, parameters: AuthorizationParameters): URL {
  const url = new URL(server.authorization_endpoint ?? '')
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url
}

/** OpenID Connect Core section 3.1.2.1. What the configuration asks of every sign-in is not loosened. */
function stepUpParameters ({ authorizationParams }: ProviderSettings, { acr, maxAge }: StepUp = {}): Record<string, string> {
  const usual = Number(authorizationParams['max_age'] ?? Infinity)
  return {
    ...(acr !== undefined && { acr_values: acr.join(' ') }),
    ...(maxAge !== undefined && { max_age: String(Math.min(maxAgeSeconds(maxAge), usual)) })
  }
}

/**
 * Every provider of the specification knows `login`; not every one has accounts to choose from, and some refuse a prompt
 * that they don't know: Google knows no `login`, and does not say so. A configured prompt that asks who it is stays.
 */
function accountPrompt (server: oauth.AuthorizationServer, configured = ''): string {
  if (/\b(login|select_account)\b/.test(configured)) return configured
  const supported = server['prompt_values_supported']
  return Array.isArray(supported) && supported.includes('select_account') ? 'select_account' : 'login'
}
