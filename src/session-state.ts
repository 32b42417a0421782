/**
 * What Doorward remembers of people, built from the configuration: their sessions, sign-ins and sign-outs under way, the
 * forms that wait for a sign-in, and where each of these is kept. A part of the composition root.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Configuration, providersOf } from './config/index.ts'
import { createLogins, createLogouts, createRounds, type SignInParts } from './oidc/index.ts'
import { createKeptForms, type KeptForms } from './pipeline/index.ts'
import { type Cookies, createBoundedShelf, createCookies, createFormCookie, createSeals, createSessions, createStorage, revokedWithProvider, type Storage, type StorageParts, type StorageSettings } from './sessions/index.ts'

export interface SessionsParts extends Omit<StorageParts, 'seals'> {
  readonly cookies: Cookies
  /** The public origin: what is sealed here means nothing at another. */
  readonly application: string
}

/** Forms wait for a sign-in, and anybody may post some. */
const formLimits = { maxEntries: 2_000, maxCharacters: 32 * 1024 * 1024 }

export interface SessionState extends Pick<SignInParts, 'sessions' | 'logins' | 'logouts' | 'rounds' | 'formCookie'> {
  readonly storage: Storage
  readonly forms: KeptForms
}

/** Sessions and the sign-ins that lead to them: what browsers keep, sealed. */
export async function buildSessions (configuration: Configuration, { cookies, application, now, ...parts }: SessionsParts): Promise<SessionState> {
  const { session } = configuration
  const seals = await createSeals(['session', 'state', 'logout', 'record', 'shelf', 'form'], {
    secrets: [session.secret ?? randomBytes(32), ...session.previousSecrets],
    application
  })
  const storage = await createStorage({
    store: session.store,
    redis: redisSettings(configuration),
    maxLifetimeMilliseconds: session.maxLifetime
  }, { ...parts, seals, now })
  const trusted = new Set(providersOf(configuration).map(({ id }) => id))
  const revocations = revokedWithProvider(storage.revocations, trusted)
  const lifetimes = { idleMilliseconds: session.idleTimeout, maxMilliseconds: session.maxLifetime, refreshBeforeMilliseconds: session.refreshBefore }
  const formCookie = createFormCookie(cookies)
  return {
    storage,
    sessions: createSessions(lifetimes, { ...storage, revocations, cookies, now }),
    formCookie,
    forms: createKeptForms({ shelf: createBoundedShelf(storage.shelf('form', formLimits), formLimits), seal: seals.form, cookie: formCookie }),
    logins: createLogins({ cookies, seal: seals.state, now }),
    logouts: createLogouts({ cookies, seal: seals.logout, now }),
    rounds: createRounds(cookies)
  }
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
