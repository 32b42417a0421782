import { type Cookies, type RequestCookies, type Seal } from '../sessions/index.ts'
import { type Bound, createBrowserBinding } from './browser-binding.ts'
import { boundedReturnTo } from './return-to.ts'

/** Sign-outs that are on their way through the provider. */
export interface Logouts {
  /** @param returnTo the page that was asked for, if any */
  begin (returnTo: string | undefined): { readonly state: string, readonly setCookie: string }
  /** `undefined` for a state that is missing, made up, too old, or of another browser's sign-out. */
  resume (state: string | null, sent: RequestCookies): ResumedLogout | undefined
}

export interface ResumedLogout {
  readonly returnTo: string | undefined
  /** Set-Cookie line that removes the sign-out's cookie. */
  readonly clearCookie: string
}

/** Travels through the provider as `state`, sealed (OpenID Connect RP-Initiated Logout section 3). */
interface LogoutState extends Bound {
  readonly returnTo?: string | undefined
}

export interface LogoutsParts {
  readonly cookies: Cookies
  readonly seal: Seal
  readonly now: () => number
}

/** Its cookie is one of those that logins in progress have: as short-lived, and as small. */
export function createLogouts ({ cookies, seal, now }: LogoutsParts): Logouts {
  const binding = createBrowserBinding({ cookies, now })
  return {
    begin (returnTo) {
      const { bound, setCookie } = binding.begin()
      const state: LogoutState = { ...bound, returnTo: returnTo && boundedReturnTo(returnTo) }
      return { state: seal.seal(state), setCookie }
    },
    resume (text, sent) {
      const logout = seal.open(text ?? '') as LogoutState | undefined
      if (logout === undefined || !binding.isOwn(logout, sent)) return undefined
      return { returnTo: logout.returnTo, clearCookie: binding.clear(logout) }
    }
  }
}
