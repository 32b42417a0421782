import { type Mapping } from '../mapping/index.ts'
import { type Audit } from '../observability/index.ts'
import { type Pages } from '../pages/index.ts'
import { type Sessions } from '../sessions/index.ts'
import { type Logins } from './logins.ts'
import { type Logouts } from './logouts.ts'
import { type Providers } from './providers.ts'
import { type Rounds } from './rounds.ts'

/** What the flows work with. */
export interface SignInParts {
  readonly basePath: string
  readonly publicOrigin: string
  /** SameSite=Strict withholds the new session from the redirect that ends a sign-in; a page has to step in. */
  readonly sessionIsStrict: boolean
  readonly providers: Providers
  readonly logins: Logins
  readonly logouts: Logouts
  readonly rounds: Rounds
  readonly sessions: Sessions
  readonly mapping: Mapping
  /** What a session keeps beside who it is: everything else that the provider sends is forgotten. */
  readonly keeps: { readonly allClaims: boolean, readonly accessToken: boolean }
  readonly pages: Pages
  readonly audit: Audit
  /** Milliseconds since the epoch. */
  readonly now: () => number
}
