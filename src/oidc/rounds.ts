import { createHash } from 'node:crypto'
import { type Cookies, type RequestCookies } from '../sessions/index.ts'

/**
 * How often a browser has just signed in for one page. Where the session does not come back (its cookie is refused or
 * was planted twice, replicas have different secrets, the application itself sends people to sign in), the provider
 * waves the person through every time, and the browser would run in circles until it gives up without a reason.
 */
export interface Rounds {
  /** The cookie of the session, which did not come back. */
  readonly cookieName: string
  isCircling (page: string, sent: RequestCookies): boolean
  /** Set-Cookie line that counts one more. @param isPostedTo whether the next answer is posted, too */
  count (page: string, sent: RequestCookies, isPostedTo: boolean): string
  /** Set-Cookie lines after which the count begins anew. */
  forget (sent: RequestCookies): string[]
}

/** Safari gives up after 16 redirects; a round takes four, and one more with some providers. */
const mostRounds = 3
const memorySeconds = 30

export function createRounds (cookies: Cookies): Rounds {
  return {
    cookieName: cookies.sessionCookieName,
    isCircling: (page, sent) => roundsFor(page, sent) >= mostRounds,
    count: (page, sent, isPostedTo) => cookies.writeRounds(`${roundsFor(page, sent) + 1}.${fingerprint(page)}`, { maxAgeSeconds: memorySeconds, isPostedTo }),
    forget: ({ rounds }) => rounds === undefined ? [] : [cookies.writeRounds('', { maxAgeSeconds: 0 })]
  }
}

function roundsFor (page: string, { rounds = '' }: RequestCookies): number {
  const [count = '', of] = rounds.split('.')
  return /^[1-9]$/.test(count) && of === fingerprint(page) ? Number(count) : 0
}

/** The page itself may be long, and is nobody's business. */
function fingerprint (page: string): string {
  return createHash('sha256').update(page).digest('base64url').slice(0, 8)
}
