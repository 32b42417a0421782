/** The provider ends sessions: which of them end, how soon, and with what is open. Its tokens are judged in test/conformance/logout-rp.test.ts. */
import { once } from 'node:events'
import t, { test } from 'tap'
import { untilCounted } from '../admin/scrape.ts'
import { ask, responseTo } from '../proxy/open-gateway.ts'
import { Browser } from '../support/browser.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { logoutToken, postLogout } from '../support/logout-tokens.ts'
import { missingPart } from '../support/parts.ts'
import { clientSecret, startProvider } from '../support/provider.ts'
import { startRedis, until } from '../support/redis.ts'
import { signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'
import { type RogueProvider, startRogueProvider } from '../support/rogue-provider.ts'
import { startUpstream } from '../support/upstream.ts'
import { openWebSocket, startWebSocketUpstream } from '../support/web-sockets.ts'
import { anotherBrowser, type Journey, minute, startJourney, stoppedClock } from './journey.ts'

const provider = await startProvider(t)

/** Somebody signs out at the provider, without coming by the gateway. */
async function signOutAtProvider (browser: Browser): Promise<void> {
  await browser.submit(await browser.open(`${provider.issuer}/session/end`), { logout: 'yes' })
}

async function status ({ url }: Journey, browser: Browser): Promise<number> {
  return (await browser.get(url('/x'))).status
}

test('whoever signs out at the provider is signed out here, in that browser alone', async (t) => {
  const journey = await startJourney(t, { provider })
  const { browser, gateway, url } = journey
  const [elsewhere, other] = [anotherBrowser(journey), anotherBrowser(journey)]
  await browser.signIn(url('/x'), 'bob')
  await elsewhere.signIn(url('/x'), 'bob')
  await other.signIn(url('/x'), 'alice')
  const copy = browser.jar.header(new URL(url('/'))) ?? ''

  await signOutAtProvider(browser)
  t.strictSame(await Promise.all([browser, elsewhere, other].map((each) => status(journey, each))), [302, 200, 200])
  t.equal((await anotherBrowser(journey).get(url('/x'), { headers: { cookie: copy } })).status, 302, 'and no copy of the cookie is worth anything')
  t.match(gateway.audit.slice(3), [{
    event: 'session.revoked',
    outcome: 'success',
    reason: 'backchannel',
    user: { sub: 'bob', provider: 'default' },
    request: { method: 'POST', path: '/oidc/backchannel-logout', ip: '127.0.0.1' },
    metadata: { by: 'sid', value: /./, provider: 'default' }
  }])
  t.equal(gateway.audit.length, 4)
  await untilCounted(gateway.admin, 'doorward_sessions_revoked_total', '{reason="backchannel"}', 1)
  await untilCounted(gateway.admin, 'doorward_logouts_total', '{initiator="provider"}', 1)

  await browser.signIn(url('/x'), 'bob')
  t.equal(await status(journey, browser), 200, 'who signs in again is in')
})

test('a provider that names no session ends all of the person, and none that begin later', async (t) => {
  const journey = await startJourney(t, { provider, client: { backchannel_logout_session_required: false } })
  const { browser, gateway, url } = journey
  const [elsewhere, other] = [anotherBrowser(journey), anotherBrowser(journey)]
  await browser.signIn(url('/x'), 'bob')
  await elsewhere.signIn(url('/x'), 'bob')
  await other.signIn(url('/x'), 'alice')
  await signOutAtProvider(browser)
  t.strictSame(await Promise.all([browser, elsewhere, other].map((each) => status(journey, each))), [302, 302, 200])
  t.match(gateway.audit.at(-1), { event: 'session.revoked', metadata: { by: 'sub', value: 'bob' } })
  await elsewhere.open(url('/x'))
  t.equal(await status(journey, elsewhere), 200)
})

test('signing out at one gateway ends the session at another one of the same provider', async (t) => {
  const gatewayOf = (name: string) => startJourney(t, { provider, client: { client_id: name }, configuration: { provider: { clientId: name }, session: { cookie: { name } } } })
  const [one, two] = [await gatewayOf('one'), await gatewayOf('two')]
  const { browser } = one
  await browser.signIn(one.url('/x'), 'bob')
  t.equal((await browser.open(two.url('/x'))).status, 200, 'one sign-in for both')
  const page = await browser.submit(await browser.open(one.url('/oidc/logout')), { logout: 'yes' })
  t.equal(page.url.href.split('?')[0], one.url('/oidc/signed-out'))
  t.equal(await status(two, browser), 302)
  t.match(two.gateway.audit.map(({ event, reason }) => [event, reason]), [['login', undefined], ['session.revoked', 'backchannel']])
})

/** Each ends the session that the provider calls `one`, and nobody comes with its cookie. */
const ways: Readonly<Record<string, (gateway: TestGateway, rogue: RogueProvider) => Promise<Response>>> = {
  'the provider ends': async ({ origin }, rogue) => await postLogout(origin, await logoutToken(rogue, { sid: 'one' })),
  'a page of the provider ends': async ({ origin }, { issuer: iss }) => await fetch(`${origin}/oidc/frontchannel-logout?${new URLSearchParams({ iss, sid: 'one' }).toString()}`),
  'an administrator ends': async ({ admin }) => await fetch(`${admin}/api/sessions/revoke`, { method: 'POST', body: '{"sid":"one"}', headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` } })
}
const token = 'x'.repeat(32)

for (const [way, end] of Object.entries(ways)) {
  test(`WebSockets and event streams of a session that ${way} are closed, and no others`, async (t) => {
    const sockets = await startWebSocketUpstream(t)
    const streams = await startUpstream(t, (request, response) => {
      if (request.url === '/events') response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      else response.end('a page')
    })
    const rogue = await startRogueProvider(t, { clientSecret })
    // What is open is looked at often.
    const configuration = { session: { closeGrace: '40ms' }, admin: { token } }
    const gateway = await startGateway(t, { issuer: rogue.issuer, upstream: [{ path: '/', url: streams.url }, { path: '/live', url: sockets.url }], configuration })
    const open = async (sid: string) => {
      rogue.hooks.idToken = (claims) => ({ ...claims, sid })
      const cookie = await signedInCookie(gateway)
      const events = await responseTo(ask(gateway.port, { path: '/events', headers: { cookie } }).end())
      t.teardown(() => { events.destroy() })
      return { cookie, events, socket: await openWebSocket(t, gateway.port, '/live', { headers: { cookie } }) }
    }
    const [ending, staying] = [await open('one'), await open('two')]
    const streamClosed = new Promise((resolve) => { ending.events.on('error', () => {}).on('close', resolve).resume() })
    const closed = Promise.all([once(ending.socket, 'close'), streamClosed])
    t.equal((await end(gateway, rogue)).status, 200)
    await closed
    t.equal((await fetch(`${gateway.origin}/oidc/session`, { headers: { cookie: ending.cookie } })).status, 401)
    staying.socket.send('still here')
    t.equal(String((await once(staying.socket, 'message'))[0]), 'still here')
    t.equal(staying.events.destroyed, false)
  })
}

test('a request that was under way when its session ended brings nothing back', async (t) => {
  const clock = stoppedClock()
  const asked = Promise.withResolvers<() => void>()
  const { rogue, gateway, browser } = await startRogueGateway(t, {
    now: () => clock.now,
    upstream: (request, response) => {
      if (request.url === '/slow') asked.resolve(() => { response.end() })
      else response.end()
    }
  })
  await browser.open(`${gateway.origin}/x`)
  clock.now += 10 * minute
  // Late enough in its idle time that the answer moves the expiry, with a new cookie.
  const slow = browser.get(`${gateway.origin}/slow`)
  const finish = await asked.promise
  t.equal((await postLogout(gateway.origin, await logoutToken(rogue, { sid: undefined, iat: Math.floor(clock.now / 1000), exp: Math.floor(clock.now / 1000) + 120 }))).status, 200)
  finish()
  const { setCookies } = await slow
  t.match(setCookies[0], /^doorward=[\w-]{100}/, 'the cookie was written')
  t.equal((await browser.get(`${gateway.origin}/x`)).status, 302, 'and is worth nothing')
})

test('replicas that share a Redis end the same sessions, and none of them accepts a token twice', { skip: missingPart('redis-server') }, async (t) => {
  const redis = await startRedis(t)
  const rogue = await startRogueProvider(t, { clientSecret })
  const upstream = await startUpstream(t)
  const replica = () => startGateway(t, { issuer: rogue.issuer, upstream: upstream.url, publicUrl: 'http://localhost:8', configuration: { session: { redis: { url: redis.url } } } })
  const [one, two] = [await replica(), await replica()]
  const browser = new Browser({ balancer: { 'http://localhost:8': one.port } })
  const others = new Browser({ balancer: { 'http://localhost:8': two.port } })
  const open = async (visitor: Browser) => (await visitor.open('http://localhost:8/x')).status
  t.equal(await open(browser), 200)
  const cookie = browser.jar.header(new URL('http://localhost:8/')) ?? ''
  const atTheOther = async () => (await others.get('http://localhost:8/oidc/session', { program: true, from: 'http://localhost:8', headers: { cookie } })).status
  t.equal(await atTheOther(), 200)

  const token = await logoutToken(rogue, { sid: undefined })
  const post = ({ port }: TestGateway) => responseTo(ask(port, { method: 'POST', path: '/oidc/backchannel-logout', headers: { host: 'localhost:8', 'content-type': 'application/x-www-form-urlencoded' } }).end(`logout_token=${token}`))
  t.equal((await post(one)).resume().statusCode, 200)
  await until(async () => await atTheOther() === 401)
  const again = await Promise.all(Array.from({ length: 20 }, async (_, index) => (await post(index % 2 === 0 ? one : two)).resume().statusCode))
  t.strictSame([...new Set(again)], [400], 'however many come at once')
  t.match(two.logs.join(''), '"type":"TokenRejected","message":"replayed"')
})

test('replicas that share a Redis hear of what a frame ends, and Redis keeps nothing of what is made up', { skip: missingPart('redis-server') }, async (t) => {
  const redis = await startRedis(t)
  const rogue = await startRogueProvider(t, { clientSecret, claims: { sid: 'one' } })
  const publicUrl = 'https://app.example.com'
  const replica = () => startGateway(t, { issuer: rogue.issuer, upstream: 'http://127.0.0.1:9', publicUrl, configuration: { session: { redis: { url: redis.url } } } })
  const [one, two] = await Promise.all([replica(), replica()])
  const browserAt = ({ port }: TestGateway) => new Browser({ balancer: { [publicUrl]: port } })
  const browser = browserAt(one)
  await browser.open(`${publicUrl}/oidc/login?return_to=/oidc/session`)
  const cookie = browser.jar.header(new URL(publicUrl)) ?? ''
  const statusAt = async (gateway: TestGateway) => (await browserAt(gateway).get(`${publicUrl}/oidc/session`, { headers: { cookie } })).status
  t.strictSame([await statusAt(one), await statusAt(two)], [200, 200])
  const before = await redis.ask('dbsize')
  const frame = async (sid: string) => (await browserAt(two).get(`${publicUrl}/oidc/frontchannel-logout?${new URLSearchParams({ iss: rogue.issuer, sid }).toString()}`, { from: rogue.issuer })).status
  for (let number = 0; number < 50; number++) t.equal(await frame(`made-up-${number}`), 200)
  t.equal(await redis.ask('dbsize'), before)
  t.equal(await frame('one'), 200)
  await until(async () => await statusAt(one) === 401)
  t.equal(await statusAt(two), 401)
  t.match(two.audit, [{ event: 'session.revoked', reason: 'frontchannel', metadata: { by: 'sid', value: 'one' } }])
  t.equal(two.audit.length, 1)
})

test('a logout that could not be noted is not confirmed, and its token is not spent', { skip: missingPart('redis-server') }, async (t) => {
  const redis = await startRedis(t)
  const { rogue, gateway, browser } = await startRogueGateway(t, { configuration: { session: { redis: { url: redis.url } } } })
  t.equal((await browser.open(`${gateway.origin}/x`)).status, 200)
  const token = await logoutToken(rogue, { sid: undefined })
  await redis.kill()
  t.equal((await postLogout(gateway.origin, token)).status, 503)
  t.equal(gateway.audit.length, 1, 'and nobody is said to have been signed out')
  await redis.restart()
  await until(async () => (await postLogout(gateway.origin, token)).status === 200)
  t.equal((await browser.get(`${gateway.origin}/x`)).status, 302)
  t.equal((await postLogout(gateway.origin, token)).status, 400)
})
