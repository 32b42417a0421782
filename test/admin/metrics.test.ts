/** What is counted, seen where Prometheus sees it. */
import { once } from 'node:events'
import { METHODS, STATUS_CODES } from 'node:http'
import { connect } from 'node:net'
import { test } from 'tap'
import { createMetrics } from '../../src/observability/index.ts'
import { anotherBrowser, minute, startJourney, stoppedClock, wayBack } from '../flows/journey.ts'
import { ask, startOpenGateway } from '../proxy/open-gateway.ts'
import { startGateway } from '../support/gateway.ts'
import { exchange, requestText, statusOf } from '../support/raw-socket.ts'
import { startUpstream } from '../support/upstream.ts'
import { parseExposition, samplesOf, scrape, untilCounted } from './scrape.ts'

const requests = 'doorward_http_requests_total'
const durations = 'doorward_http_request_duration_seconds'

test('every request is counted once, by what it was for and how it was answered', async (t) => {
  const upstream = await startUpstream(t)
  const rules = [{ path: '/open/**', allow: 'anonymous' }, { path: '/nobody/**', deny: true }]
  const { port, admin } = await startGateway(t, { issuer: 'http://localhost:1', upstream: upstream.url, configuration: { access: { rules } } })
  t.strictSame(samplesOf(await scrape(admin), requests), {}, 'nothing yet, and asking for it does not count')
  const asked: ReadonlyArray<readonly [method: string, path: string, status: number]> = [
    ['GET', '/open/a', 200], ['GET', '/open/b?x=/oidc', 200], ['POST', '/open/c', 200], ['GET', '/oidcx', 401], ['GET', '/nobody/x', 403], ['GET', '/open/../x', 400],
    ['GET', '/oidc/jwks', 200], ['GET', '/oidc/other', 404], ['GET', '/oidc/%zz', 400], ['TRACE', '/oidc/jwks', 405]
  ]
  for (const [method, path, status] of asked) t.equal(statusOf(await exchange(port, requestText(method, path))), status, `${method} ${path}`)
  const upload = await exchange(port, requestText('POST', '/open/d', [['Expect', '100-continue']], 'x'))
  t.match(upload, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/)

  await untilCounted(admin, durations, '_count{kind="own"}', 4)
  const metrics = await untilCounted(admin, durations, '_count{kind="proxied"}', 7)
  t.strictSame(samplesOf(metrics, requests), {
    '{kind="proxied",status="200"}': 4,
    '{kind="proxied",status="400"}': 1,
    '{kind="proxied",status="401"}': 1,
    '{kind="proxied",status="403"}': 1,
    '{kind="own",status="200"}': 1,
    '{kind="own",status="400"}': 1,
    '{kind="own",status="404"}': 1,
    '{kind="own",status="405"}': 1
  })
})

test('an answer that breaks off is counted with its status, a client that leaves before there is one with 499', async (t) => {
  const { port, admin } = await startOpenGateway(t, (request, response) => {
    if (request.url === '/silent') return
    response.writeHead(200, { 'content-length': 10 })
    response.write('half', () => { response.destroy() })
  })
  t.match(await exchange(port, requestText('GET', '/broken')), /^HTTP\/1\.1 200 .*half$/s)
  await untilCounted(admin, requests, '{kind="proxied",status="200"}', 1)
  const impatient = ask(port, { path: '/silent' }).on('error', () => {}).end()
  await once(impatient, 'finish')
  impatient.destroy()
  const metrics = await untilCounted(admin, requests, '{kind="proxied",status="499"}', 1)
  t.equal(samplesOf(metrics, durations)['_count{kind="proxied"}'], 2)
})

test('connections beyond the limit are counted, and told once a minute', async (t) => {
  const clock = stoppedClock()
  const { port, admin, logs } = await startGateway(t, { issuer: 'http://localhost:1', upstream: 'http://localhost:1', now: () => clock.now, configuration: { server: { maxConnections: 1 } } })
  const refused = 'doorward_connections_refused_total'
  t.strictSame(samplesOf(await scrape(admin), refused), { '': 0 })
  const held = connect(port, '127.0.0.1')
  t.teardown(() => held.destroy())
  await once(held, 'connect')
  for (const wait of [0, 0, minute - 1, 1, 0]) {
    clock.now += wait
    t.equal(await exchange(port, requestText('GET', '/')), '')
  }
  await untilCounted(admin, refused, '', 5)
  const told = logs.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ event }) => event === 'connections.refused')
  t.match(told, [{ level: 'warn', refused: 1, maxConnections: 1 }, { level: 'warn', refused: 3, maxConnections: 1 }])
  t.equal(told.length, 2)
})

test('no client and no application can make more series than there are', async (t) => {
  const statuses = Array.from({ length: 800 }, (_, index) => 200 + index)
  const { port, admin } = await startOpenGateway(t, ({ headers }, response) => { response.writeHead(Number(headers['x-status'])).end() })
  const methods = METHODS.filter((method) => method !== 'CONNECT')
  const before = Object.keys(await scrape(admin))
  function request (nth: number): string {
    const path = nth % 4 === 0 ? `/oidc/${nth}` : `/${nth}?kind="${nth}"`
    return `${methods[nth % methods.length]} ${path} HTTP/1.1\r\nHost: localhost\r\nX-Status: ${statuses[nth % statuses.length]}\r\nX-Kind: ${nth}\r\n\r\n`
  }
  for (let first = 0; first < 10_000; first += 10) {
    const pipelined = Array.from({ length: 9 }, (_, index) => request(first + index)).join('')
    const answers = await exchange(port, pipelined + requestText('GET', '/oidc/jwks'))
    t.equal(answers.match(/HTTP\/1\.1 \d{3} /g)?.length, 10)
  }
  const metrics = await untilCounted(admin, requests, '{kind="own",status="200"}', 1_000)
  t.strictSame(Object.keys(metrics), before)
  const labels = Object.keys(samplesOf(metrics, requests)).map((label) => /^\{kind="(\w+)",status="(\w+)"\}$/.exec(label)?.slice(1) ?? [label])
  const known = new Set([...Object.keys(STATUS_CODES), '499', 'other'])
  t.strictSame(labels.filter(([kind = '', status = '']) => !['own', 'proxied'].includes(kind) || !known.has(status)), [])
  t.ok((samplesOf(metrics, requests)['{kind="proxied",status="other"}'] ?? 0) > 1_000)
})

test('sign-ins and sign-outs are counted as the audit trail tells them', async (t) => {
  const journey = await startJourney(t, { configuration: { provider: { id: 'company' }, groups: { allow: ['cmdbsyncer-ops'] } } })
  const { browser, gateway: { admin }, url } = journey
  const atFirst = await scrape(admin)
  t.strictSame(samplesOf(atFirst, 'doorward_logins_total'), { '{provider="company",outcome="success",reason=""}': 0 })
  t.strictSame(samplesOf(atFirst, 'doorward_logouts_total'), { '{initiator="user"}': 0, '{initiator="provider"}': 0, '{initiator="admin"}': 0 })
  await browser.signIn(url('/'), 'bob')
  await anotherBrowser(journey).signIn(url('/'), 'carol')
  await anotherBrowser(journey).open(url('/oidc/callback?state=x&provider=evil'))
  await browser.open(url('/oidc/logout'))
  await browser.open(url('/oidc/logout'))
  const metrics = await scrape(admin)
  t.strictSame(samplesOf(metrics, 'doorward_logins_total'), {
    '{provider="company",outcome="success",reason=""}': 1,
    '{provider="company",outcome="failure",reason="required_group_missing"}': 1,
    '{provider="company",outcome="failure",reason="state_invalid"}': 1
  })
  t.strictSame(samplesOf(metrics, 'doorward_logouts_total'), { '{initiator="user"}': 1, '{initiator="provider"}': 0, '{initiator="admin"}': 0 })
  t.strictSame(samplesOf(metrics, 'doorward_build_info'), { '{version="1.2.3-test"}': 1 })
})

test('requests to the provider are timed by what they are for, those that fail too', async (t) => {
  const { browser, gateway: { admin }, provider, url } = await startJourney(t, { configuration: { provider: { id: 'company' } } })
  const counted = async (): Promise<unknown> => Object.fromEntries(Object.entries(samplesOf(await scrape(admin), 'doorward_provider_request_duration_seconds')).flatMap(([key, count]) => {
    const [, endpoint] = /^_count\{provider="company",endpoint="(\w+)"\}$/.exec(key) ?? []
    return endpoint === undefined ? [] : [[endpoint, count]]
  }))
  await browser.signIn(url('/'), 'bob')
  t.strictSame(await counted(), { discovery: 1, token: 1, keys: 1, userinfo: 1 })
  const back = await wayBack(browser, url('/oidc/login'), 'bob')
  await provider.stop()
  t.equal((await browser.get(back)).status, 503)
  t.match(await counted(), { token: 2, userinfo: 1 })
})

test('what the parts count arrives in the buckets and series that it belongs to', async (t) => {
  const metrics = createMetrics({ version: '1', now: Date.now })
  const upstream = metrics.upstream('/a"b\\c\n')
  for (const milliseconds of [0, 1, 1.01, 2_500, 60_000, 60_001]) upstream.answered(milliseconds)
  upstream.failed('connection_lost')
  metrics.tunnelOpened()
  metrics.tunnelOpened()
  metrics.tunnelClosed()
  metrics.requestEnded('upgrade', 101, 5)
  const { contentType, text } = await metrics.exposition()
  t.equal(contentType, 'text/plain; version=0.0.4; charset=utf-8')
  const found = parseExposition(text)
  const label = String.raw`upstream="/a\"b\\c\n"`
  t.match(samplesOf(found, 'doorward_upstream_request_duration_seconds'), {
    [`_bucket{${label},le="0.001"}`]: 2,
    [`_bucket{${label},le="0.0025"}`]: 3,
    [`_bucket{${label},le="1"}`]: 3,
    [`_bucket{${label},le="2.5"}`]: 4,
    [`_bucket{${label},le="60"}`]: 5,
    [`_bucket{${label},le="+Inf"}`]: 6,
    [`_sum{${label}}`]: 122.50301,
    [`_count{${label}}`]: 6
  })
  t.match(samplesOf(found, 'doorward_upstream_errors_total'), { [`{${label},reason="connection_lost"}`]: 1, [`{${label},reason="connect_failed"}`]: 0 })
  t.strictSame(samplesOf(found, 'doorward_websockets_open'), { '': 1 })
  t.strictSame(samplesOf(found, requests), { '{kind="upgrade",status="101"}': 1 })
})
