/**
 * Run by memory.test.ts in a process of its own, with `--expose-gc`: sends keys that nobody has sent before through each
 * door behind which something is remembered, and prints how much memory is kept for them.
 */
import { createClientRateMemory, createClientRates } from '../../src/limits/index.ts'
import { createLogger, createMetrics } from '../../src/observability/index.ts'
import { createBearer, createLogins, createProviders, createUsedLogins } from '../../src/oidc/index.ts'
import { createForwardingHeaders } from '../../src/pipeline/forwarding-headers.ts'
import { createHeaderFilter } from '../../src/pipeline/identity-headers.ts'
import { createRequestOrigins, type MessageHead } from '../../src/request-origin/index.ts'
import { createBoundedShelf, createCookies, createSeals, createSessions, createStorage, type Sessions, type SignedIn } from '../../src/sessions/index.ts'

/** What comes of one key, whose number nobody has used before. */
type Door = (key: number) => unknown

/** How many keys fill whatever is behind it, and how many come after that. */
interface Run {
  readonly name: string
  readonly fill: number
  readonly more: number
  /** What one takes at least that is kept: its text, and its place in a table. */
  readonly bytes: number
  readonly open: () => Door | Promise<Door>
}

const now = Date.now
const minute = 60_000
const logger = createLogger({ level: 'fatal', format: 'json', isTerminal: false, secretPaths: [] }, { write () {} })
const seals = await createSeals(['session', 'state', 'record', 'shelf'], { secrets: [Buffer.alloc(32, 'secret')], application: 'https://app.example.com' })
const cookies = createCookies({ name: '__Host-doorward', sameSite: 'lax', secure: true })
const lifetimes = { idleMilliseconds: 30 * minute, maxMilliseconds: 480 * minute, refreshBeforeMilliseconds: minute }
const spread = 0x9e3779b1

const storage = (store: 'memory' | 'cookie') => createStorage({ store, longestLifetime: () => lifetimes.maxMilliseconds }, { seals, logger, now, onAsked () {}, onFailed () {} })

function signedIn (key: number): SignedIn {
  const identity = { sub: `sub-${key}`, user: `user-${key}`, provider: 'default', groups: [], roles: [], organizations: {}, projects: {}, attributes: {}, claims: {} }
  return { identity, providerSessionId: `sid-${key}`, tokens: { accessToken: `token-${key}`, refreshToken: `refresh-${key}` } }
}

/** As large as fits into a cookie, since the cache of those is bounded by their size. */
const groups = Array.from({ length: 60 }, (_, index) => `a group with a rather long name, number ${index}`)

async function sessionsInMemory (): Promise<Door> {
  const sessions = createSessions(lifetimes, { ...await storage('memory'), cookies, now })
  const nobody = sessions.ignore(undefined)
  return async (key) => await found(sessions, (await sessions.start(signedIn(key), nobody, now()))?.setCookie)
}

async function sessionsInCookies (): Promise<Door> {
  const sessions = createSessions(lifetimes, { ...await storage('cookie'), cookies, now })
  const nobody = sessions.ignore(undefined)
  return async (key) => await found(sessions, (await sessions.start({ ...signedIn(key), identity: { ...signedIn(key).identity, groups } }, nobody, now()))?.setCookie)
}

async function found (sessions: Sessions, lines: readonly string[] = []): Promise<void> {
  const { session } = await sessions.find(lines.map((line) => line.split(';')[0]).join('; '))
  if (session === undefined) throw new Error('there is no session')
}

/** What is open with a session counts as its use. */
async function leases (): Promise<Door> {
  const sessions = createSessions(lifetimes, { ...await storage('cookie'), cookies, now })
  const nobody = sessions.ignore(undefined)
  return (key) => {
    const session = { ...signedIn(key), id: `id-${key}`, createdAt: now(), expiresAt: now() + minute, idleExpiresAt: now() + minute }
    sessions.lease({ ...nobody, session }).use()
  }
}

function logins (): Door {
  const flow = createLogins({ cookies, seal: seals.state, used: createUsedLogins(), now })
  const sent = cookies.read(undefined)
  return (key) => {
    const { secrets: { state }, setCookie } = flow.begin({ returnTo: `/${key}`, restarts: 0, provider: 'default', errand: {}, isPostedTo: false }, sent)
    const { isResumed } = flow.resume(state, cookies.read(setCookie[0]?.split(';')[0]))
    if (!isResumed) throw new Error('the login is lost')
  }
}

function message (key: number): MessageHead {
  const host = `host-${key}.example.com`
  const headers = { host, 'x-forwarded-for': `198.51.${key >> 8 & 255}.${key & 255}`, 'x-forwarded-host': key % 2 === 0 ? 'app.example.com' : host }
  return { headers, rawHeaders: ['Host', host], socket: { remoteAddress: '127.0.0.1' } as MessageHead['socket'] }
}

function origins (): Door {
  const originOf = createRequestOrigins({ publicUrl: new URL('https://app.example.com'), hosts: ['other.example.com'], trustedProxies: ['127.0.0.1/32'] })
  const headersOf = createForwardingHeaders()
  return (key) => headersOf(originOf(message(key)), `id-${key}`)
}

function addresses (): Door {
  const rates = createClientRates({ perSecond: 1, burst: 10 }, { memory: createClientRateMemory(), onRefused () {}, now })
  return (key) => {
    const spreadKey = Math.imul(key, spread) >>> 0
    rates.take('sign-in', `10.${key >> 16 & 255}.${key >> 8 & 255}.${key & 255}`)
    rates.take('token', `2001:db8:${(spreadKey >>> 16).toString(16)}:${(spreadKey & 0xffff).toString(16)}::${key.toString(16).slice(-4)}`)
  }
}

function metrics (): Door {
  const counts = createMetrics({ version: '1', now })
  return (key) => {
    counts.requestBegan()
    counts.requestEnded('proxied', 200 + key % 800, key)
    counts.loggedOut('user')
  }
}

function bearer (): Door {
  // With several providers, none of which is asked about tokens that say nothing of who issued them.
  const checkToken = createBearer({ providers: createProviders([]), mapping: () => { throw new Error('nobody is mapped') }, keeps: { allClaims: false, tokens: false } as Parameters<typeof createBearer>[0]['keeps'], isTrusted: () => true, logger, now })
  return (key) => checkToken(`token-${key}`)
}

/** A table for 100,000 grows for the last time after 131,072: before that, its growth is that of one which keeps everything. */
const runs: readonly Run[] = [
  { name: 'sessions in memory', fill: 105_000, more: 40_000, bytes: 400, open: sessionsInMemory },
  { name: 'sessions in cookies', fill: 18_000, more: 10_000, bytes: 1_000, open: sessionsInCookies },
  { name: 'sessions with open connections', fill: 140_000, more: 60_000, bytes: 64, open: leases },
  { name: 'states of logins', fill: 66_000, more: 24_000, bytes: 64, open: logins },
  { name: 'revocations', fill: 140_000, more: 60_000, bytes: 64, open: revocations },
  { name: 'sids that nobody has', fill: 20_000, more: 60_000, bytes: 64, open: sids },
  { name: 'logout tokens', fill: 140_000, more: 60_000, bytes: 64, open: shelf },
  { name: 'bearer tokens', fill: 20_000, more: 60_000, bytes: 64, open: bearer },
  { name: 'hosts and forwarded addresses', fill: 10_000, more: 60_000, bytes: 64, open: origins },
  { name: 'addresses of clients', fill: 70_000, more: 60_000, bytes: 64, open: addresses },
  { name: 'spellings of header names', fill: 10_000, more: 100_000, bytes: 64, open: spellings },
  { name: 'durations and statuses', fill: 10_000, more: 60_000, bytes: 64, open: metrics }
]

async function revocations (): Promise<Door> {
  const { revocations: revoked } = await storage('cookie')
  return (key) => revoked.revoke({ by: 'sid', value: `sid-${key}`, provider: 'default' })
}

async function sids (): Promise<Door> {
  const { named } = await storage('cookie')
  return async (key) => await named.end({ by: 'sid', value: `sid-${key}`, provider: 'default' })
}

async function shelf (): Promise<Door> {
  const limits = { maxEntries: 100_000, maxCharacters: 10_000_000 }
  const place = createBoundedShelf((await storage('cookie')).shelf('logout-token', limits), limits)
  return (key) => place.put(`jti-${key}`, 'used', minute)
}

function spellings (): Door {
  const isKept = createHeaderFilter(['x-auth-user'])
  return (key) => isKept(`X-Header_${key}`)
}

async function send (door: Door, from: number, count: number): Promise<void> {
  for (let key = from; key < from + count; key++) await door(key)
}

function heapBytes (): number {
  globalThis.gc?.()
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

const total = runs.reduce((sum, { fill, more }) => sum + fill + more, 0)
for (const { name, fill, more, bytes, open } of runs) {
  const door = await open()
  await send(door, 0, fill)
  const before = heapBytes()
  await send(door, fill, more)
  process.stdout.write(`${JSON.stringify({ name, more, bytes, total, growth: heapBytes() - before })}\n`)
}
