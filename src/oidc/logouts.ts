import { randomBytes } from 'node:crypto'
import { type Cookies, type RequestCookies, type Seal } from '../sessions/index.ts'
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
interface LogoutState {
  /** 128 random bits, which a cookie repeats: they bind the sign-out to this browser. */
  readonly id: string
  readonly returnTo?: string | undefined
  readonly startedAt: number
}

export interface LogoutsParts {
  readonly cookies: Cookies
  readonly seal: Seal
  readonly now: () => number
}

const lifetimeMilliseconds = 10 * 60 * 1000
const nameLength = 8

/** Its cookie is one of those that logins in progress have: as short-lived, and as small. */
export function createLogouts ({ cookies, seal, now }: LogoutsParts): Logouts {
  return {
    begin (returnTo) {
      const id = randomBytes(16).toString('base64url')
      const state: LogoutState = { id, returnTo: returnTo && boundedReturnTo(returnTo), startedAt: now() }
      return { state: seal.seal(state), setCookie: cookies.writeLogin(nameOf(id), id, { maxAgeSeconds: lifetimeMilliseconds / 1000 }) }
    },
    resume (text, sent) {
      const logout = seal.open(text ?? '') as LogoutState | undefined
      if (logout === undefined || sent.logins.get(nameOf(logout.id)) !== logout.id || now() - logout.startedAt >= lifetimeMilliseconds) return undefined
      return { returnTo: logout.returnTo, clearCookie: cookies.clearLogin(nameOf(logout.id)) }
    }
  }
}

function nameOf (id: string): string {
  return id.slice(0, nameLength)
}
