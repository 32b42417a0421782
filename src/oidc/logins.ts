import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type Cookies, type RequestCookies, type Seal } from '../sessions/index.ts'
import { type LoginSecrets } from './provider-settings.ts'
import { boundedReturnTo } from './return-to.ts'

/** A login that the browser's cookie proves to be its own. */
export interface ResumedLogin {
  readonly isResumed: true
  readonly secrets: LoginSecrets
  readonly returnTo: string
  /** Set-Cookie line that removes the login's cookie. */
  readonly clearCookie: string
}

/** A callback without its cookie: too late, twice, from a bookmark, by the back button, or somebody else's link. */
export interface LostLogin {
  readonly isResumed: false
  /** The page first wanted, where the `state` is one of ours. */
  readonly returnTo: string
  /** How often this browser has been sent back to the provider already. */
  readonly restarts: number
  /** The cookie that should have come back, if the `state` tells. */
  readonly cookieName: string | undefined
}

export interface BegunLogin {
  readonly secrets: LoginSecrets
  readonly setCookie: string[]
}

/** Logins in progress: one sealed cookie each, so that tabs don't disturb each other. */
export interface Logins {
  begin (returnTo: string, restarts: number, sent: RequestCookies): BegunLogin
  resume (state: string | null, sent: RequestCookies): ResumedLogin | LostLogin
}

/** Travels through the provider as `state`, sealed: even without its cookie a callback knows which page was wanted. */
interface LoginState { readonly id: string, readonly returnTo: string, readonly restarts: number }
/** Stays in the browser, sealed. */
interface LoginCookie { readonly id: string, readonly nonce: string, readonly codeVerifier: string, readonly startedAt: number }

export interface LoginsParts {
  readonly cookies: Cookies
  readonly seals: { readonly state: Seal, readonly login: Seal }
  readonly now: () => number
}

const lifetimeMilliseconds = 10 * 60 * 1000
const maxPerBrowser = 5
const maxRemembered = 50_000

export function createLogins ({ cookies, seals, now }: LoginsParts): Logins {
  /** A `state` is good once (RFC 9700 section 4.7), also for somebody who kept a copy of its cookie. */
  const used = new LRUCache<string, true>({ max: maxRemembered, ttl: lifetimeMilliseconds })

  function readCookie (id: string, sent: RequestCookies): LoginCookie | undefined {
    const login = seals.login.open(sent.logins.get(id) ?? '') as LoginCookie | undefined
    if (login?.id !== id || now() - login.startedAt >= lifetimeMilliseconds) return undefined
    return login
  }

  /** Cookies of abandoned logins would pile up until the request is too large for anybody: the oldest make room. */
  function clearOldest (sent: RequestCookies): string[] {
    const startedAt = (id: string) => readCookie(id, sent)?.startedAt ?? 0
    const newestFirst = [...sent.logins.keys()].sort((a, b) => startedAt(b) - startedAt(a))
    return newestFirst.slice(maxPerBrowser - 1).map((id) => cookies.clearLogin(id))
  }

  return {
    begin (returnTo, restarts, sent) {
      const id = randomText()
      const nonce = randomText()
      const codeVerifier = randomBytes(32).toString('base64url')
      const state = seals.state.seal({ id, returnTo: boundedReturnTo(returnTo), restarts } satisfies LoginState)
      const sealed = seals.login.seal({ id, nonce, codeVerifier, startedAt: now() } satisfies LoginCookie)
      return {
        secrets: { state, nonce, codeVerifier },
        setCookie: [cookies.writeLogin(id, sealed, lifetimeMilliseconds / 1000), ...clearOldest(sent)]
      }
    },
    resume (text, sent) {
      const state = seals.state.open(text ?? '') as LoginState | undefined
      if (text === null || state === undefined) return { isResumed: false, returnTo: '/', restarts: 0, cookieName: undefined }
      const { id, returnTo, restarts } = state
      const login = used.has(id) ? undefined : readCookie(id, sent)
      if (login === undefined) return { isResumed: false, returnTo, restarts, cookieName: cookies.loginCookieName(id) }
      used.set(id, true)
      const { nonce, codeVerifier } = login
      return { isResumed: true, secrets: { state: text, nonce, codeVerifier }, returnTo, clearCookie: cookies.clearLogin(id) }
    }
  }
}

function randomText (): string {
  return randomBytes(16).toString('base64url')
}
