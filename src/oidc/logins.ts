import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { atMost } from '../cache-bounds.ts'
import { type LoginErrand } from '../own-routes.ts'
import { type Cookies, type RequestCookies, type Seal } from '../sessions/index.ts'
import { type Bound, createBrowserBinding, loginLifetimeMilliseconds } from './browser-binding.ts'
import { type LoginSecrets } from './provider-settings.ts'
import { boundedReturnTo } from './return-to.ts'

/** A login that the browser's cookie proves to be its own. */
export interface ResumedLogin {
  readonly isResumed: true
  readonly secrets: LoginSecrets
  readonly returnTo: string
  /** Id of the provider that the browser was sent to: no other may answer. */
  readonly provider: string
  readonly errand: Errand
  /** Id of the session that the browser had when the login was begun: cookies may be withheld from its end. */
  readonly replaces: string | undefined
  /** Set-Cookie line that removes the login's cookie. */
  readonly clearCookie: string
}

/** A callback without its cookie: too late, twice, from a bookmark, by the back button, or somebody else's link. */
export interface LostLogin {
  readonly isResumed: false
  /** The page first wanted, where the `state` is one of ours. */
  readonly returnTo: string
  /** The provider that was chosen, where the `state` is one of ours. */
  readonly provider: string | undefined
  readonly errand: Errand
  /** How often this browser has been sent back to the provider already. */
  readonly restarts: number
  /** The cookie that should have come back, if the `state` tells. */
  readonly cookieName: string | undefined
}

/** What a login is for, as it travels through the provider and back. */
export interface Errand extends LoginErrand {
  /** The provider was told to ask, since what it answered before was too old. */
  readonly isInsisting?: boolean | undefined
  /** Under what name the browser keeps the fragment of the page. */
  readonly fragment?: string | undefined
}

export interface BegunLogin {
  readonly secrets: LoginSecrets
  readonly setCookie: string[]
}

/** What a login is begun with, and has to be remembered of it. */
export interface LoginStart {
  readonly returnTo: string
  readonly restarts: number
  /** Id of the provider. */
  readonly provider: string
  readonly errand: Errand
  /** Id of the session that ends with it. */
  readonly replaces?: string | undefined
  /** The browser is going to post the answer. */
  readonly isPostedTo: boolean
}

/** Logins in progress: one cookie each, so that tabs don't disturb each other. */
export interface Logins {
  begin (login: LoginStart, sent: RequestCookies): BegunLogin
  resume (state: string | null, sent: RequestCookies): ResumedLogin | LostLogin
}

/**
 * Travels through the provider as `state`, sealed: even without its cookie a callback knows which page was wanted.
 * The secrets travel with it, since a browser may begin fifty logins at once and would soon send more cookies than a
 * load balancer takes; its cookie is as small as it can be.
 */
interface LoginState extends Bound, Omit<LoginSecrets, 'state'>, Omit<LoginStart, 'errand' | 'isPostedTo'> {
  /** Absent in what an earlier version sealed. */
  readonly errand?: Errand
}

export interface LoginsParts {
  readonly cookies: Cookies
  readonly seal: Seal
  readonly used: UsedLogins
  readonly now: () => number
}

/** Ids of logins that were ended. A `state` is good once (RFC 9700 section 4.7), also for somebody who kept a copy of its cookie. */
export type UsedLogins = LRUCache<string, true>

export function createUsedLogins (): UsedLogins {
  return new LRUCache<string, true>({ ...atMost(maxRemembered), ttl: loginLifetimeMilliseconds })
}

const maxPerBrowser = 5
const maxRemembered = 50_000

export function createLogins ({ cookies, seal, used, now }: LoginsParts): Logins {
  const binding = createBrowserBinding({ cookies, now })

  return {
    begin ({ returnTo, restarts, provider, errand, replaces, isPostedTo }, sent) {
      const { bound, setCookie } = binding.begin({ isPostedTo })
      const nonce = randomBytes(16).toString('base64url')
      const codeVerifier = randomBytes(32).toString('base64url')
      const login: LoginState = { ...bound, returnTo: boundedReturnTo(returnTo), restarts, provider, errand, replaces, nonce, codeVerifier }
      return {
        secrets: { state: seal.seal(login), nonce, codeVerifier },
        setCookie: [setCookie, ...oldest(sent).map(cookies.clearLogin)]
      }
    },
    resume (text, sent) {
      const login = seal.open(text ?? '') as LoginState | undefined
      if (text === null || login === undefined) return { isResumed: false, returnTo: '/', provider: undefined, errand: {}, restarts: 0, cookieName: undefined }
      const { id, returnTo, restarts, provider, errand = {}, replaces, nonce, codeVerifier } = login
      if (!binding.isOwn(login, sent) || used.has(id)) return { isResumed: false, returnTo, provider, errand, restarts, cookieName: binding.cookieName(login) }
      used.set(id, true)
      return { isResumed: true, secrets: { state: text, nonce, codeVerifier }, returnTo, provider, errand, replaces, clearCookie: binding.clear(login) }
    }
  }
}

/** Abandoned logins would pile up, so they make room. Browsers send the oldest cookie first (RFC 6265bis section 5.8.3). */
function oldest (sent: RequestCookies): string[] {
  const names = [...sent.logins.keys()]
  return names.slice(0, Math.max(0, names.length - maxPerBrowser + 1))
}
