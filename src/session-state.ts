/**
 * What Doorward remembers of people, built from the configuration: their sessions, sign-ins and sign-outs under way, the
 * forms that wait for a sign-in, and where each of these is kept. A part of the composition root.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Configuration, providersOf } from './config/index.ts'
import { createLogins, createLogouts, createRounds, createUsedLogins, type SignInParts, type UsedLogins } from './oidc/index.ts'
import { createKeptForms, type KeptForms } from './pipeline/index.ts'
import { type Cookies, createBoundedShelf, createCookies, createExchangeableSeals, createFormCookie, createSessions, createStorage, type ExchangeableSeals, type Lifetimes, revokedWithProvider, type Shelf, type Storage, type StorageParts, type StorageSettings } from './sessions/index.ts'

const purposes = ['session', 'state', 'logout', 'record', 'shelf', 'form'] as const

/** Forms wait for a sign-in, and anybody may post some. */
const formLimits = { maxEntries: 2_000, maxCharacters: 32 * 1024 * 1024 }

/** What outlives every configuration: nobody is signed out, and nothing that was ended lives again, because one is exchanged. */
export interface LastingState extends ExchangeableSeals<(typeof purposes)[number]> {
  readonly storage: Storage
  readonly formShelf: Shelf
  /** Logout tokens that were used. */
  readonly spent: Shelf
  readonly usedLogins: UsedLogins
  /** Seals where the configuration names no secret. */
  readonly ownSecret: Buffer
  /** What is so from the last configuration on that was put in place. */
  readonly terms: Terms
}

interface Terms {
  /** Milliseconds: the longest of all configurations so far, since sessions of the earlier ones are still there. */
  longestLifetime: number
  trusted: ReadonlySet<string>
  /** One object for the sessions of every configuration: what is open since an earlier one is not given more time. */
  readonly lifetimes: { -readonly [Name in keyof Lifetimes]: Lifetimes[Name] }
}

/** @param configuration the first: its store and its Redis are those of the process */
export async function buildLastingState (configuration: Configuration, parts: Omit<StorageParts, 'seals'>): Promise<LastingState> {
  const { session } = configuration
  const terms: Terms = { longestLifetime: session.maxLifetime, trusted: new Set(), lifetimes: lifetimesOf(configuration) }
  const exchangeable = createExchangeableSeals(purposes)
  const storage = await createStorage({
    store: session.store,
    redis: redisSettings(configuration),
    longestLifetime: () => terms.longestLifetime
  }, { ...parts, seals: exchangeable.seals })
  return {
    ...exchangeable,
    storage,
    formShelf: createBoundedShelf(storage.shelf('form', formLimits), formLimits),
    spent: storage.shelf('logout-token', { maxEntries: 100_000, maxCharacters: 10_000_000 }),
    usedLogins: createUsedLogins(),
    ownSecret: randomBytes(32),
    terms
  }
}

export interface SessionsParts {
  readonly lasting: LastingState
  readonly cookies: Cookies
  /** The public origin: what is sealed here means nothing at another. */
  readonly application: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface SessionState extends Pick<SignInParts, 'sessions' | 'logins' | 'logouts' | 'rounds' | 'formCookie'> {
  readonly forms: KeptForms
  /** Whether a provider of this id is in the configuration that is in place. */
  readonly isTrusted: (provider: string) => boolean
  /** From now on the secrets, the lifetimes and the providers of this configuration count, wherever a session began. */
  enter (): void
}

/** Sessions and the sign-ins that lead to them: what browsers keep, sealed. */
export async function buildSessions (configuration: Configuration, { lasting, cookies, application, now }: SessionsParts): Promise<SessionState> {
  const { session } = configuration
  const { seals, storage, terms } = lasting
  const exchangeSeals = await lasting.prepare({ secrets: [session.secret ?? lasting.ownSecret, ...session.previousSecrets], application })
  const isTrusted = (provider: string): boolean => terms.trusted.has(provider)
  const formCookie = createFormCookie(cookies)
  return {
    sessions: createSessions(terms.lifetimes, { ...storage, revocations: revokedWithProvider(storage.revocations, isTrusted), cookies, now }),
    isTrusted,
    formCookie,
    forms: createKeptForms({ shelf: lasting.formShelf, seal: seals.form, cookie: formCookie }),
    logins: createLogins({ cookies, seal: seals.state, used: lasting.usedLogins, now }),
    logouts: createLogouts({ cookies, seal: seals.logout, now }),
    rounds: createRounds(cookies),
    enter () {
      terms.trusted = new Set(providersOf(configuration).map(({ id }) => id))
      Object.assign(terms.lifetimes, lifetimesOf(configuration))
      terms.longestLifetime = Math.max(terms.longestLifetime, session.maxLifetime)
      if (exchangeSeals()) storage.store.doubt()
    }
  }
}

function lifetimesOf ({ session }: Configuration): Lifetimes {
  return { idleMilliseconds: session.idleTimeout, maxMilliseconds: session.maxLifetime, refreshBeforeMilliseconds: session.refreshBefore }
}

/** Where Redis is; undefined where there is none. */
export function redisSettings ({ session: { redis } }: Configuration): StorageSettings['redis'] {
  const { url, caFile } = redis
  return url === undefined ? undefined : { ...redis, url, caPem: caFile === undefined ? undefined : readFileSync(caFile, 'utf8') }
}

/** Names by RFC 6265bis section 4.1.3: what `__Host-` and `__Secure-` promise, browsers enforce. */
export function buildCookies (configuration: Configuration, publicUrl: URL): Cookies {
  const { cookie } = configuration.session
  const secure = publicUrl.protocol === 'https:'
  const prefix = !secure ? '' : cookie.domain === undefined ? '__Host-' : '__Secure-'
  return createCookies({ ...cookie, name: cookie.name ?? `${prefix}doorward`, secure, isPostedTo: providersOf(configuration).some(({ responseMode }) => responseMode === 'form_post') })
}
