/**
 * How people sign in and out: the OpenID Connect authorization-code flow with PKCE (OpenID Connect Core section 3.1,
 * RFC 7636, RFC 9700), one file a flow, each with its own route below the base path.
 *
 * Owns what is said to the provider and what is believed of its answers. It does not know what is behind the gateway,
 * who may reach it (access/), nor how a session is kept (sessions/).
 */
import { type FastifyInstance } from 'fastify'
import { type Mapping } from '../mapping/index.ts'
import { type Audit } from '../observability/index.ts'
import { type Pages } from '../pages/index.ts'
import { type Sessions } from '../sessions/index.ts'
import { mountCallback } from './callback.ts'
import { mountLogin } from './login.ts'
import { type Logins } from './logins.ts'
import { mountLogout } from './logout.ts'
import { type Provider } from './provider.ts'
import { mountSession } from './session.ts'

export { createLogins } from './logins.ts'
export { LoginProblem } from './login-problem.ts'
export { createProvider, type Provider } from './provider.ts'

export interface SignInParts {
  readonly basePath: string
  readonly publicOrigin: string
  /** SameSite=Strict withholds the new session from the redirect that ends a sign-in; a page has to step in. */
  readonly sessionIsStrict: boolean
  readonly provider: Provider
  readonly logins: Logins
  readonly sessions: Sessions
  readonly mapping: Mapping
  readonly pages: Pages
  readonly audit: Audit
}

export function mountSignIn (app: FastifyInstance, parts: SignInParts): void {
  mountLogin(app, parts)
  mountCallback(app, parts)
  mountLogout(app, parts)
  mountSession(app, parts)
}
