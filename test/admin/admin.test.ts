/** The admin listener: what it answers, when it says that people should be sent here, and what it keeps to itself. */
import { once } from 'node:events'
import { Agent } from 'node:http'
import { createServer } from 'node:net'
import { test } from 'tap'
import { startServe } from '../cli/serve-process.ts'
import { hour, second, startJourney, stoppedClock } from '../flows/journey.ts'
import { ask, responseTo, startOpenGateway } from '../proxy/open-gateway.ts'
import { startProvider } from '../support/provider.ts'
import { exchange, parseMessage, requestText, statusOf, valuesOf } from '../support/raw-socket.ts'
import { startUpstream } from '../support/upstream.ts'
import { untilCounted } from './scrape.ts'

interface State {
  readonly status: string
  readonly since: string
  readonly reason?: string
}

const refused = { reason: 'nothing listens where provider.issuer leads (ECONNREFUSED)' }

async function readiness (admin: string): Promise<State & { code: number, provider: State | undefined }> {
  const response = await fetch(`${admin}/readyz`)
  const { dependencies, ...own } = await response.json() as State & { dependencies: Record<string, State> }
  return { code: response.status, ...own, provider: dependencies['provider:default'] }
}

test('people are sent here once the provider was found, and go on being sent here while it is away', async (t) => {
  const provider = await startProvider(t)
  await provider.stop()
  const clock = stoppedClock()
  const { browser, gateway: { admin }, url } = await startJourney(t, { provider, now: () => clock.now })
  const providerUp = async (value: number): Promise<void> => { await untilCounted(admin, 'doorward_provider_up', '{provider="default"}', value) }
  const startedAt = new Date(clock.now).toISOString()
  await browser.open(url('/'))
  clock.now += second
  await browser.open(url('/'))
  t.strictSame(await readiness(admin), { code: 503, status: 'starting', since: startedAt, provider: { status: 'down', since: startedAt, ...refused } })
  t.equal((await fetch(`${admin}/livez`)).status, 200, 'it lives')
  await providerUp(0)

  clock.now += second
  const foundAt = new Date(clock.now).toISOString()
  await provider.start()
  await browser.signIn(url('/'), 'bob')
  clock.now += second
  t.strictSame(await readiness(admin), { code: 200, status: 'ready', since: foundAt, provider: { status: 'up', since: foundAt } })
  await providerUp(1)

  await provider.stop()
  clock.now += hour + second
  const lostAt = new Date(clock.now).toISOString()
  await browser.get(url('/oidc/login'))
  await providerUp(0)
  t.strictSame(await readiness(admin), { code: 200, status: 'ready', since: foundAt, provider: { status: 'down', since: lostAt, ...refused } })
})

test('from the signal to stop until the last request is served, nobody new is sent here, and the rest is still told', async (t) => {
  const asked = Promise.withResolvers<() => void>()
  const provider = await startProvider(t)
  const upstream = await startUpstream(t, (_request, response) => { asked.resolve(() => { response.end() }) })
  const gateway = await startServe(t, { upstream: { url: upstream.url }, provider: { issuer: provider.issuer, clientId: 'doorward' } })
  await gateway.logged('provider.discovered')
  t.match(await readiness(gateway.admin), { code: 200, status: 'ready' })

  const answer = responseTo(ask(gateway.port).end())
  const finish = await asked.promise
  const scraper = new Agent({ keepAlive: true })
  t.teardown(() => { scraper.destroy() })
  const adminPort = Number(new URL(gateway.admin).port)
  gateway.child.kill('SIGTERM')
  await gateway.logged('stopping')
  const draining = await responseTo(ask(adminPort, { agent: scraper, path: '/readyz' }).end())
  draining.resume()
  t.equal(draining.statusCode, 503)
  t.match(await readiness(gateway.admin), { code: 503, status: 'draining', provider: { status: 'up' } })
  for (const path of ['/livez', '/metrics']) t.equal((await fetch(gateway.admin + path)).status, 200, path)
  finish()
  t.equal((await answer).statusCode, 200)
  t.equal(await gateway.ended, 0, 'a scraper’s open connection holds nothing up')
})

test('each listener has its own routes, and none of the other’s', async (t) => {
  const { port, admin, routes } = await startOpenGateway(t, (_request, response) => { response.end('the application') })
  const adminPort = Number(new URL(admin).port)
  for (const path of ['/livez', '/readyz', '/metrics']) {
    t.match(await exchange(port, requestText('GET', path)), /\r\n\r\nthe application$/, `${path} is the application’s`)
    t.match(await exchange(port, requestText('GET', `/oidc${path}`)), /^HTTP\/1\.1 404 /)
  }
  t.notMatch(routes.join('\n'), /livez|readyz|metrics/)
  for (const path of ['/', '/oidc/login', '/oidc/jwks', '/oidc/session', '/x', '/metrics/', '/METRICS', '//metrics', '/%6detricz']) {
    t.equal(statusOf(await exchange(adminPort, requestText('GET', path, [['Cookie', 'doorward=x']]))), 404, path)
  }
})

test('what the admin listener answers is kept nowhere, sets no cookie, and is a problem document where it is one', async (t) => {
  const { admin } = await startOpenGateway(t, () => {})
  const adminPort = Number(new URL(admin).port)
  const answers: ReadonlyArray<readonly [method: string, path: string, status: number, code?: string]> = [
    ['GET', '/livez', 200], ['GET', '/livez?verbose', 200], ['HEAD', '/livez', 200], ['GET', '/readyz', 503], ['GET', '/metrics', 200], ['HEAD', '/metrics', 200],
    ['GET', '/x', 404, 'not_found'], ['GET', '/:a(', 404, 'not_found'], ['GET', '/*/b', 404, 'not_found'], ['POST', 'http://x/metrics', 404, 'not_found'], ['POST', '/x', 404, 'not_found'], ['GET', '/%zz', 400, 'request_invalid'],
    ['POST', '/metrics', 405, 'method_not_allowed'], ['DELETE', '/readyz?x', 405, 'method_not_allowed'], ['OPTIONS', '/livez', 405, 'method_not_allowed'], ['PROPFIND', '/livez', 405, 'method_not_allowed']
  ]
  for (const [method, path, status, code] of answers) {
    const answer = parseMessage(await exchange(adminPort, requestText(method, path, [['Origin', 'https://evil.example'], ['Content-Type', 'x/y']], method === 'POST' ? '{' : '')))
    t.match(answer.startLine, `HTTP/1.1 ${status} `, `${method} ${path}`)
    t.strictSame(valuesOf(answer, 'cache-control'), ['no-store'])
    t.strictSame([...valuesOf(answer, 'set-cookie'), ...valuesOf(answer, 'access-control-allow-origin')], [])
    if (code === undefined) continue
    t.strictSame(valuesOf(answer, 'content-type'), ['application/problem+json; charset=utf-8'])
    t.match(JSON.parse(answer.body), { type: `urn:doorward:problem:${code}`, status, code, request_id: /^[\da-f-]{36}$/ })
    t.strictSame(valuesOf(answer, 'allow'), status === 405 ? ['GET, HEAD'] : [])
  }
})

test('an admin address that is taken ends the start, with a word about it', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  t.teardown(() => other.close())
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  const gateway = await startServe(t, { admin: { listen: `127.0.0.1:${port}` } })
  t.equal(await gateway.ended, 1)
  t.match(gateway.stderr(), new RegExp(`^doorward\\.yaml:\\d+:\\d+ admin\\.listen: address already in use \\(127\\.0\\.0\\.1:${port}\\)\n$`))
  t.notMatch(gateway.stdout(), /"event":"started"/)
})

test('the admin listener may be a socket, or off', async (t) => {
  const path = `/tmp/doorward-admin-${process.pid}.sock`
  const gateway = await startServe(t, { admin: { listen: `unix:${path}` } })
  await gateway.logged('started')
  const response = await responseTo(ask(path, { path: '/livez' }).end())
  response.resume()
  t.equal(response.statusCode, 200)

  const without = await startServe(t, { admin: { listen: 'off' } })
  await without.logged('started')
  t.equal((await responseTo(ask(without.port, { path: '/oidc/jwks' }).end())).statusCode, 200)
  await t.rejects(fetch(without.admin), { cause: { code: 'ECONNREFUSED' } })
})
