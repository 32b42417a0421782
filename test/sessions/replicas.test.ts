/** Several replicas and one Redis: a session that ends, ends everywhere. */
import { once } from 'node:events'
import t, { test } from 'tap'
import { type Journey, minute, stoppedClock } from '../flows/journey.ts'
import { createLogger } from '../../src/observability/index.ts'
import { createRedis, type Redis } from '../../src/sessions/redis.ts'
import { type Session } from '../../src/sessions/session.ts'
import { createSharedRevocations, type SharedRevocations } from '../../src/sessions/shared-revocations.ts'
import { missingPart } from '../support/parts.ts'
import { startProvider } from '../support/provider.ts'
import { startRedis, type TestRedis, until } from '../support/redis.ts'
import { openWebSocket, startWebSocketUpstream } from '../support/web-sockets.ts'
import { browserAt, readiness, startReplica } from './replicas.ts'
import { cookieOf, userOf } from './store-contract.ts'

const skip = missingPart('redis-server')
const provider = await startProvider(t)

function sharing ({ url }: TestRedis, store: 'redis' | 'cookie' | 'memory'): Record<string, unknown> {
  return { store, redis: { url }, closeGrace: '40ms' }
}

/** Neither open, nor ended in another way than by asking to sign in. */
async function isOut (browser: Journey['browser'], { url }: Journey): Promise<boolean> {
  const { status } = await browser.get(url('/x'))
  if (status !== 200 && status !== 302) throw new Error(`${status} was not expected`)
  return status === 302
}

test('who signs in at one replica is known at the other; who signs out at one is out at both, WebSockets too', { skip }, async (t) => {
  for (const store of ['redis', 'cookie'] as const) {
    const redis = await startRedis(t)
    const upstream = await startWebSocketUpstream(t)
    const application = { url: upstream.url, port: 0, requests: [], close: async () => {} }
    const first = await startReplica(t, sharing(redis, store), { provider, upstream: application })
    const second = await startReplica(t, sharing(redis, store), { provider, upstream: application })
    await first.browser.signIn(first.url('/oidc/login?return_to=/oidc/session'), 'alice')
    const there = browserAt(second, first.browser)
    t.equal(await userOf(there, second), 'alice', store)
    const cookie = `__Host-doorward=${cookieOf(first.browser, first)}`
    const socket = await openWebSocket(t, second.gateway.port, '/live', { headers: { cookie, host: 'app.example.com' } })
    const closed = once(socket, 'close')

    await first.browser.open(first.url('/oidc/logout'), { from: first.url('/') })
    const copy = browserAt(second, first.browser)
    copy.jar.store(new URL(second.url('/')), `${cookie}; Path=/; Secure`)
    await until(async () => await userOf(copy, second) === undefined)
    await closed
    t.equal(await userOf(browserAt(first, copy), first), undefined)
  }
})

test('a replica that was away hears what it has missed, and one that begins hears everything', { skip }, async (t) => {
  const redis = await startRedis(t)
  const first = await startReplica(t, sharing(redis, 'cookie'), { provider })
  const { browser, url } = first
  await browser.signIn(url('/x'), 'alice')
  const cookie = `__Host-doorward=${cookieOf(browser, first)}`
  await browser.open(url('/oidc/logout'), { from: url('/') })
  browser.jar.store(new URL(url('/')), `${cookie}; Path=/; Secure`)
  const late = await startReplica(t, sharing(redis, 'cookie'), { provider })
  t.ok(await isOut(browserAt(late, browser), late), 'at its first request')
})

test('clocks that differ by minutes change nothing about who is out', { skip }, async (t) => {
  const redis = await startRedis(t)
  const ahead = () => Date.now() + 10 * minute
  const behind = () => Date.now() - 10 * minute
  for (const [signsIn, signsOut] of [[ahead, behind], [behind, ahead]] as const) {
    const configuration = { provider: { clockTolerance: '20m' } }
    const first = await startReplica(t, sharing(redis, 'cookie'), { provider, now: signsIn, configuration })
    const second = await startReplica(t, sharing(redis, 'cookie'), { provider, now: signsOut, configuration })
    await first.browser.signIn(first.url('/x'), 'alice')
    const cookie = `__Host-doorward=${cookieOf(first.browser, first)}`
    const there = browserAt(second, first.browser)
    t.equal(await userOf(there, second), 'alice')
    await there.open(second.url('/oidc/logout'), { from: second.url('/') })
    first.browser.jar.store(new URL(first.url('/')), `${cookie}; Path=/; Secure`)
    await until(() => isOut(first.browser, first))
    t.ok(await isOut(browserAt(second, first.browser), second))
  }
})

test('what began before a revocation is dead and what began afterwards lives, at every replica', { skip }, async (t) => {
  const redis = await startRedis(t)
  const [one, other] = [await startRevocations(redis), await startRevocations(redis)]
  t.teardown(() => { for (const { redis, revocations } of [one, other]) { revocations.close(); redis.close() } })
  const person = { provider: 'default', sub: 'a', user: 'alice' }
  const begun = async (): Promise<Session> => ({ id: Math.random().toString(), identity: person, createdAt: await one.revocations.time() }) as unknown as Session
  for (let round = 0; round < 20; round++) {
    const before = await begun()
    await other.revocations.revoke({ by: 'user', value: 'alice' })
    t.ok(other.revocations.isRevoked(before))
    // One millisecond: the clock of Redis has to have moved on.
    await new Promise((resolve) => { setTimeout(resolve, 2) })
    const after = await begun()
    await until(() => one.revocations.isRevoked(before))
    t.notOk(one.revocations.isRevoked(after))
    t.notOk(other.revocations.isRevoked(after))
  }
  t.equal(await redis.ask('zcard', 'doorward:revocations'), '1', 'kept once')
})

test('thousands of revocations are heard page by page, and trimmed when no session can be older', { skip }, async (t) => {
  const redis = await startRedis(t)
  const one = await startRevocations(redis)
  t.teardown(() => { one.revocations.close(); one.redis.close() })
  const now = Number(await one.revocations.time())
  await redis.ask('eval', `for i = 1, 12000 do redis.call("zadd", KEYS[1], ${now} - 12000 + i, "m" .. i) end redis.call("zadd", KEYS[1], ${now - 61 * minute}, "old")`, '1', 'doorward:revocations')
  await one.revocations.revoke({ by: 'sub', value: 'a', provider: 'default' })
  const late = await startRevocations(redis)
  t.teardown(() => { late.revocations.close(); late.redis.close() })
  const session = { id: 'x', identity: { provider: 'default', sub: 'a', user: 'alice' }, createdAt: now } as unknown as Session
  // Whoever has not heard everything yet says so, and lets nobody in.
  await until(() => late.revocations.staleMilliseconds() < 2_000)
  t.ok(late.revocations.isRevoked(session), 'the last of all of them')
  t.equal(await redis.ask('zcard', 'doorward:revocations'), '12001')
})

test('a replica that hears nothing for two seconds lets nobody in on its word; what is open stays so for a minute', { skip }, async (t) => {
  for (const store of ['cookie', 'memory'] as const) {
    const redis = await startRedis(t)
    const upstream = await startWebSocketUpstream(t)
    const journey = await startReplica(t, sharing(redis, store), { provider, upstream: { url: upstream.url, port: 0, requests: [], close: async () => {} }, configuration: { access: { rules: [{ path: '/public/**', allow: 'anonymous' }] } } })
    const { browser, gateway, url } = journey
    await browser.signIn(url('/oidc/login?return_to=/oidc/session'), 'alice')
    const socket = await openWebSocket(t, gateway.port, '/live', { headers: { cookie: browser.jar.header(new URL(url('/'))) ?? '', host: 'app.example.com' } })
    redis.freeze()
    await until(async () => (await browser.get(url('/oidc/session'), { program: true })).status === 503)
    t.equal((await browser.get(url('/x'))).status, 503)
    t.equal((await browser.open(url('/oidc/logout'), { from: url('/') })).status, 503)
    t.equal((await readiness(journey)).httpStatus, 503)
    t.equal(socket.readyState, socket.OPEN)
    redis.wake()
    await until(async () => (await browser.get(url('/oidc/session'), { program: true })).status === 200)
    t.equal(await userOf(browser, journey), 'alice', store)
    t.equal((await readiness(journey)).httpStatus, 200)
  }
})

test('an idle expiry that one replica moves is moved for the other', { skip }, async (t) => {
  const redis = await startRedis(t)
  const clock = stoppedClock()
  const [first, second] = [await startReplica(t, sharing(redis, 'redis'), { provider, now: () => clock.now }), await startReplica(t, sharing(redis, 'redis'), { provider, now: () => clock.now })]
  await first.browser.signIn(first.url('/x'), 'alice')
  const there = browserAt(second, first.browser)
  for (let turn = 0; turn < 4; turn++) {
    clock.now += 20 * minute
    const at = turn % 2 === 0 ? first : second
    await until(async () => (await browserAt(at, there).get(at.url('/x'))).status === 200)
  }
  t.equal(await userOf(first.browser, first), 'alice')
})

async function startRevocations ({ url }: TestRedis): Promise<{ redis: Redis, revocations: SharedRevocations }> {
  const logger = createLogger({ level: 'fatal', format: 'json', isTerminal: false, secretPaths: [] }, { write () {} })
  const redis = await createRedis({ url, nodes: [], cluster: false }, { keyPrefix: 'doorward:', logger, onFailed () {} })
  const revocations = createSharedRevocations({ redis, longestLifetime: () => 60 * minute, logger, onAsked () {} })
  await redis.connect()
  await revocations.start()
  return { redis, revocations }
}
