import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { fileURLToPath } from 'node:url'
import { test, type Test } from 'tap'
import { isFree } from '../demo/children.ts'
import { Browser } from './support/browser.ts'

/** The demo's ports are fixed: no other test may use them. */
const ports = [4180, 4181, 4191, 4192]
const gateway = 'http://localhost:4180'

interface Demo {
  readonly process: ChildProcess
  readonly ended: Promise<unknown[]>
  /** What it wrote so far. */
  output (): string
}

function startDemo (t: Test, ...options: string[]): Demo {
  const main = fileURLToPath(new URL('../demo/main.ts', import.meta.url))
  const child = spawn(process.execPath, [main, ...options], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  t.teardown(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const pieces: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (piece: string) => { pieces.push(piece) })
  return { process: child, ended, output: () => pieces.join('') }
}

async function untilReady (demo: Demo): Promise<void> {
  const { stdout } = demo.process
  if (stdout === null) throw new Error('the demo has no output')
  while (!demo.output().includes('Ready: open http://localhost:4180')) {
    const [piece] = await Promise.race([once(stdout, 'data'), demo.ended]) as [unknown]
    if (typeof piece !== 'string') throw new Error(`the demo ended before it was ready:\n${demo.output()}`)
  }
}

test('the demo signs people in, shows what the application receives, and leaves nothing behind', async (t) => {
  const demo = startDemo(t)
  await untilReady(demo)

  const bob = new Browser()
  const start = await bob.signIn(`${gateway}/reports/2026?quarter=3`, 'bob')
  t.equal(start.status, 200)
  t.equal(start.url.href, `${gateway}/reports/2026?quarter=3`)
  for (const shown of ['Hello, Bob Baker', '<span class="chip">host</span><span class="chip">log</span>', 'Verified against Doorward’s keys']) {
    t.ok(start.text.includes(shown), `the page says ${shown}`)
  }
  t.match((await bob.get(`${gateway}/data`, { program: true })).json(), {
    method: 'GET',
    url: '/data',
    person: { user: 'bob', groups: ['cmdbsyncer-ops', 'data-scientists'], roles: ['host', 'log'] },
    assertion: { verified: true, algorithm: 'ES256', claims: { iss: gateway, aud: 'http://localhost:4191', organizations: { 'org-1': ['member'] } } }
  })
  t.match(await bob.open(`${gateway}/admin`), { status: 403, text: /role[^.]*admin/ })

  const alice = new Browser()
  t.match(await alice.signIn(`${gateway}/admin`, 'alice'), { status: 200, text: /Hello, Alice Archer/ })
  const stranger = new Browser()
  t.match(await stranger.get(`${gateway}/public/hello`), { status: 200, text: /doesn’t say who you are/ })
  t.equal((await stranger.get(`${gateway}/api/hosts`)).status, 401)

  t.match(demo.output(), 'http://localhost:4181/metrics')
  t.match(await (await fetch('http://localhost:4181/metrics')).text(), 'doorward_logins_total{provider="demo",outcome="success",reason=""} 2\n')

  t.strictSame(await reachableFromOutside(), [], 'everything listens on loopback alone')
  demo.process.kill('SIGINT')
  t.strictSame(await demo.ended, [0, null])
  t.strictSame(await Promise.all(ports.map(isFree)), [true, true, true, true])
})

test('the demo names the port that is in use', async (t) => {
  const server = createServer().listen(4191, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const demo = startDemo(t)
  t.strictSame(await demo.ended, [1, null])
  t.match(demo.output(), /^Port 4191 is in use/)
})

test('the demo explains itself without starting', async (t) => {
  const demo = startDemo(t, '--help')
  t.strictSame(await demo.ended, [0, null])
  t.match(demo.output(), /^Usage: npm run demo/)
})

/** Ports of the demo that accept a connection on an address of this machine other than loopback. */
async function reachableFromOutside (): Promise<number[]> {
  const outside = Object.values(networkInterfaces()).flat().find((address) => address?.internal === false && address.family === 'IPv4')
  if (outside === undefined) return []
  const accepted = await Promise.all(ports.map(async (port) => {
    const socket = connect(port, outside.address)
    try {
      await once(socket, 'connect')
      return [port]
    } catch {
      return []
    } finally {
      socket.destroy()
    }
  }))
  return accepted.flat()
}
