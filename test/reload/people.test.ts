/** What another configuration changes for people who are signed in, or are about to be, and what it must not. */
import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test, test } from 'tap'
import { type WebSocket } from 'ws'
import { untilCounted } from '../admin/scrape.ts'
import { anotherBrowser, calls, type Journey, logins, startJourney, stoppedClock, wayBack } from '../flows/journey.ts'
import { ask, responseTo, startOpenGateway } from '../proxy/open-gateway.ts'
import { startGateway, type TestGateway, testSecret } from '../support/gateway.ts'
import { startProvider } from '../support/provider.ts'
import { startUpstream } from '../support/upstream.ts'
import { openWebSocket, startWebSocketUpstream } from '../support/web-sockets.ts'

const provider = await startProvider(t)
const token = 'a-token-for-administrators-of-tests'
const another = Buffer.alloc(32, 'another').toString('base64')
const generations = 'doorward_config_generations'

async function isIn ({ browser, url }: Journey): Promise<boolean> {
  return (await browser.get(url('/x'), { program: true })).status === 200
}

async function jwks ({ url }: Journey): Promise<unknown> {
  return await (await fetch(url('/oidc/jwks'))).json()
}

for (const store of ['memory', 'cookie']) {
  test(`with the store ${store}, and no secret and no key configured, nobody is signed out and no assertion loses its key`, async (t) => {
    const session = { store, secret: undefined }
    const journey = await startJourney(t, { provider, configuration: { session } })
    await journey.browser.signIn(journey.url('/x'), 'alice')
    const keys = await jwks(journey)
    await journey.gateway.reload({ configuration: { session: { ...session, idleTimeout: '20m' }, access: { rules: [{ path: '/new/**', deny: true }] } } })
    t.equal(await isIn(journey), true)
    t.equal((await journey.browser.get(journey.url('/new/x'), { program: true })).status, 403)
    t.strictSame(await jwks(journey), keys)
    t.strictSame(logins(journey), ['success'])
  })
}

test('a secret that is rotated signs nobody out, and one that is taken away does', async (t) => {
  const journey = await startJourney(t, { provider })
  await journey.browser.signIn(journey.url('/x'), 'alice')
  t.equal(await isIn(journey), true)
  await journey.gateway.reload({ configuration: { session: { secret: another, previousSecrets: [testSecret] } } })
  t.equal(await isIn(journey), true)
  await journey.gateway.reload({ configuration: { session: { secret: another } } })
  t.equal(await isIn(journey), false, 'although it was unsealed before')
})

test('a session that was revoked stays so, and a revocation reaches sessions of every configuration', async (t) => {
  const session = { store: 'memory' }
  const journey = await startJourney(t, { provider, configuration: { session, admin: { token } } })
  const { browser, gateway, url } = journey
  await browser.signIn(url('/x'), 'bob')
  const copy = browser.jar.header(new URL(url('/'))) ?? ''
  await browser.open(url('/oidc/logout'), { headers: { 'sec-fetch-site': 'same-origin' } })
  browser.jar.clear()
  await browser.signIn(url('/x'), 'alice')
  await gateway.reload({ configuration: { session, admin: { token: `${token}-2` }, access: { rules: [{ path: '/new/**', deny: true }] } } })
  t.equal((await anotherBrowser(journey).get(url('/x'), { program: true, headers: { cookie: copy } })).status, 401)
  t.equal((await revoke(journey, 'alice', token)).status, 401, 'the token is another')
  t.equal((await revoke(journey, 'alice', `${token}-2`)).status, 200)
  t.equal(await isIn(journey), false)
})

async function revoke ({ gateway }: Journey, user: string, bearer: string): Promise<Response> {
  return await fetch(`${gateway.admin}/api/sessions/revoke`, { method: 'POST', body: JSON.stringify({ user }), headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` } })
}

async function startLive (t: Test): Promise<{ readonly journey: Journey, readonly open: () => Promise<WebSocket> }> {
  const upstream = await startWebSocketUpstream(t)
  const journey = await startJourney(t, { provider, upstream: { url: upstream.url, port: 0, requests: [], close: async () => {} }, configuration: live })
  await journey.browser.signIn(journey.url('/'), 'alice')
  return { journey, open: () => openWebSocket(t, journey.gateway.port, '/', { headers: { cookie: journey.browser.jar.header(new URL(journey.url('/'))) ?? '' } }) }
}

const live = { session: { closeGrace: '40ms' }, admin: { token } }

async function echo (socket: WebSocket): Promise<string> {
  socket.send('hello')
  return String((await once(socket, 'message'))[0])
}

test('a WebSocket goes on over reloads, also where its rule is another now, and ends when its session is revoked later', async (t) => {
  const { journey, open } = await startLive(t)
  const socket = await open()
  await journey.gateway.reload({ configuration: { ...live, access: { default: 'deny' } } })
  await untilCounted(journey.gateway.admin, generations, '', 2)
  t.equal(await echo(socket), 'hello')
  const closed = once(socket, 'close')
  await revoke(journey, 'alice', token)
  await closed
  await untilCounted(journey.gateway.admin, generations, '', 1)
})

test('the sessions of a provider that is taken away end, and their WebSockets', async (t) => {
  const { journey, open } = await startLive(t)
  const closed = once(await open(), 'close')
  await journey.gateway.reload({ configuration: { ...live, provider: { id: 'other' } } })
  await closed
  t.equal(await isIn(journey), false)
})

test('where configurations are exchanged more often than WebSockets end, those of the oldest make room', async (t) => {
  const { journey, open } = await startLive(t)
  const sockets = [await open()]
  const closed = once(sockets[0] as WebSocket, 'close')
  for (let number = 1; number <= 20; number++) {
    await journey.gateway.reload({ configuration: { ...live, server: { maxConnections: 1_000 + number } } })
    sockets.push(await open())
  }
  await closed
  for (const socket of sockets.slice(1)) t.equal(await echo(socket), 'hello')
  await untilCounted(journey.gateway.admin, generations, '', 20)
})

test('a request that goes on and on keeps no event stream of a later configuration open beyond their number', async (t) => {
  const arrived = Promise.withResolvers<undefined>()
  const gateway = await startOpenGateway(t, (request, response) => {
    if (request.url === '/waiting') arrived.resolve(undefined)
    else response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  })
  const reload = async (number: number): Promise<void> => { await gateway.reload({ configuration: { access: { default: 'anonymous' }, server: { maxConnections: 1_000 + number } } }) }
  const waiting = ask(gateway.port, { path: '/waiting' }).on('error', () => {}).end()
  t.teardown(() => { waiting.destroy() })
  await arrived.promise
  const ends: Array<Promise<unknown>> = []
  for (let number = 0; number <= 20; number++) {
    await reload(number)
    const events = await responseTo(ask(gateway.port, { path: '/events' }).on('error', () => {}).end())
    t.teardown(() => { events.destroy() })
    ends.push(new Promise((resolve) => { events.on('error', () => {}).on('close', resolve).resume() }))
  }
  await ends[0]
  t.equal(waiting.destroyed, false)
  await untilCounted(gateway.admin, generations, '', 21)
})

test('a sign-in that was begun before ends after it, once', async (t) => {
  const journey = await startJourney(t, { provider })
  const { browser, gateway, url } = journey
  const callback = await wayBack(browser, url('/page?q=1'), 'alice')
  const cookies = browser.jar.header(callback) ?? ''
  await gateway.reload({ configuration: { session: { secret: another, previousSecrets: [testSecret] } } })
  t.equal((await browser.open(callback)).url.href, url('/page?q=1'))
  await gateway.reload({})
  await anotherBrowser(journey).get(callback, { headers: { cookie: cookies } })
  t.equal(calls(journey, '/token').length, 1, 'who kept a copy gets nothing for it')
})

test('a provider that is away while another configuration is put in place is as well known as before', async (t) => {
  const journey = await startJourney(t, { provider })
  const { browser, gateway, url } = journey
  await browser.signIn(url('/x'), 'alice')
  await provider.stop()
  t.teardown(() => provider.start())
  await gateway.reload({ configuration: { provider: { label: 'The company', clientSecret: 'another secret' } } })
  t.equal(await isIn(journey), true)
  const ready = await fetch(`${gateway.admin}/readyz`)
  t.equal(ready.status, 200)
  t.match((await anotherBrowser(journey).get(url('/x'))).location, { pathname: '/oidc/login' })
  const login = await anotherBrowser(journey).get(url('/oidc/login?return_to=%2F'))
  t.equal(login.status, 302, 'where to send people is known')
  t.equal(login.location?.origin, new URL(provider.issuer).origin)
})

test('what is under way ends where it began, and what comes next goes elsewhere', async (t) => {
  let source: ServerResponse | undefined
  const received: Array<Promise<string>> = []
  const arrived = Promise.withResolvers<IncomingMessage>()
  const before = await startUpstream(t, async (request, response) => {
    if (request.url === '/events') {
      source = response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.flushHeaders()
      return
    }
    arrived.resolve(request)
    received.push(text(request))
    response.end(`before: ${await received[0]}`)
  })
  const after = await startUpstream(t, (_request, response) => { response.end('after') })
  const gateway = await startOpenGateway(t, before.url)

  const events = await responseTo(ask(gateway.port, { path: '/events' }).end())
  t.teardown(() => { events.destroy() })
  const upload = ask(gateway.port, { method: 'POST', path: '/upload' })
  upload.write('first half, ')
  await arrived.promise
  await gateway.reload({ upstream: after.url })
  t.equal(await text(await responseTo(ask(gateway.port).end())), 'after')
  const answer = responseTo(upload)
  upload.end('second half')
  t.equal(await text(await answer), 'before: first half, second half')
  source?.write('data: 1\n\n')
  t.equal(String((await once(events, 'data'))[0]), 'data: 1\n\n')
  await untilCounted(gateway.admin, generations, '', 2)
  source?.end()
  events.resume()
  await once(events, 'end')
  await untilCounted(gateway.admin, generations, '', 1)
})

test('requests that wait behind another on a connection that is cut do not keep what they were to run on', async (t) => {
  const asked = Promise.withResolvers<undefined>()
  const gateway = await startOpenGateway(t, () => { asked.resolve(undefined) })
  const socket = connect(gateway.port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(5))
  await asked.promise
  await gateway.reload({ configuration: { access: { default: 'deny' } } })
  await untilCounted(gateway.admin, generations, '', 2)
  socket.destroy()
  await untilCounted(gateway.admin, generations, '', 1)
})

test('what was counted goes on, and a provider that is gone is no longer told of as up or down', async (t) => {
  const journey = await startJourney(t, { provider })
  await journey.browser.signIn(journey.url('/x'), 'alice')
  await journey.gateway.reload({ configuration: { provider: { id: 'other' } } })
  await untilCounted(journey.gateway.admin, 'doorward_provider_up', '{provider="other"}', 1)
  const metrics = await untilCounted(journey.gateway.admin, 'doorward_logins_total', '{provider="default",outcome="success",reason=""}', 1)
  t.strictSame(Object.keys(metrics['doorward_provider_up']?.samples ?? {}), ['{provider="other"}'])
  t.ok((metrics['doorward_upstream_request_duration_seconds']?.samples['_count{upstream="/"}'] ?? 0) > 0)
})

test('what a client has used up stays used up, and other limits hold at once', async (t) => {
  const clock = stoppedClock()
  const rateLimit = { perSecond: 1, burst: 2 }
  const journey = await startJourney(t, { provider, configuration: { server: { rateLimit } }, now: () => clock.now })
  const begin = async (): Promise<number> => (await anotherBrowser(journey).get(journey.url('/oidc/login?return_to=%2F'))).status
  t.strictSame([await begin(), await begin(), await begin()], [302, 302, 429])
  await journey.gateway.reload({ configuration: { server: { rateLimit }, access: { rules: [{ path: '/new/**', deny: true }] } } })
  t.equal(await begin(), 429)
  await journey.gateway.reload({ configuration: { server: { rateLimit: { ...rateLimit, perSecond: 0 } } } })
  t.equal(await begin(), 302)
})

async function untilReadiness ({ admin }: TestGateway, status: string): Promise<{ readonly code: number, readonly dependencies: object }> {
  for (;;) {
    const response = await fetch(`${admin}/readyz`)
    const report = await response.json() as { status: string, dependencies: object }
    if (report.status === status) return { ...report, code: response.status }
    await new Promise((resolve) => { setTimeout(resolve, 20) })
  }
}

test('readiness depends on what the configuration in place says, and an application is looked for as soon as it matters', async (t) => {
  const upstream = await startUpstream(t)
  const readiness = (of: object) => ({ access: { default: 'anonymous' }, admin: { readiness: { provider: 'never', ...of } } })
  const gateway = await startGateway(t, { issuer: 'http://localhost:1', upstream: 'http://127.0.0.1:1', configuration: readiness({}) })
  await untilReadiness(gateway, 'ready')
  await gateway.reload({ configuration: readiness({ upstream: 'always' }) })
  t.match(await untilReadiness(gateway, 'unavailable'), { code: 503, dependencies: { 'upstream:/': { status: 'down' } } })
  await gateway.reload({ upstream: upstream.url, configuration: readiness({ upstream: 'always' }) })
  t.match(await untilReadiness(gateway, 'ready'), { code: 200, dependencies: { 'upstream:/': { status: 'up' } } })
  t.strictSame(upstream.requests, [], 'nobody was sent there')
})
