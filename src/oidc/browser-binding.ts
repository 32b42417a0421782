import { randomBytes } from 'node:crypto'
import { type Cookies, type RequestCookies } from '../sessions/index.ts'

/** What travels through the provider and back, and is worth something only in the browser that it began in. */
export interface Bound {
  /** 128 random bits, which a cookie repeats (RFC 9700 section 4.7). */
  readonly id: string
  readonly startedAt: number
}

/** Ties a sign-in or a sign-out to its browser: by a cookie for each, so that tabs don't disturb each other. */
export interface BrowserBinding {
  /**
   * @param form whether the provider's page posts the answer: then the cookie has to come along from another site
   * @returns what is to be sealed into `state`, and the Set-Cookie line beside it
   */
  begin (form?: { readonly isPostedTo: boolean }): { readonly bound: Bound, readonly setCookie: string }
  /** Whether it was begun in this browser, and not too long ago. */
  isOwn (bound: Bound, sent: RequestCookies): boolean
  /** Set-Cookie line that removes the cookie. */
  clear (bound: Bound): string
  cookieName (bound: Bound): string
}

export interface BrowserBindingParts {
  readonly cookies: Cookies
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** How long people may take at the provider. */
export const loginLifetimeMilliseconds = 10 * 60 * 1000
/** Of the id, in the cookie's name: enough to tell the tabs of one browser apart. */
const nameLength = 8

export function createBrowserBinding ({ cookies, now }: BrowserBindingParts): BrowserBinding {
  const nameOf = ({ id }: Bound): string => id.slice(0, nameLength)
  return {
    begin (form) {
      const bound = { id: randomBytes(16).toString('base64url'), startedAt: now() }
      return { bound, setCookie: cookies.writeLogin(nameOf(bound), bound.id, { maxAgeSeconds: loginLifetimeMilliseconds / 1000, ...form }) }
    },
    isOwn: (bound, sent) => sent.logins.get(nameOf(bound)) === bound.id && now() - bound.startedAt < loginLifetimeMilliseconds,
    clear: (bound) => cookies.clearLogin(nameOf(bound)),
    cookieName: (bound) => cookies.loginCookieName(nameOf(bound))
  }
}
