import { createHash } from 'node:crypto'
import { type Cookies, type RequestCookies } from './cookies.ts'

/**
 * Ties a form that waits on the server to the browser that posted it. Without it, a link could make somebody sign in and
 * send what somebody else has put there. Each method but the questions gives a Set-Cookie line.
 */
export interface FormCookie {
  /** Whether a Cookie header may hold it: for a quick look at every request. */
  isIn (header: string | undefined): boolean
  /** The form waits for a sign-in. */
  wait (name: string): string
  /** The form that waits, if its name begins like this. */
  waiting (sent: RequestCookies, beginning: string): string | undefined
  /** The sign-in is over: the form may be sent, by the next request for that page. */
  release (name: string, page: string): string
  released (sent: RequestCookies, page: string): string | undefined
  forget (): string
}

/** As long as a login may take. */
export const formLifetimeMilliseconds = 10 * 60 * 1000
/** From the callback to the page is one redirect. */
const releasedSeconds = 60

export function createFormCookie (cookies: Cookies): FormCookie {
  return {
    isIn: (header) => header?.includes(cookies.formCookieName) === true,
    wait: (name) => cookies.writeForm(name, formLifetimeMilliseconds / 1000),
    waiting ({ form }, beginning) {
      return form !== undefined && beginning.length >= 8 && form.startsWith(beginning) && !form.includes('.') ? form : undefined
    },
    release: (name, page) => cookies.writeForm(`${name}.${fingerprint(page)}`, releasedSeconds),
    released ({ form = '' }, page) {
      const [name, of] = form.split('.')
      return of === fingerprint(page) ? name : undefined
    },
    forget: () => cookies.writeForm('', 0)
  }
}

/** Another page that is opened in the meantime must not get the form. */
function fingerprint (page: string): string {
  return createHash('sha256').update(page).digest('base64url').slice(0, 8)
}
