import { randomBytes } from 'node:crypto'
import t, { test } from 'tap'
import { type Browser } from '../support/browser.ts'
import { testSecret } from '../support/gateway.ts'
import { startProvider } from '../support/provider.ts'
import { startUpstream } from '../support/upstream.ts'
import { anotherBrowser, hour, type Journey, type JourneyOptions, minute, second, startJourney, stoppedClock } from './journey.ts'

const provider = await startProvider(t)
const upstream = await startUpstream(t, (_request, response) => { response.writeHead(200, { 'cache-control': 'public, max-age=60', 'set-cookie': 'app=1' }).end() })

/** The session's Set-Cookie lines of an answer. */
function sessionCookies ({ setCookies }: { setCookies: readonly string[] }): string[] {
  return setCookies.filter((line) => /^(__Host-|__Secure-)?doorward=/.test(line))
}

/** Cookie header with which a copy of the browser would be signed in. */
function cookieOf (browser: Browser, { url }: Journey): string {
  return browser.jar.header(new URL(url('/'))) ?? ''
}

/** What a request with these cookies and nothing else gets: 200 from the application, 302 to the sign-in. */
async function statusWith (cookie: string, journey: Journey): Promise<number> {
  return (await anotherBrowser(journey).get(journey.url('/x'), { headers: { cookie } })).status
}

test('a session ends when it is not used for the idle time, and lives on while it is', async (t) => {
  const clock = stoppedClock()
  const journey = await startJourney(t, { provider, upstream, now: () => clock.now })
  const { browser, gateway, url } = journey
  await browser.signIn(url('/x'), 'bob')
  const { session } = gateway.audit[0] ?? {}
  for (const passed of [29 * minute, 29 * minute, 30 * minute - 1]) {
    clock.now += passed
    t.equal((await browser.get(url('/x'))).status, 200)
  }
  clock.now += 30 * minute
  t.equal((await browser.get(url('/x'))).status, 302)
  t.match(gateway.audit.slice(1), [{ event: 'session.expired', outcome: 'success', reason: 'idle_timeout', user: { user: 'bob' }, session }])
  t.equal((await browser.open(url('/x'))).status, 200, 'and a new one begins')
})

test('that a session has run out is in the audit trail once, whatever is asked for first', async (t) => {
  const clock = stoppedClock()
  const journey = await startJourney(t, { provider, upstream, now: () => clock.now })
  for (const path of ['/x', '/oidc/login?return_to=/x', '/oidc/callback?state=old', '/oidc/logout', '/oidc/signed-out', '/oidc/session']) {
    const browser = anotherBrowser(journey)
    await browser.signIn(journey.url('/x'), 'bob')
    journey.gateway.audit.length = 0
    clock.now += 30 * minute
    const cookie = cookieOf(browser, journey)
    for (const again of [1, 2]) await anotherBrowser(journey).get(journey.url(path), { headers: { cookie }, program: again === 1 && path === '/oidc/session' })
    t.match(journey.gateway.audit.filter(({ event }) => event === 'session.expired'), [{ reason: 'idle_timeout', user: { user: 'bob' }, request: { path: path.split('?')[0] } }], path)
  }
})

test('a session ends at its longest life, however much it is used', async (t) => {
  const clock = stoppedClock()
  const { browser, gateway, url } = await startJourney(t, { provider, upstream, now: () => clock.now })
  await browser.signIn(url('/x'), 'bob')
  for (let passed = 0; passed < 8 * hour - 20 * minute; passed += 20 * minute) {
    clock.now += 20 * minute
    t.equal((await browser.get(url('/x'))).status, 200, `after ${passed / minute + 20} minutes`)
  }
  clock.now += 20 * minute - 1
  t.equal((await browser.get(url('/x'))).status, 200)
  clock.now += 1
  t.equal((await browser.get(url('/x'))).status, 302)
  t.match(gateway.audit.slice(1), [{ event: 'session.expired', reason: 'max_lifetime' }])
})

test('a session that was given a longer life ends when it would have, had it begun under the shorter one', async (t) => {
  const clock = stoppedClock()
  const options = { provider, upstream, publicUrl: 'https://app.example.com', now: () => clock.now }
  const before = await startJourney(t, { ...options, configuration: { session: { idleTimeout: '8h' } } })
  await before.browser.signIn(before.url('/x'), 'bob')
  const cookie = cookieOf(before.browser, before)
  const after = await startJourney(t, { ...options, configuration: { session: { idleTimeout: '1h', maxLifetime: '1h' } } })
  clock.now += hour - 1
  t.equal(await statusWith(cookie, after), 200)
  clock.now += 1
  t.equal(await statusWith(cookie, before), 200)
  t.equal(await statusWith(cookie, after), 302)
  t.match(after.gateway.audit, [{ event: 'session.expired', reason: 'max_lifetime' }])
})

test('using a session is written back once per tenth of the idle time, and never into a shared cache', async (t) => {
  const clock = stoppedClock()
  const { browser, url } = await startJourney(t, { provider, upstream, now: () => clock.now })
  await browser.signIn(url('/x'), 'bob')
  const written: number[] = []
  for (let passed = 0; passed < 30 * minute; passed += 20 * second) {
    const answer = await browser.get(url('/x'))
    const isWritten = sessionCookies(answer).length > 0
    if (isWritten) written.push(passed / minute)
    t.equal(answer.headers['cache-control'], isWritten ? 'public, max-age=60, private, no-cache="set-cookie"' : 'public, max-age=60')
    t.equal(answer.setCookies.includes('app=1'), true, 'the application’s cookie stays')
    clock.now += 20 * second
  }
  t.strictSame(written, [3, 6, 9, 12, 15, 18, 21, 24, 27])
})

test('every sign-in makes a new session, and the one before is over', async (t) => {
  const journey = await startJourney(t, { provider, upstream })
  const { browser, gateway, url } = journey
  await browser.signIn(url('/x'), 'bob')
  const before = cookieOf(browser, journey)
  await browser.open(url('/oidc/login?return_to=/x'))
  t.not(cookieOf(browser, journey), before)
  t.equal(new Set(gateway.audit.map(({ session }) => session)).size, 2)
  t.strictSame([await statusWith(before, journey), await statusWith(cookieOf(browser, journey), journey)], [302, 200])
})

/** The same site, run anew with other settings; only one at a time signs people in. */
async function site (t: Parameters<typeof startJourney>[0], session: Record<string, unknown>, more: JourneyOptions = {}): Promise<Journey> {
  return await startJourney(t, { provider, upstream, publicUrl: 'https://app.example.com', configuration: { session }, ...more })
}

test('a session outlives a change of the secret that names the earlier one, and only that', async (t) => {
  const clock = stoppedClock()
  const now = { now: () => clock.now }
  const [newest, foreign] = [randomBytes(32), randomBytes(48)].map((bytes) => bytes.toString('base64'))
  const first = await site(t, { secret: testSecret }, now)
  await first.browser.signIn(first.url('/x'), 'bob')
  const cookie = cookieOf(first.browser, first)

  const second = await site(t, { secret: newest, previousSecrets: [foreign, testSecret] }, now)
  clock.now += 3 * minute
  const touched = await anotherBrowser(second).get(second.url('/x'), { headers: { cookie } })
  t.equal(touched.status, 200)
  const [resealed = ''] = sessionCookies(touched)

  const third = await site(t, { secret: newest }, now)
  t.equal(await statusWith(resealed.split(';')[0] ?? '', third), 200, 'its use sealed it with the new secret')
  t.equal(await statusWith(cookie, third), 302, 'what the old one sealed is worth nothing without it')
  t.equal(await statusWith(cookie, await site(t, { secret: foreign }, now)), 302)
  t.equal(await statusWith(cookie, await site(t, { secret: undefined }, now)), 302)
})

test('while replicas change the secret in three steps, each accepts what any other seals', async (t) => {
  const [old, fresh] = [testSecret, randomBytes(32).toString('base64')]
  const steps = [{ secret: old }, { secret: old, previousSecrets: [fresh, old] }, { secret: fresh, previousSecrets: [fresh, old] }, { secret: fresh }]
  const replicas = await Promise.all(steps.map((step) => site(t, step)))
  const cookies = await Promise.all(replicas.map(async (replica) => {
    await replica.browser.signIn(replica.url('/x'), 'bob')
    return cookieOf(replica.browser, replica)
  }))
  const between = async (seals: number, opens: number): Promise<number> => {
    const replica = replicas[opens]
    return replica === undefined ? 0 : await statusWith(cookies[seals] ?? '', replica)
  }
  for (const step of [0, 1, 2]) t.strictSame([await between(step, step + 1), await between(step + 1, step)], [200, 200], `step ${step + 1}`)
  t.equal(await between(2, 0), 302, 'without the first step: one that has not heard of the new secret refuses what it seals')
})

test('the session of one site is none at another that shares the secret', async (t) => {
  const one = await site(t, {})
  await one.browser.signIn(one.url('/x'), 'bob')
  const cookie = cookieOf(one.browser, one)
  t.equal(await statusWith(cookie, await site(t, {})), 200)
  t.equal(await statusWith(cookie, await site(t, {}, { publicUrl: 'https://other.example.com' })), 302)
})

const attributes: ReadonlyArray<readonly [name: string, publicUrl: string | undefined, cookie: Record<string, unknown>, session: RegExp, login: RegExp]> = [
  ['on http://localhost', undefined, {}, /^doorward=[\w.-]+; Path=\/; HttpOnly; SameSite=Lax$/, /^doorward-login-[\w-]{8}=[\w-]{22}; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/],
  ['on https', 'https://app.example.com', {}, /^__Host-doorward=[\w.-]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/, /^__Host-doorward-login-[\w-]{8}=[\w-]{22}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/],
  ['for a domain', 'https://app.example.com', { domain: 'example.com' }, /^__Secure-doorward=[\w.-]+; Domain=example.com; Path=\/; HttpOnly; Secure; SameSite=Lax$/, /^__Host-doorward-login-[\w-]{8}=[\w-]{22}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/],
  ['with a name and SameSite of its own', 'https://app.example.com', { name: 'sid', sameSite: 'none' }, /^sid=[\w.-]+; Path=\/; HttpOnly; Secure; SameSite=None$/, /^__Host-sid-login-[\w-]{8}=[\w-]{22}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/]
]

test('cookies bear the name and the attributes that bind them to the site', async (t) => {
  for (const [name, publicUrl, cookie, session, login] of attributes) {
    const journey = await startJourney(t, { provider, upstream, configuration: { session: { cookie } }, ...(publicUrl !== undefined && { publicUrl }) })
    const page = await journey.browser.signIn(journey.url('/x'), 'bob')
    const own = page.chain.filter(({ url }) => url.origin === journey.gateway.origin)
    t.match(own.find(({ url }) => url.pathname === '/oidc/login')?.setCookies, [login], name)
    t.match(own.find(({ url }) => url.pathname === '/oidc/callback')?.setCookies, [/^[\w-]+-login-[\w-]{8}=; Max-Age=0; Path=\//, session], name)
    t.equal(page.status, 200)
  }
})

test('the application gets its cookies in their order, and none of ours', async (t) => {
  const journey = await site(t, {})
  const { browser, url } = journey
  for (const cookie of ['a=1', '__Host-doorwards=2']) browser.jar.store(new URL(url('/')), `${cookie}; Secure; Path=/`)
  await browser.signIn(url('/x'), 'bob')
  browser.jar.store(new URL(url('/')), 'z="b c"; Path=/')
  await browser.get(url('/oidc/login'))
  t.equal(cookieOf(browser, journey).split('; ').length, 7, 'a session, a login in progress, a count of sign-ins, and four of the application')
  await browser.get(url('/x'))
  t.equal(upstream.requests.at(-1)?.headers.cookie, 'a=1; __Host-doorwards=2; app=1; z="b c"')
})

test('with SameSite=strict a sign-in ends with a page that goes on by itself', async (t) => {
  const journey = await site(t, { cookie: { sameSite: 'strict' } })
  const { browser, url } = journey
  const page = await browser.signIn(url('/x?a=1&b=2'), 'bob')
  t.equal(page.url.pathname, '/oidc/callback')
  t.equal(page.status, 200)
  t.match(page.setCookies[1], /^__Host-doorward=[\w.-]+; Path=\/; HttpOnly; Secure; SameSite=Strict$/)
  t.match(page.text, /<meta http-equiv="refresh" content="0;url=\/x\?a=1&amp;b=2">/)
  t.equal((await browser.open(url('/x?a=1&b=2'), { from: page.url })).status, 200)
})
