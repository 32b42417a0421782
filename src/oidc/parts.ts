import { type Mapping } from '../mapping/index.ts'
import { type Audit } from '../observability/index.ts'
import { type Pages } from '../pages/index.ts'
import { type FormCookie, type Sessions } from '../sessions/index.ts'
import { type StepUp } from '../step-up.ts'
import { type Logins } from './logins.ts'
import { type Provider } from './provider.ts'
import { type Rounds } from './rounds.ts'

/** What the flows work with. */
export interface SignInParts {
  readonly basePath: string
  readonly publicOrigin: string
  /** SameSite=Strict withholds the new session from the redirect that ends a sign-in; a page has to step in. */
  readonly sessionIsStrict: boolean
  readonly keepsFragment: boolean
  readonly provider: Provider
  readonly logins: Logins
  readonly rounds: Rounds
  readonly sessions: Sessions
  readonly formCookie: FormCookie
  readonly mapping: Mapping
  /** What a session keeps beside who it is: everything else that the provider sends is forgotten. */
  readonly keeps: { readonly allClaims: boolean, readonly accessToken: boolean }
  /** What each rule demands of a sign-in, by its position. */
  readonly stepUps: ReadonlyArray<StepUp | undefined>
  /** How far the clocks of Doorward and the provider may differ, in milliseconds. */
  readonly clockTolerance: number
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly pages: Pages
  readonly audit: Audit
}
