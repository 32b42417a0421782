import { type Mapping } from '../mapping/index.ts'
import { type Audit } from '../observability/index.ts'
import { type Pages } from '../pages/index.ts'
import { type FormCookie, type Sessions } from '../sessions/index.ts'
import { type StepUp } from '../step-up.ts'
import { type ClaimsPageParts } from './claims-readers.ts'
import { type Logins } from './logins.ts'
import { type Logouts } from './logouts.ts'
import { type Providers } from './providers.ts'
import { type Keeps } from './received-tokens.ts'
import { type Rounds } from './rounds.ts'

/** What the flows work with. */
export interface SignInParts {
  readonly basePath: string
  readonly publicOrigin: string
  /** SameSite=Strict withholds the new session from the redirect that ends a sign-in; a page has to step in. */
  readonly sessionIsStrict: boolean
  readonly keepsFragment: boolean
  readonly providers: Providers
  readonly logins: Logins
  readonly logouts: Logouts
  readonly rounds: Rounds
  readonly sessions: Sessions
  readonly formCookie: FormCookie
  readonly mapping: Mapping
  readonly keeps: Keeps
  /** What each rule demands of a sign-in, by its position. */
  readonly stepUps: ReadonlyArray<StepUp | undefined>
  readonly claimsPage: ClaimsPageParts
  readonly pages: Pages
  readonly audit: Audit
  /** Milliseconds since the epoch. */
  readonly now: () => number
}
