/** Sessions in Redis: what lies there, what it is worth to whoever gets at it, and what happens while Redis is away. */
import t, { test } from 'tap'
import { anotherBrowser, calls, logins, minute, wayBack } from '../flows/journey.ts'
import { testSecret } from '../support/gateway.ts'
import { missingPart } from '../support/parts.ts'
import { startProvider } from '../support/provider.ts'
import { startRedis, type TestRedis, until } from '../support/redis.ts'
import { browserAt, metric, readiness, startReplica } from './replicas.ts'
import { cookieOf, userOf } from './store-contract.ts'

const skip = missingPart('redis-server')
const provider = await startProvider(t)
const open = { access: { rules: [{ path: '/public/**', allow: 'anonymous' }] } }

function inRedis ({ url }: TestRedis, more: object = {}): Record<string, unknown> {
  return { store: 'redis', redis: { url, ...more } }
}

async function keysOf (redis: TestRedis): Promise<string[]> {
  const found = (await redis.ask('keys', '*')).split('\n').filter((key) => key !== '')
  return found.sort()
}

test('Redis holds the session sealed, under the hash of its ticket, for as long as it may be idle', { skip }, async (t) => {
  const redis = await startRedis(t)
  const journey = await startReplica(t, inRedis(redis, { keyPrefix: 'gate:' }), { provider })
  const { browser, gateway, url } = journey
  await browser.signIn(url('/x'), 'alice')
  const ticket = cookieOf(browser, journey)
  t.match(ticket, /^[\w-]{43}$/, '256 random bits')
  const [key = '', ...others] = await keysOf(redis)
  t.match(key, /^gate:session:[\w-]{43}$/)
  t.match(others, [/^gate:sid:[\w-]{43}$/])
  t.equal(others.length, 1, 'and that the provider has a name for it')
  const lifetime = Number(await redis.ask('pttl', key))
  t.ok(lifetime > 30 * minute && lifetime <= 35 * minute, `${lifetime} ms`)
  const kept = [key, await redis.ask('get', key)].join()
  for (const secret of [ticket, 'alice', 'identity', String(gateway.audit[0]?.['session'])]) t.notMatch(kept, secret)
  t.notMatch(gateway.logs.join(''), ticket, 'nor is the ticket in the log')
  t.notMatch(gateway.auditLines.join(''), ticket)

  await browser.open(url('/oidc/login?return_to=/y'))
  t.equal((await keysOf(redis)).filter((each) => each.includes(':session:')).length, 1, 'the record before is removed')
  await browser.open(url('/oidc/logout'), { from: url('/') })
  t.strictSame((await keysOf(redis)).filter((each) => !each.includes(':sid:')), ['gate:revocations'])
  t.notMatch(await redis.ask('zrange', 'gate:revocations', '0', '-1'), String(gateway.audit[0]?.['session']), 'hashed, too')
})

test('who writes into Redis can make no session, and move none to another ticket', { skip }, async (t) => {
  const redis = await startRedis(t)
  const journey = await startReplica(t, inRedis(redis), { provider })
  const { browser, url } = journey
  await browser.signIn(url('/x'), 'alice')
  const [aliceKey = ''] = await keysOf(redis)
  const ofAlice = await redis.ask('get', aliceKey)
  const eve = anotherBrowser(journey)
  await eve.signIn(url('/x'), 'bob')
  const eveKey = (await keysOf(redis)).find((key) => key.includes(':session:') && key !== aliceKey) ?? ''
  const ofEve = await redis.ask('get', eveKey)
  const cookies = await startReplica(t, { store: 'cookie' }, { provider })
  const carol = anotherBrowser(cookies)
  await carol.signIn(cookies.url('/x'), 'alice')

  const values = [ofAlice, cookieOf(carol, cookies), ofEve.slice(0, -1), `${ofEve.slice(0, 40)}A${ofEve.slice(41)}`, ofEve.toUpperCase(), '', '{}', '{"key":"x","session":{}}', 'null', `${ofEve};${ofEve}`]
  for (const value of values) {
    await redis.ask('set', eveKey, value)
    // What was read before is believed for half a second; another replica has not read anything.
    const replica = await startReplica(t, inRedis(redis), { provider })
    t.equal((await browserAt(replica, eve).get(url('/x'))).status, 302, value.slice(0, 40))
  }
  await redis.ask('set', eveKey, ofEve)
  t.equal(await userOf(eve, journey), 'bob')

  for (const stolen of [ofAlice, ofEve, aliceKey, aliceKey.split(':').at(-1) ?? '']) {
    for (const gateway of [journey, cookies]) t.equal((await anotherBrowser(gateway).get(gateway.url('/x'), { headers: { cookie: `__Host-doorward=${stolen}` } })).status, 302, 'what Redis holds is no ticket')
  }
})

test('another prefix, another secret and another site see nothing of these sessions; an earlier secret still does', { skip }, async (t) => {
  const redis = await startRedis(t)
  const first = await startReplica(t, inRedis(redis), { provider })
  await first.browser.signIn(first.url('/x'), 'alice')
  const [other, third] = [Buffer.alloc(32, 'other').toString('base64'), Buffer.alloc(32, 'third').toString('base64')]
  const cases = [
    ['the same', {}, 200],
    ['another prefix', inRedis(redis, { keyPrefix: 'other:' }), 302],
    ['another secret', { secret: other }, 302],
    ['a new secret, the earlier one still accepted', { secret: other, previousSecrets: [third, testSecret] }, 200],
    ['another database', inRedis({ ...redis, url: `${redis.url}/3` }), 302]
  ] as const
  for (const [what, session, status] of cases) {
    const replica = await startReplica(t, { ...inRedis(redis), ...session }, { provider })
    t.equal((await browserAt(replica, first.browser).get(replica.url('/x'))).status, status, what)
  }
  const elsewhere = await startReplica(t, inRedis(redis), { provider, publicUrl: 'https://other.example.com' })
  t.equal((await anotherBrowser(elsewhere).get(elsewhere.url('/x'), { headers: { cookie: `__Host-doorward=${cookieOf(first.browser, first)}` } })).status, 302, 'another site')
})

test('many requests at once ask Redis once', { skip }, async (t) => {
  const redis = await startRedis(t)
  const first = await startReplica(t, inRedis(redis), { provider })
  await first.browser.signIn(first.url('/x'), 'alice')
  const replica = await startReplica(t, inRedis(redis), { provider })
  const browser = browserAt(replica, first.browser)
  const reads = async (): Promise<number> => Number(/cmdstat_get:calls=(\d+)/.exec(await redis.ask('info', 'commandstats'))?.[1] ?? 0)
  const before = await reads()
  await Promise.all(Array.from({ length: 20 }, () => browser.get(replica.url('/x'))))
  t.equal(await reads() - before, 1)
})

test('while Redis is away nobody is signed out or sent to sign in: 503, and back without a restart', { skip }, async (t) => {
  for (const outage of ['frozen', 'gone'] as const) {
    const redis = await startRedis(t, { password: 'a-secret-of-redis' })
    const session = { store: 'redis', redis: { url: redis.url.replace('//', '//:a-secret-of-redis@') } }
    const journey = await startReplica(t, session, { provider, configuration: open })
    const { browser, gateway, url } = journey
    await browser.signIn(url('/x'), 'alice')
    const cookie = cookieOf(browser, journey)
    t.match(await readiness(journey), { httpStatus: 200, status: 'ready', dependencies: { 'session-store': { status: 'up' } } })
    t.equal(await metric(journey, 'doorward_session_store_up'), 1)
    const newcomer = anotherBrowser(journey)
    const callback = await wayBack(newcomer, url('/x'), 'bob')
    const hasty = anotherBrowser(journey)
    const atOnce = await wayBack(hasty, url('/x'), 'bob')

    if (outage === 'frozen') redis.freeze()
    else await redis.kill()
    const first = await hasty.get(atOnce)
    t.strictSame([first.status, first.setCookies], [503, []], 'before anybody knows that Redis is away')
    await until(async () => (await browser.get(url('/x'))).status !== 200)
    const page = await browser.get(url('/x'))
    t.strictSame([page.status, page.headers['retry-after'], page.setCookies], [503, '2', []], outage)
    t.match(page.text, /Sign-in can’t be checked/)
    t.match(page.headers['content-type'], /text\/html/)
    const program = await browser.get(url('/x'), { program: true })
    t.match([program.status, program.headers['content-type'], program.json()], [503, /problem\+json/, { code: 'session_store_unavailable' }])
    t.equal((await browser.get(url('/x'), { method: 'POST' })).status, 503)
    t.equal((await browser.get(url('/oidc/session'), { program: true })).status, 503)
    t.equal((await browser.open(url('/oidc/logout'), { from: url('/x') })).status, 503, 'nor is it said that somebody were signed out')

    await until(async () => (await readiness(journey)).httpStatus === 503)
    t.match(await readiness(journey), { status: 'unavailable', dependencies: { 'session-store': { status: 'down' } } })
    t.equal(await metric(journey, 'doorward_session_store_up'), 0)
    t.ok(await metric(journey, 'doorward_session_store_errors_total') > 0)

    t.equal((await anotherBrowser(journey).get(url('/public/x'))).status, 200, 'what is open to everybody stays so')
    t.equal((await browser.get(url('/public/x'))).status, 200, 'for whoever is signed in, too')
    t.equal((await browser.get(url('/public/x'), { method: 'POST' })).status, 503, 'but nothing is written in nobody’s name')

    await until(async () => (await anotherBrowser(journey).get(url('/oidc/login'))).status === 503)
    gateway.audit.length = 0
    const asked = calls(journey, '/token').length
    const failed = await newcomer.get(callback)
    t.strictSame([failed.status, failed.headers['retry-after']], [503, '2'])
    t.strictSame(logins(journey), ['failure: session_store_unavailable'])
    t.equal(calls(journey, '/token').length, asked, 'the code is not spent')

    if (outage === 'frozen') redis.wake()
    else await redis.restart()
    await until(async () => (await readiness(journey)).httpStatus === 200)
    gateway.audit.length = 0
    for (const [reloading, address] of [[newcomer, callback], [hasty, atOnce]] as const) {
      t.equal((await reloading.open(address)).status, 200, 'whoever reloads the page is signed in')
    }
    t.strictSame(logins(journey), ['success', 'success'], 'with the code that they have')
    t.equal(await userOf(newcomer, journey), 'bob')
    t.equal(await userOf(browser, journey), outage === 'frozen' ? 'alice' : undefined, 'known again, if Redis has kept it')
    t.notMatch(gateway.logs.join('') + gateway.auditLines.join(''), /a-secret-of-redis/)
    t.notMatch(gateway.logs.join('') + gateway.auditLines.join(''), cookie)
    t.notMatch(gateway.logs.join(''), /enableOfflineQueue/, 'a word of the library’s says nothing to whoever reads it')
  }
})

test('the rights that are documented are enough; what Redis refuses stands in the log, and no password with it', { skip }, async (t) => {
  const redis = await startRedis(t, { password: 'of-the-administrator' })
  const password = 'pass:word@of/doorward?%'
  const rights = ['~doorward:*', '+hello', '+client|setname', '+info', '+get', '+set', '+getdel', '+del', '+eval', '+time', '+zadd', '+zrangebyscore', '+zremrangebyscore', '+pexpire']
  t.equal(await redis.ask('acl', 'setuser', 'doorward', 'on', `>${password}`, 'resetkeys', ...rights), 'OK')
  const inUrl = inRedis({ ...redis, url: redis.url.replace('//', `//doorward:${encodeURIComponent(password)}@`) })
  for (const session of [inUrl, inRedis(redis, { username: 'doorward', password })]) {
    const journey = await startReplica(t, session, { provider })
    await journey.browser.signIn(journey.url('/x'), 'alice')
    t.equal(await userOf(journey.browser, journey), 'alice')
    t.equal((await journey.browser.open(journey.url('/oidc/logout'), { from: journey.url('/x') })).status, 200)
    t.notMatch(journey.gateway.logs.join(''), /session_store.down/)
  }

  await redis.ask('acl', 'setuser', 'beggar', 'on', `>${password}`, '~doorward:*', '+@all', '-eval')
  const refusals: ReadonlyArray<readonly [session: Record<string, unknown>, word: RegExp]> = [
    [inRedis(redis, { username: 'doorward', password: 'a-wrong-password' }), /Redis answered WRONGPASS/],
    [inRedis(redis), /Redis answered NOAUTH/],
    [inRedis(redis, { username: 'beggar', password }), /Redis answered NOPERM/]
  ]
  for (const [session, word] of refusals) {
    const { gateway, browser, url } = await startReplica(t, session, { provider })
    const logs = (): string => gateway.logs.join('')
    await until(() => word.test(logs()))
    t.match(logs(), /"level":"warn".*"event":"session_store.down","reason":"[^"]*session\.redis/, 'with what to look at')
    t.equal((await browser.get(url('/oidc/login'))).status, 503)
    for (const secret of ['a-wrong-password', password, encodeURIComponent(password)]) t.notOk(logs().includes(secret))
  }
})

test('a database that Redis does not give is not exchanged for another one', { skip }, async (t) => {
  const redis = await startRedis(t)
  await redis.ask('acl', 'setuser', 'homebound', 'on', 'nopass', '~*', '+@all', '-select')
  const refusals: ReadonlyArray<readonly [path: string, more: object, word: string]> = [['/99', {}, 'ERR'], ['/1', { username: 'homebound', password: 'any' }, 'NOPERM']]
  for (const [path, more, word] of refusals) {
    const { gateway, browser, url } = await startReplica(t, inRedis({ ...redis, url: redis.url + path }, more), { provider })
    await until(() => gateway.logs.some((line) => line.includes('session_store.down') && line.includes(`Redis answered ${word} to SELECT`)))
    t.equal((await browser.get(url('/oidc/login'))).status, 503)
    t.equal(await redis.ask('dbsize'), '0', 'database 0 belongs to somebody else')
  }
})

test('a Redis without room lets nobody new in, says so, and keeps those who are in', { skip }, async (t) => {
  const redis = await startRedis(t)
  const journey = await startReplica(t, inRedis(redis), { provider })
  const { browser, gateway, url } = journey
  await browser.signIn(url('/x'), 'alice')
  await redis.ask('config', 'set', 'maxmemory', '1')
  const page = await anotherBrowser(journey).signIn(url('/x'), 'bob')
  t.strictSame([page.status, page.setCookies.filter((line) => line.startsWith('__Host-doorward='))], [503, []])
  t.match(page.text, /Sign-in can’t be checked/)
  t.strictSame(logins(journey), ['success', 'failure: session_store_unavailable'])
  t.match(gateway.logs.join(''), /Redis answered OOM/)
  t.equal(await userOf(browser, journey), 'alice')
})
