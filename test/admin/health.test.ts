/** Health through the real process: what is away at the start comes back by itself, and what counts is configured. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { test, type Test } from 'tap'
import { runMain, type ServeProcess, startServe } from '../cli/serve-process.ts'
import { Browser } from '../support/browser.ts'
import { freePort } from '../support/gateway.ts'
import { missingPart } from '../support/parts.ts'
import { client, clientId, clientSecret, startProvider } from '../support/provider.ts'
import { startRedis } from '../support/redis.ts'

interface Report {
  readonly code: number
  readonly status: string
  readonly since: string
  readonly dependencies: Readonly<Record<string, { readonly status: string, readonly since: string, readonly reason?: string }>>
}

async function report ({ admin }: Pick<ServeProcess, 'admin'>): Promise<Report> {
  const response = await fetch(`${admin}/readyz`)
  return { code: response.status, ...await response.json() as Omit<Report, 'code'> }
}

/** What is reported, once it is so. */
async function until (gateway: ServeProcess, isSo: (report: Report) => boolean): Promise<Report> {
  for (;;) {
    const now = await report(gateway)
    if (isSo(now)) return now
    await new Promise((resolve) => { setTimeout(resolve, 50) })
  }
}

/** An application on this port, which is not there before. */
async function startApplication (t: Test, port: number): Promise<Server> {
  const server = createServer((_request, response) => { response.end('a page') }).listen(port, '127.0.0.1')
  t.teardown(() => { server.close().closeAllConnections() })
  await once(server, 'listening')
  return server
}

test('started with nothing there, Doorward finds the provider, Redis and the application once they are', { skip: missingPart('redis-server') }, async (t) => {
  const [provider, redis, port] = [await startProvider(t), await startRedis(t), await freePort()]
  await Promise.all([provider.stop(), redis.kill()])
  const gateway = await startServe(t, {
    provider: { issuer: provider.issuer, clientId, clientSecret },
    access: { rules: [{ path: '/public/**', allow: 'anonymous' }] },
    session: { store: 'redis', redis: { url: redis.url } },
    upstream: { url: `http://127.0.0.1:${port}` }
  })
  await gateway.logged('started')
  const origin = `http://localhost:${gateway.port}`
  const browser = new Browser()
  t.equal((await browser.open(`${origin}/public/x`)).status, 502)
  const before = await until(gateway, ({ dependencies }) => Object.values(dependencies).every(({ status }) => status === 'down'))
  t.match(before, { code: 503, status: 'starting' })
  t.match(before.dependencies, {
    'provider:default': { status: 'down', since: /Z$/, reason: 'nothing listens where provider.issuer leads (ECONNREFUSED)' },
    'session-store': { status: 'down', since: /Z$/, reason: /\w/ },
    'upstream:/': { status: 'down', since: /Z$/, reason: 'a connection to the url of the upstream fails' }
  })

  await startApplication(t, port)
  t.equal((await browser.open(`${origin}/public/x`)).text, 'a page')
  await redis.restart()
  await provider.register(client(origin))
  await provider.start()
  await until(gateway, ({ status }) => status === 'ready')
  t.equal((await browser.signIn(`${origin}/x`, 'bob')).text, 'a page')
  const { code, dependencies } = await report(gateway)
  t.equal(code, 200)
  t.strictSame(Object.values(dependencies).map(({ status }) => status), ['up', 'up', 'up'])
})

test('what counts is configured: the application all the time, without being asked for anything, and the provider not at all', async (t) => {
  const port = await freePort()
  const gateway = await startServe(t, { upstream: { url: `http://127.0.0.1:${port}` }, admin: { readiness: { provider: 'never', upstream: 'always' } } })
  await gateway.logged('started')
  t.match(await until(gateway, ({ dependencies }) => dependencies['upstream:/']?.status === 'down'), { code: 503, status: 'starting' })
  const application = await startApplication(t, port)
  const ready = await until(gateway, ({ status }) => status === 'ready')
  t.match(ready, { code: 200, dependencies: { 'upstream:/': { status: 'up' }, 'provider:default': { status: /down|unknown/ } } })
  application.close()
  const lost = await until(gateway, ({ status }) => status === 'unavailable')
  t.match(lost, { code: 503, dependencies: { 'upstream:/': { status: 'down' } } })
  await startApplication(t, port)
  const back = await until(gateway, ({ status }) => status === 'ready')
  t.match(back, { code: 200 })
  t.ok(ready.since < lost.since && lost.since < back.since, 'each is told with the moment since when it is so')
})

test('healthcheck asks the Doorward that runs with this configuration, and needs no shell and no other program', async (t) => {
  const gateway = await startServe(t, {})
  await gateway.logged('started')
  const check = async (...flags: string[]): Promise<unknown[]> => {
    const { ended, stdout, stderr } = runMain(t, ['healthcheck', ...flags], { cwd: gateway.folder })
    return [await ended, stdout() === '' ? undefined : JSON.parse(stdout()), stderr()]
  }
  t.strictSame(await check(), [0, { status: 'live' }, ''])
  t.match(await check('--ready'), [1, { status: 'starting', dependencies: { 'provider:default': {} } }, ''])
  gateway.child.kill('SIGTERM')
  await gateway.ended
  const { host } = new URL(gateway.admin)
  t.strictSame(await check(), [1, undefined, `doorward healthcheck: no Doorward answers at ${host} (ECONNREFUSED)\n`])

  const other = createServer((_request, response) => { response.end('hello') }).listen(Number(host.split(':')[1]), '127.0.0.1')
  t.teardown(() => other.close())
  await once(other, 'listening')
  t.strictSame(await check(), [1, undefined, `doorward healthcheck: what answers at ${host} is no Doorward\n`])
})
