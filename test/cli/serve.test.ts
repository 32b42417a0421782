/** How a gateway starts, fails to start, and ends. */
import { once } from 'node:events'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { type Test, test } from 'tap'
import { ask, responseTo } from '../proxy/open-gateway.ts'
import { freePort } from '../support/gateway.ts'
import { startUpstream, type UpstreamHandler } from '../support/upstream.ts'
import { eventsIn, runMain, type ServeProcess, startServe } from './serve-process.ts'

const withoutFullDevice = !existsSync('/dev/full') && '/dev/full is a Linux device'

async function startBehind (t: Test, application: UpstreamHandler, server: object): Promise<ServeProcess> {
  const { url } = await startUpstream(t, application)
  const gateway = await startServe(t, { upstream: { url }, server })
  await gateway.logged('started')
  return gateway
}

/** Milliseconds from the signal to the end, and the exit code. */
async function stop ({ child, ended }: { child: ServeProcess['child'], ended: ServeProcess['ended'] }): Promise<{ code: number | string, took: number }> {
  const before = performance.now()
  child.kill('SIGTERM')
  return { code: await ended, took: performance.now() - before }
}

test('what runs may finish, and the process ends with it', async (t) => {
  const asked = Promise.withResolvers<() => void>()
  const gateway = await startBehind(t, (_request, response) => { asked.resolve(() => { response.end('done') }) }, { drainTimeout: '10m' })
  const answer = responseTo(ask(gateway.port).end())
  const finish = await asked.promise
  const stopping = stop(gateway)
  await gateway.logged('stopping')
  finish()
  t.equal((await answer).statusCode, 200)
  t.equal((await stopping).code, 0)
  t.match(eventsIn(gateway.stdout()).at(-1), { event: 'stopped', connectionsCut: 0 })
})

for (const [what, application] of Object.entries<UpstreamHandler>({
  'a request that is not answered': () => {},
  'a stream of events': (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: 1\n\n')
  }
})) {
  test(`E15: ${what} is cut after drainTimeout, and the process ends well`, async (t) => {
    const asked = Promise.withResolvers<undefined>()
    const gateway = await startBehind(t, (message, response, recorded) => {
      asked.resolve(undefined)
      return application(message, response, recorded)
    }, { drainTimeout: '300ms' })
    const client = ask(gateway.port).on('error', () => {}).on('response', (response) => { response.on('error', () => {}).resume() }).end()
    const cut = new Promise((resolve) => { client.once('close', resolve) })
    await asked.promise
    const { code, took } = await stop(gateway)
    t.equal(code, 0)
    t.ok(took >= 250, `not before: ${took} ms`)
    await cut
    t.match(eventsIn(gateway.stdout()).at(-1), { event: 'stopped', connectionsCut: 1 })
  })
}

test('with a drainTimeout of 0s nothing is waited for', async (t) => {
  const asked = Promise.withResolvers<undefined>()
  const gateway = await startBehind(t, () => { asked.resolve(undefined) }, { drainTimeout: '0s' })
  ask(gateway.port).on('error', () => {}).end()
  await asked.promise
  t.equal((await stop(gateway)).code, 0)
  t.match(eventsIn(gateway.stdout()).at(-1), { event: 'stopped', connectionsCut: 1 })
})

test('the start says which addresses to register at the provider', async (t) => {
  const gateway = await startServe(t, { server: { basePath: '/auth' } })
  await gateway.logged('started')
  const [started] = eventsIn(gateway.stdout()).filter(({ event }) => event === 'started')
  const origin = `http://localhost:${gateway.port}`
  t.match(started, { redirectUris: [`${origin}/auth/callback`], postLogoutRedirectUri: `${origin}/auth/signed-out` })
})

test('a port that is taken ends the start, with a word about it and nothing after', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  t.teardown(() => other.close())
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  // A provider that takes its time: whoever does not stop asking waits for it, and tells of it.
  const provider = await startUpstream(t, () => {})
  const gateway = await startServe(t, { server: { listen: `127.0.0.1:${port}` }, provider: { issuer: provider.url, clientId: 'doorward' } })
  t.equal(await gateway.ended, 1)
  t.match(gateway.stderr(), new RegExp(`^doorward\\.yaml:\\d+:\\d+ server\\.listen: address already in use \\(127\\.0\\.0\\.1:${port}\\)\n$`))
  t.notMatch(gateway.stdout(), /"event":"(started|provider\.discovered)"|TimeoutError/)
})

test('an address of another machine ends the start likewise', async (t) => {
  const gateway = await startServe(t, { server: { listen: '192.0.2.1:4180' } })
  t.equal(await gateway.ended, 1)
  t.match(gateway.stderr(), /server\.listen: not an address of this machine \(192\.0\.2\.1:4180\)\n$/)
})

test('a socket that a killed process left behind is taken over; one in use is not; a stop removes it', async (t) => {
  const path = `/tmp/doorward-${process.pid}-${await freePort()}.sock`
  const server = { listen: `unix:${path}`, publicUrl: 'http://localhost:4180' }
  const killed = await startServe(t, { server })
  await killed.logged('started')
  killed.child.kill('SIGKILL')
  await killed.ended
  t.ok(statSync(path).isSocket(), 'left behind')

  const next = await startServe(t, { server })
  await next.logged('started')
  const response = await responseTo(request({ socketPath: path, path: '/oidc/jwks', agent: false }).end())
  response.resume()
  t.equal(response.statusCode, 200)

  const third = await startServe(t, { server })
  t.equal(await third.ended, 1)
  t.match(third.stderr(), `server.listen: address already in use (unix:${path})\n`)
  t.ok(statSync(path).isSocket(), 'still there')

  t.equal((await stop(next)).code, 0)
  t.notOk(existsSync(path))
})

test('a file where the socket should be is never removed', async (t) => {
  const path = `${t.testdirName}/doorward.yaml`
  const gateway = await startServe(t, { server: { listen: `unix:${path}`, publicUrl: 'http://localhost:4180' } })
  t.equal(await gateway.ended, 1)
  t.match(gateway.stderr(), `server.listen: expected a socket or nothing at this path, found something else (unix:${path})\n`)
  t.ok(statSync(path).isFile())
})

test('an audit trail on a full disk is reported once, and the process serves and ends', { skip: withoutFullDevice }, async (t) => {
  const gateway = await startServe(t, { audit: { destination: '/dev/full' } })
  await gateway.logged('started')
  for (let failure = 0; failure < 2; failure++) {
    (await responseTo(ask(gateway.port, { path: '/oidc/callback' }).end())).resume()
  }
  await gateway.logged('audit.failed')
  t.equal((await stop(gateway)).code, 0)
  const events = eventsIn(gateway.stdout())
  t.match(events.filter(({ event }) => event === 'audit.failed'), [{ level: 'error', err: { code: 'ENOSPC' } }])
  t.equal(events.filter(({ event }) => event === 'audit.failed').length, 1)
})

test('standard output on a full disk is told on standard error, and the process serves and ends', { skip: withoutFullDevice }, async (t) => {
  const gateway = await startServe(t, {}, '/dev/full')
  await once(gateway.child.stderr ?? process.stderr, 'data')
  let status: number | undefined
  while (status === undefined) {
    const response = await responseTo(ask(gateway.port, { path: '/oidc/jwks' }).end()).catch(() => undefined)
    response?.resume()
    status = response?.statusCode
  }
  t.equal(status, 200)
  t.equal((await stop(gateway)).code, 0)
  t.equal(gateway.stderr(), 'standard output can’t be written to (ENOSPC)\n')
})

test('a command whose output can’t be written says so and fails, without a stack', { skip: withoutFullDevice }, async (t) => {
  const schema = runMain(t, ['schema'], { output: '/dev/full' })
  t.equal(await schema.ended, 1)
  t.equal(schema.stderr(), 'doorward: standard output can’t be written to (ENOSPC)\n')
})

test('an older Node is told so, before it meets what it does not know', async (t) => {
  const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { engines: { node: string } }
  const oldest = engines.node.replace('>=', '')
  const runAs = (version: string) => runMain(t, ['--version'], { node: ['--import', `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`] })
  for (const version of ['20.19.0', '22.20.0', 'x']) {
    const { ended, stdout, stderr } = runAs(version)
    t.strictSame([await ended, stdout(), stderr()], [1, '', `doorward: needs Node ${oldest} or newer, and this is ${version}\n`])
  }
  for (const version of [`${oldest}.0`, '23.0.0', '24.21.0']) t.equal(await runAs(version).ended, 0, version)
})
