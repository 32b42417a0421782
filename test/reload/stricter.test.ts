/** What a stricter configuration ends, although it was begun before. */
import { once } from 'node:events'
import { type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import t, { type Test, test } from 'tap'
import { type WebSocket } from 'ws'
import { untilCounted } from '../admin/scrape.ts'
import { type Journey, minute, startJourney, stoppedClock } from '../flows/journey.ts'
import { startOpenGateway } from '../proxy/open-gateway.ts'
import { Browser } from '../support/browser.ts'
import { testSecret } from '../support/gateway.ts'
import { missingPart } from '../support/parts.ts'
import { startProvider } from '../support/provider.ts'
import { startRedis } from '../support/redis.ts'
import { openWebSocket, startWebSocketUpstream } from '../support/web-sockets.ts'

const api = 'https://api.example.com'
const provider = await startProvider(t, { apis: { [api]: 'jwt' } })
const another = Buffer.alloc(32, 'another').toString('base64')
const program = { client_id: 'program', client_secret: 'secret of the program', redirect_uris: ['http://localhost:9/oidc/callback'], grant_types: ['authorization_code', 'client_credentials'], token_endpoint_auth_method: 'client_secret_post' }
await provider.register(program)

interface Live {
  readonly journey: Journey
  /** With the cookies of somebody who is signed in, or with other headers. */
  readonly open: (headers?: Readonly<Record<string, string>>) => Promise<WebSocket>
}

async function startLive (t: Test, configuration: Readonly<Record<string, Record<string, unknown>>>, now: () => number = Date.now): Promise<Live> {
  const upstream = await startWebSocketUpstream(t)
  const journey = await startJourney(t, { provider, upstream: { url: upstream.url, port: 0, requests: [], close: async () => {} }, configuration, now })
  await journey.browser.signIn(journey.url('/'), 'alice')
  const { browser, gateway, url } = journey
  return { journey, open: (headers = { cookie: browser.jar.header(new URL(url('/'))) ?? '' }) => openWebSocket(t, gateway.port, '/', { headers }) }
}

async function closing (socket: WebSocket): Promise<unknown> {
  return (await once(socket, 'close'))[0]
}

async function echo (socket: WebSocket): Promise<void> {
  socket.send('hello')
  await once(socket, 'message')
}

const session = { closeGrace: '40ms' }

for (const store of ['cookie', 'redis']) {
  test(`with the store ${store}, a WebSocket ends with the secret that its session was sealed with, and goes on where that has become a previous one`, { skip: store === 'redis' && missingPart('redis-server') }, async (t) => {
    const kept = { ...session, store, ...store === 'redis' && { redis: { url: (await startRedis(t)).url } } }
    const { journey, open } = await startLive(t, { session: kept })
    const socket = await open()
    const code = closing(socket)
    await journey.gateway.reload({ configuration: { session: { ...kept, secret: another, previousSecrets: [testSecret] } } })
    await untilLooked(journey)
    await echo(socket)
    await journey.gateway.reload({ configuration: { session: { ...kept, secret: another } } })
    t.equal(await code, 1008)
    await untilCounted(journey.gateway.admin, 'doorward_config_generations', '', 1)
  })
}

/** Longer than the grace within which what has ended is closed. */
async function untilLooked ({ gateway, url }: Journey): Promise<void> {
  for (const end = Date.now() + 100; Date.now() < end;) await new Browser({ balancer: { [gateway.origin]: gateway.port } }).get(url('/oidc/jwks'))
}

test('shorter lifetimes hold for WebSockets that were opened before', async (t) => {
  const clock = stoppedClock()
  const { journey: { gateway }, open } = await startLive(t, { session: { ...session, idleTimeout: '30m' } }, () => clock.now)
  const [used, silent] = [await open(), await open()]
  const codes = [closing(used), closing(silent)]
  clock.now += 25 * minute
  await gateway.reload({ configuration: { session: { ...session, idleTimeout: '10m' } } })
  await echo(used)
  await untilCounted(gateway.admin, 'doorward_config_generations', '', 2)
  clock.now += 20 * minute
  t.strictSame(await Promise.all(codes), [1008, 1008])

  const old = await startLive(t, { session }, () => clock.now)
  const code = closing(await old.open())
  await old.journey.gateway.reload({ configuration: { session: { ...session, idleTimeout: '10m', maxLifetime: '10m' } } })
  clock.now += 10 * minute
  t.equal(await code, 1008)
})

test('a shorter idle timeout holds for a session from its next use on', async (t) => {
  const clock = stoppedClock()
  const { journey: { browser, gateway, url } } = await startLive(t, { session: { idleTimeout: '4h' } }, () => clock.now)
  await gateway.reload({ configuration: { session: { idleTimeout: '10m' } } })
  const status = async (): Promise<number> => (await browser.get(url('/x'), { program: true })).status
  t.not(await status(), 401)
  clock.now += 11 * minute
  t.equal(await status(), 401)
})

test('a WebSocket that a token opened ends when its provider is taken away', async (t) => {
  const configuration = { session, access: { rules: [{ path: '/**', bearer: true }] } }
  const { journey, open } = await startLive(t, { ...configuration, provider: { bearer: { audiences: [api] } } })
  const { client_id: id, client_secret: secret } = program
  const body = new URLSearchParams({ client_id: id, client_secret: secret, grant_type: 'client_credentials', resource: api, scope: 'read' })
  const answer = await new Browser().get(`${provider.issuer}/token`, { method: 'POST', body, program: true })
  const { access_token: token = '' } = answer.json() as { access_token?: string }
  const code = closing(await open({ authorization: `Bearer ${token}` }))
  await journey.gateway.reload({ configuration: { ...configuration, provider: { id: 'other', bearer: { audiences: [api] } } } })
  t.equal(await code, 1008)
})

test('requests that wait behind another on their connection are judged by the rules that are in force at their turn', async (t) => {
  const [first, second] = [Promise.withResolvers<ServerResponse>(), Promise.withResolvers<string>()]
  const gateway = await startOpenGateway(t, (_request, response) => { first.resolve(response) })
  const socket = connect(gateway.port, '127.0.0.1')
  t.teardown(() => { socket.destroy() })
  let received = ''
  socket.on('data', (bytes: Buffer) => {
    received += bytes.toString()
    const statuses = received.match(/HTTP\/1\.1 \d{3}/g) ?? []
    if (statuses.length === 2) second.resolve(statuses.join())
  })
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(2))
  const response = await first.promise
  await gateway.reload({ configuration: { access: { default: 'deny' } } })
  response.end('application')
  t.equal(await second.promise, 'HTTP/1.1 200,HTTP/1.1 403')
})
