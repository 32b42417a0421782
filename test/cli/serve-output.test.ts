/** What a running gateway writes, while those who take it fail or change. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { type Test, test } from 'tap'
import { samplesOf, scrape } from '../admin/scrape.ts'
import { ask, responseTo } from '../proxy/open-gateway.ts'
import { auditProblems } from '../support/audit-line.ts'
import { eventsIn, type ServeProcess, startServe } from './serve-process.ts'

/** A request that is one line of the audit trail. */
async function refuse ({ port }: ServeProcess, path: string): Promise<number | undefined> {
  const response = await responseTo(ask(port, { path, headers: { host: `localhost:${port}`, 'user-agent': 'u'.repeat(400) } }).end())
  response.resume()
  return response.statusCode
}

const denied = { access: { rules: [{ path: '/denied/**', deny: true }] } }

function pathsIn (file: string): string[] {
  return eventsIn(readFileSync(file, 'utf8')).filter(({ event }) => event === 'access.denied').map(({ request }) => (request as { path: string }).path)
}

/** Beside the folder of the test, which is made anew with each process. */
function makeFifo (t: Test): string {
  const fifo = `${t.testdir({})}-fifo`
  rmSync(fifo, { force: true })
  execFileSync('mkfifo', [fifo])
  t.teardown(() => { rmSync(fifo) })
  return fifo
}

test('at SIGHUP the audit trail goes on in a new file: no line is lost, and none is in both', async (t) => {
  const gateway = await startServe(t, { ...denied, audit: { destination: 'audit.log' } })
  await gateway.logged('started')
  const file = `${gateway.folder}/audit.log`
  for (let number = 0; number < 40; number++) {
    if (number % 10 === 5) {
      renameSync(file, `${file}.${number}`)
      gateway.child.kill('SIGHUP')
      while (!existsSync(file)) await refuse(gateway, '/')
    }
    await refuse(gateway, `/denied/${number}`)
  }
  gateway.child.kill('SIGTERM')
  t.equal(await gateway.ended, 0)
  const files = [5, 15, 25, 35].map((number) => `${file}.${number}`)
  t.strictSame([...files, file].flatMap(pathsIn), Array.from({ length: 40 }, (_, number) => `/denied/${number}`))
  for (const each of [...files, file]) for (const line of readFileSync(each, 'utf8').split('\n').filter((line) => line !== '')) t.strictSame(auditProblems(line), [])
  t.match(eventsIn(gateway.stdout()).filter(({ event }) => event === 'outputs.reopened').length, 4)
})

test('an audit trail that nobody took is told of, and so is that it is taken again, and what was lost: nothing', async (t) => {
  const fifo = makeFifo(t)
  const gateway = await startServe(t, { ...denied, audit: { destination: fifo } })
  await gateway.logged('audit.failed')
  await gateway.logged('started')
  t.equal(await refuse(gateway, '/denied/x'), 403)
  const reader = spawn('cat', [fifo], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.teardown(() => { reader.kill() })
  const [lines] = await once(reader.stdout, 'data')
  t.match(String(lines), '"path":"/denied/x"')
  await gateway.logged('audit.resumed')
  gateway.child.kill('SIGTERM')
  t.equal(await gateway.ended, 0)
  const told = eventsIn(gateway.stdout()).filter(({ subsystem }) => subsystem === 'audit')
  t.match(told, [{ level: 'error', event: 'audit.failed', file: fifo }, { level: 'info', event: 'audit.resumed', file: fifo, lines: 0, msg: 'the audit trail is written again, and nothing of it was lost' }])
})

test('an audit trail into a FIFO that nobody reads lets the gateway start, serve and end', async (t) => {
  const fifo = makeFifo(t)
  const gateway = await startServe(t, { ...denied, audit: { destination: fifo } })
  await gateway.logged('started')
  await gateway.logged('audit.failed')
  t.equal(await refuse(gateway, '/denied/x'), 403)
  gateway.child.kill('SIGTERM')
  t.equal(await gateway.ended, 0)
})

test('a full pipe for standard output holds up neither requests nor the end; what is lost is counted', async (t) => {
  const gateway = await startServe(t, { ...denied, log: { format: 'json', level: 'silent' } })
  gateway.child.stdout?.pause()
  while (await refuse(gateway, '/oidc/jwks').catch(() => undefined) !== 200);
  for (let number = 0; number < 600; number++) await refuse(gateway, `/denied/${number}`)
  t.equal(await refuse(gateway, '/denied/last'), 403)
  t.strictSame(samplesOf(await scrape(gateway.admin), 'doorward_lines_dropped_total'), { '{output="stdout"}': 0, '{output="audit"}': 0 }, 'what fits into memory is not lost')
  gateway.child.kill('SIGTERM')
  const code = new Promise((resolve) => { gateway.child.once('exit', resolve) })
  t.equal(await code, 0)
  gateway.child.stdout?.resume()
})
