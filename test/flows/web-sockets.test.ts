/** WebSockets of people: who may open one, what the application learns, and when it ends. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { json } from 'node:stream/consumers'
import t, { test } from 'tap'
import { type WebSocket } from 'ws'
import { startProvider } from '../support/provider.ts'
import { startByteRecorder } from '../support/upstream.ts'
import { type WebSocketUpstream, connectWebSocket, openWebSocket, refusalOf, startWebSocketUpstream } from '../support/web-sockets.ts'
import { hour, type Journey, type JourneyOptions, minute, startJourney, stoppedClock } from './journey.ts'

const provider = await startProvider(t)

interface Setting {
  readonly journey: Journey
  readonly upstream: WebSocketUpstream
  /** The Cookie header of whoever is signed in. */
  cookie (): string
}

async function signedIn (t: Parameters<typeof startJourney>[0], options: JourneyOptions = {}): Promise<Setting> {
  const upstream = await startWebSocketUpstream(t)
  const application = { url: upstream.url, port: 0, requests: [], close: async () => {} }
  const journey = await startJourney(t, { provider, ...options, upstream: application })
  await journey.browser.signIn(journey.url('/'), 'alice')
  return { journey, upstream, cookie: () => journey.browser.jar.header(new URL(journey.url('/'))) ?? '' }
}

const quick = { session: { closeGrace: '40ms' } }
/** Policy violation (RFC 6455 section 7.4.1): scripts learn that it is no use to connect again as before. */
const sessionEnded = 1008

test('the application learns who opens a WebSocket, and never sees Doorward’s cookies or a claim of the client’s', async (t) => {
  const { journey, upstream, cookie } = await signedIn(t)
  await openWebSocket(t, journey.gateway.port, '/live', { headers: { cookie: `${cookie()}; app=1`, 'x-auth-user': 'root', 'X-Auth_Roles': 'admin', origin: journey.gateway.origin } })
  const headers = upstream.handshakes[0]?.headers ?? {}
  t.match(headers, { 'x-auth-user': 'alice', 'x-auth-assertion': /^ey/, cookie: 'app=1' })
  t.equal(headers['x-auth_roles'], undefined)
})

test('without a session a handshake gets 401, without the right role 403, and the application hears nothing', async (t) => {
  const { journey, upstream, cookie } = await signedIn(t, { configuration: { access: { rules: [{ path: '/root/**', require: { roles: ['root'] } }] } } })
  const { port, audit } = journey.gateway
  const challenged = await refusalOf(connectWebSocket(t, port, '/live'))
  t.equal(challenged.statusCode, 401)
  t.match(await json(challenged), { status: 401, login_url: '/oidc/login?return_to=%2Flive' })
  const refused = await refusalOf(connectWebSocket(t, port, '/root/live', { headers: { cookie: cookie() } }))
  t.equal(refused.statusCode, 403)
  t.match(audit.at(-1), { event: 'access.denied', reason: 'rule_denied', user: { user: 'alice' }, request: { path: '/root/live' } })
  t.equal((await refusalOf(connectWebSocket(t, port, '/oidc/session', { headers: { cookie: cookie() } }))).statusCode, 200, 'Doorward’s own routes are no WebSockets')
  t.strictSame(upstream.handshakes, [])
})

test('a page of another site can’t open a WebSocket in somebody’s name, unless its origin is listed', async (t) => {
  const { journey, upstream, cookie } = await signedIn(t, { configuration: { access: { webSocketOrigins: ['https://Friend.example'] } } })
  const { port, origin } = journey.gateway
  for (const evil of ['https://evil.example', 'null', `${origin}.evil.example`, origin.replace('http', 'https'), 'http://localhost:1', '']) {
    const refused = await refusalOf(connectWebSocket(t, port, '/', { headers: { cookie: cookie(), origin: evil } }))
    t.equal(refused.statusCode, 403, evil)
    t.match(await json(refused), { title: 'Connection refused' })
  }
  t.strictSame(upstream.handshakes, [])
  t.match(journey.gateway.logs.join(''), 'is neither the public origin nor in access.webSocketOrigins')
  for (const good of [origin, 'http://localhost', 'https://friend.example']) await openWebSocket(t, port, '/', { headers: { cookie: cookie(), origin: good } })
  await openWebSocket(t, port, '/', { headers: { cookie: cookie() } })
  t.equal(upstream.handshakes.length, 4, 'and programs, which send no origin, may')
})

async function codeOf (socket: WebSocket): Promise<unknown> {
  return (await once(socket, 'close'))[0]
}

test('signing out ends the WebSockets of that session, at both ends, and no others', async (t) => {
  const { journey, upstream, cookie } = await signedIn(t, { configuration: quick })
  const { port } = journey.gateway
  const first = await openWebSocket(t, port, '/', { headers: { cookie: cookie() } })
  const kept = cookie()
  journey.browser.jar.clear()
  await journey.browser.signIn(journey.url('/'), 'bob')
  const second = await openWebSocket(t, port, '/', { headers: { cookie: cookie() } })
  const [there] = upstream.sockets
  const closed = Promise.all([codeOf(first), there && codeOf(there)])
  await fetch(journey.url('/oidc/logout'), { headers: { cookie: kept, 'sec-fetch-site': 'same-origin' } })
  t.strictSame(await closed, [sessionEnded, 1006])
  second.send('still here')
  t.equal(String((await once(second, 'message'))[0]), 'still here')
})

test('a WebSocket ends when its session has reached its longest lifetime, however busy it is', async (t) => {
  const clock = stoppedClock()
  const { journey, cookie } = await signedIn(t, { configuration: quick, now: () => clock.now })
  const socket = await openWebSocket(t, journey.gateway.port, '/', { headers: { cookie: cookie() } })
  const closed = codeOf(socket)
  for (let time = 0; time < 8 * hour; time += 10 * minute) {
    socket.send('typing')
    await once(socket, 'message')
    await looked()
    clock.now += 10 * minute
  }
  t.equal(await closed, sessionEnded)
})

test('what is sent through a WebSocket is a use of the session: it lives on, for requests too', async (t) => {
  const clock = stoppedClock()
  const { journey, cookie } = await signedIn(t, { configuration: quick, now: () => clock.now })
  const socket = await openWebSocket(t, journey.gateway.port, '/', { headers: { cookie: cookie() } })
  for (let time = 0; time < 2 * hour; time += 10 * minute) {
    socket.send('typing')
    await once(socket, 'message')
    await looked()
    clock.now += 10 * minute
  }
  const answer = await journey.browser.get(journey.url('/oidc/session'))
  t.equal(answer.status, 200)
  const closed = codeOf(socket)
  clock.now += 31 * minute
  t.equal(await closed, sessionEnded, 'and runs out when nothing is sent any more')
  t.equal((await journey.browser.get(journey.url('/oidc/session'))).status, 401)
})

test('requests keep the WebSockets of their session open', async (t) => {
  const clock = stoppedClock()
  const { journey, cookie } = await signedIn(t, { configuration: quick, now: () => clock.now })
  const socket = await openWebSocket(t, journey.gateway.port, '/', { headers: { cookie: cookie() } })
  for (let step = 0; step < 4; step++) {
    clock.now += 20 * minute
    // The application speaks nothing but WebSocket; that it is asked is enough.
    await journey.browser.get(journey.url('/page'))
  }
  await looked()
  socket.send('still here')
  t.equal(String((await once(socket, 'message'))[0]), 'still here')
})

/** Longer than Doorward takes to look at each of its open connections. Nobody tells when it has looked. */
async function looked (): Promise<void> {
  await new Promise((resolve) => { setTimeout(resolve, 60) })
}

test('an application that accepts a WebSocket too late does not bring back a session that has run out', async (t) => {
  const clock = stoppedClock()
  const asked = Promise.withResolvers<Socket>()
  const recorder = await startByteRecorder(t, (socket, received) => {
    if (received.includes('upgrade: websocket')) asked.resolve(socket)
    else socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok')
  })
  const application = { url: recorder.url, port: 0, requests: [], close: async () => {} }
  const journey = await startJourney(t, { provider, configuration: quick, now: () => clock.now, upstream: application })
  const { browser, gateway, url } = journey
  await browser.signIn(url('/'), 'alice')
  const cookie = browser.jar.header(new URL(url('/'))) ?? ''
  const client = connect(gateway.port, '127.0.0.1')
  client.on('error', () => {}).resume().write(`GET / HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`)
  const there = await asked.promise
  clock.now += 31 * minute
  there.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  await once(client, 'close')
  t.equal((await browser.get(url('/oidc/session'), { headers: { cookie } })).status, 401)
})
