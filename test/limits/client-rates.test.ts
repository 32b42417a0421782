/** How often one client may ask for what costs something. */
import { once } from 'node:events'
import { connect } from 'node:net'
import t, { test } from 'tap'
import { samplesOf, scrape, untilCounted } from '../admin/scrape.ts'
import { type Journey, second, startJourney, stoppedClock } from '../flows/journey.ts'
import { startGatewayProcess } from '../proxy/gateway-process.ts'
import { ask, responseTo } from '../proxy/open-gateway.ts'
import { Browser, type RequestSettings } from '../support/browser.ts'
import { logoutToken, postLogout } from '../support/logout-tokens.ts'
import { startProvider } from '../support/provider.ts'
import { requestText } from '../support/raw-socket.ts'
import { signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'
import { startUpstream } from '../support/upstream.ts'
import { networkOf } from '../../src/limits/index.ts'

const api = 'https://api.example.com'
const provider = await startProvider(t, { apis: { [api]: 'jwt' } })
const upstream = await startUpstream(t)
const three = { rateLimit: { perSecond: 1, burst: 3 }, trustedProxies: ['127.0.0.0/8'] }

async function start (t: Parameters<typeof startJourney>[0], { server = three, ...sections }: Readonly<Record<string, Record<string, unknown>>> = {}): Promise<Journey & { clock: { now: number } }> {
  const clock = stoppedClock()
  return { ...await startJourney(t, { provider, upstream, now: () => clock.now, configuration: { server, ...sections } }), clock }
}

/** Asks as somebody at this address, by a proxy that is believed. */
async function statusFrom ({ url }: Journey, address: string, path: string, settings: RequestSettings = {}): Promise<number> {
  return (await new Browser().get(url(path), { ...settings, headers: { ...settings.headers, 'x-forwarded-for': address } })).status
}

async function statuses (journey: Journey, addresses: readonly string[], path: string, settings?: RequestSettings): Promise<number[]> {
  const found: number[] = []
  for (const address of addresses) found.push(await statusFrom(journey, address, path, settings))
  return found
}

const one = '192.0.2.1'

test('a client that begins sign-ins without end gets 429, by its address, until some time has passed', async (t) => {
  const journey = await start(t)
  const { clock, gateway, url } = journey
  t.strictSame(await statuses(journey, [one, one, one, one, '192.0.2.2'], '/oidc/login'), [302, 302, 302, 429, 302], 'another address is another client')
  const answer = await new Browser().get(url('/oidc/login'), { program: true, headers: { 'x-forwarded-for': one } })
  t.match(answer, { status: 429, headers: { 'retry-after': '1', 'content-type': 'application/problem+json' } })
  t.match(answer.json(), { code: 'rate_limited', status: 429 })
  const page = await new Browser().get(url('/oidc/login'), { headers: { 'x-forwarded-for': one } })
  t.match(page, { status: 429, headers: { 'content-type': /^text\/html/ }, text: /Too many requests[^]*Try again/ })
  t.strictSame(await Promise.all(['/oidc/callback', '/oidc/logout', '/oidc/frontchannel-logout', '/oidc/claims'].map((path) => statusFrom(journey, one, path))), [429, 429, 429, 429], 'sign-ins and sign-outs are counted together')
  t.strictSame(await Promise.all(['/x', '/oidc/session', '/oidc/jwks'].map((path) => statusFrom(journey, one, path))), [302, 401, 200], 'and nothing else is')

  clock.now += second
  t.strictSame(await statuses(journey, [one, one], '/oidc/login'), [302, 429])
  clock.now -= 60 * second
  t.equal(await statusFrom(journey, one, '/oidc/login'), 429, 'a clock that is set back gives nothing, and takes nothing')
  clock.now += 130 * second
  t.strictSame(await statuses(journey, [one, one, one, one], '/oidc/login'), [302, 302, 302, 429], 'never more than the burst')

  await untilCounted(gateway.admin, 'doorward_requests_refused_total', '{reason="rate"}', 10)
  const told = gateway.logs.filter((line) => line.includes('"requests.refused"')).map((line) => JSON.parse(line) as unknown)
  t.match(told, [{ level: 'warn', subsystem: 'server', reason: 'rate', network: one, refused: 1 }, { reason: 'rate', network: one }])
  t.equal(told.length, 2, 'once a minute')
  t.notOk(gateway.logs.some((line) => /"level":"(info|warn)".*"rate_limited"/.test(line)), 'and each only in the log of details')
})

test('an IPv6 client is its /64, and IPv4 in IPv6 is IPv4', async (t) => {
  const journey = await start(t)
  const addresses = ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', '[2001:db8:1:2:a::]:443', '2001:db8:1:2::2', '2001:db8:1:3::1', '::ffff:192.0.2.9', '192.0.2.9', '192.0.2.9', '::ffff:c000:209']
  t.strictSame(await statuses(journey, addresses, '/oidc/login'), [302, 302, 302, 429, 302, 302, 302, 302, 429])
})

test('the network of an address', async (t) => {
  const cases = { '192.0.2.1': '192.0.2.1', '::': '0:0:0:0::/64', '::1': '0:0:0:0::/64', '2001:db8::': '2001:db8:0:0::/64', '2001:db8::1:2:3:4:5': '2001:db8:0:1::/64', '1:2:3:4:5:6:7:8': '1:2:3:4::/64', '1::8': '1:0:0:0::/64', '64:ff9b::192.0.2.1': '64:ff9b:0:0::/64' }
  for (const [address, network] of Object.entries(cases)) t.equal(networkOf(address), network, address)
})

test('what a client says about its address counts for nothing where it is no proxy', async (t) => {
  const journey = await start(t, { server: { rateLimit: three.rateLimit } })
  t.strictSame(await statuses(journey, ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'], '/oidc/login'), [302, 302, 302, 429])
})

test('who comes over a unix socket without an address is not limited, since that would be everybody together', async (t) => {
  const gateway = await startGatewayProcess(t, upstream.url, { server: { rateLimit: { perSecond: 1, burst: 1 } } })
  const found: unknown[] = []
  for (let count = 0; count < 4; count++) {
    const response = await responseTo(ask(gateway.socket, { path: '/oidc/logout', headers: { host: 'localhost', accept: 'text/html' } }).end())
    response.resume()
    found.push(response.statusCode)
  }
  t.strictSame(found, [200, 200, 200, 200])
})

test('without a rate nothing is limited', async (t) => {
  const journey = await start(t, { server: { ...three, rateLimit: { perSecond: 0, burst: 1 } } })
  t.strictSame(await statuses(journey, Array.from({ length: 20 }, () => one), '/oidc/login'), Array.from({ length: 20 }, () => 302))
})

test('bearer tokens that are refused are counted; good ones that are known pass all the same', async (t) => {
  const program = { client_id: 'program', client_secret: 'secret of the program', redirect_uris: ['http://localhost:9/'], grant_types: ['client_credentials'], response_types: [], token_endpoint_auth_method: 'client_secret_post' }
  await provider.register(program)
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: program.client_id, client_secret: program.client_secret, resource: api })
  const { access_token: good = '' } = (await new Browser().get(`${provider.issuer}/token`, { method: 'POST', body, program: true })).json() as { access_token?: string }
  const journey = await start(t, { provider: { bearer: { audiences: [api] } }, access: { rules: [{ path: '/api/**', bearer: true }] } })
  const call = async (token: string, address = one): Promise<number> => await statusFrom(journey, address, '/api/x', { program: true, headers: { authorization: `Bearer ${token}` } })
  t.equal(await call(good), 200)
  t.strictSame(await Promise.all(['a', 'b', 'c'].map((token) => call(token))), [401, 401, 401])
  t.strictSame([await call('d'), await call('e')], [429, 429])
  t.strictSame([await call(good), await call('d', '192.0.2.2'), await statusFrom(journey, one, '/oidc/login')], [200, 401, 302], 'a good token, another client, and people there')
  t.match(samplesOf(await scrape(journey.gateway.admin), 'doorward_requests_refused_total'), { '{reason="rate"}': 2 })
})

test('bearer tokens count while they are checked: many at once are as much work as many in a row', async (t) => {
  const asked = Promise.withResolvers<undefined>()
  const configuration = { server: { rateLimit: three.rateLimit }, provider: { bearer: { audiences: [api] } }, access: { rules: [{ path: '/api/**', bearer: true }] } }
  const { rogue, gateway } = await startRogueGateway(t, { configuration, rogue: { introspection: async () => await asked.promise ?? { active: false } } })
  const call = async (token: string): Promise<number> => (await fetch(`${gateway.origin}/api/x`, { headers: { authorization: `Bearer ${token}` } })).status
  const answers = Array.from({ length: 8 }, async (_, index) => await call(`made-up-${index}`))
  await untilCounted(gateway.admin, 'doorward_requests_refused_total', '{reason="rate"}', 5)
  asked.resolve(undefined)
  t.strictSame((await Promise.all(answers)).sort(), [401, 401, 401, 429, 429, 429, 429, 429])
  t.equal(rogue.calls('introspection').length, 3)
})

test('forms that wait for a sign-in are counted', async (t) => {
  const journey = await start(t)
  const post = { method: 'POST', body: new URLSearchParams({ a: 'b' }), from: journey.url('/form') }
  t.strictSame(await statuses(journey, [one, one, one, one, '192.0.2.2'], '/form', post), [302, 302, 302, 429, 302])
})

test('a client that sends forms slowly takes no place of others', async (t) => {
  const journey = await start(t, { server: { trustedProxies: three.trustedProxies } })
  const { gateway, url } = journey
  const head = requestText('POST', '/form', [['Host', new URL(gateway.origin).host], ['X-Forwarded-For', one], ['Accept', 'text/html'], ['Sec-Fetch-Site', 'same-origin'], ['Sec-Fetch-Mode', 'navigate'], ['Content-Type', 'application/x-www-form-urlencoded'], ['Content-Length', '10']])
  for (let count = 0; count < 20; count++) {
    const socket = connect(gateway.port, '127.0.0.1').on('error', () => {})
    t.teardown(() => { socket.destroy() })
    await once(socket, 'connect')
    socket.write(head)
  }
  await untilCounted(gateway.admin, 'doorward_http_requests_running', '', 20)
  t.strictSame(await statuses(journey, [one, '192.0.2.2'], '/form', { method: 'POST', body: new URLSearchParams({ a: 'b' }), from: url('/form') }), [409, 302])
})

test('logout tokens are counted where they are refused: a provider may end any number of sessions', async (t) => {
  const { rogue, gateway } = await startRogueGateway(t, { configuration: { server: { rateLimit: three.rateLimit } } })
  const post = async (token: string): Promise<number> => (await postLogout(gateway.origin, token)).status
  await signedInCookie(gateway)
  for (let count = 0; count < 8; count++) t.equal(await post(await logoutToken(rogue)), 200)
  t.strictSame([await post('a'), await post('b'), await post('c'), await post('d')], [400, 400, 400, 429])
})

test('logout tokens that do not come to an end count too, or one client could hold all the room that is kept for them', async (t) => {
  const { gateway } = await startRogueGateway(t, { configuration: { server: { maxRequests: 8, rateLimit: three.rateLimit } } })
  const form = [['Host', new URL(gateway.origin).host], ['Content-Type', 'application/x-www-form-urlencoded'], ['Content-Length', '10']] as const
  for (let count = 0; count < 9; count++) {
    const socket = connect(gateway.port, '127.0.0.1').on('error', () => {})
    t.teardown(() => { socket.destroy() })
    await once(socket, 'connect')
    socket.write(requestText('POST', '/oidc/backchannel-logout', form))
  }
  await untilCounted(gateway.admin, 'doorward_requests_refused_total', '{reason="rate"}', 6)
  t.equal((await fetch(`${gateway.origin}/oidc/jwks`)).status, 200)
})
