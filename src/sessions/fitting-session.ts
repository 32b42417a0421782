import { type Cookies, type RequestCookies } from './cookies.ts'
import { type Session, withoutHint, withoutRefresh } from './session.ts'
import { type SessionStore } from './store.ts'

/**
 * Keeps a session as it fits into cookies: without the id_token, which only makes the sign-out smoother, then without what
 * only a refresh needs, rather than not at all. `undefined` where even that is too much.
 */
export async function fittingSession (session: Session, earlier: RequestCookies, { cookies, store }: { readonly cookies: Cookies, readonly store: SessionStore }): Promise<{ session: Session, setCookie: string[] } | undefined> {
  for (const smaller of [session, withoutHint(session), withoutRefresh(withoutHint(session))]) {
    const setCookie = cookies.writeTicket(await store.save(smaller), earlier)
    if (setCookie !== undefined) return { session: smaller, setCookie }
  }
  return undefined
}
