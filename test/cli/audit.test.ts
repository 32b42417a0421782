/** `doorward audit`: an audit trail, read by people. */
import { createReadStream } from 'node:fs'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { run } from '../../src/cli/index.ts'
import { createAudit, createPseudonyms } from '../../src/observability/index.ts'

const key = Buffer.alloc(32, 'a key of tests')
const day = Date.UTC(2026, 0, 31)
const hour = 3_600_000

/** Alice signs in at eight, bob is refused at nine, somebody fails to sign in at ten; between them stands what else a log holds. */
function trail (pseudonyms = false): string {
  const lines: string[] = []
  let now = day + 8 * hour
  const audit = createAudit((line) => { lines.push(line) }, () => now, pseudonyms ? createPseudonyms(key) : undefined)
  const request = { id: 'r1', ip: '192.0.2.1', method: 'GET', path: '/oidc/callback', userAgent: 'Test/1' }
  audit.record({ event: 'login', outcome: 'success', session: 's1', user: { sub: '1', user: 'alice', email: 'alice@example.com', provider: 'default' }, request, metadata: { method: 'oidc', roles: ['admin'] } })
  now += hour
  audit.record({ event: 'access.denied', outcome: 'failure', reason: 'rule_denied', session: 's2', user: { sub: '2', user: 'bob', email: 'bob@example.com', provider: 'default' }, request: { ...request, id: 'r2', ip: '192.0.2.2', path: '/admin' }, metadata: { rule: { index: 0, path: '/admin/**' } } })
  now += hour
  audit.record({ event: 'login', outcome: 'failure', reason: 'idp_error', user: { provider: 'default' }, request: { ...request, id: 'r3', userAgent: 'a "b"' }, metadata: { method: 'oidc', error: '\x1b[31m\n\x9b' } })
  const [first = '', ...rest] = lines
  return [`app-1  | ${first}`, '{"level":"info","event":"started","time":"2026-01-31T08:00:00.000Z"}\n', 'plain words\n', '{"broken\n', '[1]\n', ...rest].join('')
}

const configuration = `
server: { publicUrl: https://app.example.com }
provider: { issuer: https://idp.example.com, clientId: doorward }
upstream: { url: "http://127.0.0.1:8080" }
audit: { pseudonymize: true, pseudonymKey: ${key.toString('base64')} }
`

async function show (t: Test, args: readonly string[], content = trail(), isTerminal = false) {
  const folder = t.testdir({ 'audit.log': content, 'doorward.yaml': configuration })
  const output = { stdout: '', stderr: '' }
  const code = await run(['audit', ...args], {
    stdout: (part) => { output.stdout += part },
    stderr: (part) => { output.stderr += part },
    environment: {},
    cwd: folder,
    isTerminal,
    untilStopped: () => Promise.reject(new Error('nothing is served'))
  })
  return { code, ...output, rows: output.stdout.split('\n').filter((row) => row !== '') }
}

t.test('events are shown in columns, whatever stands around them, and nothing in them steers a terminal', async (t) => {
  const { code, rows } = await show(t, ['audit.log'])
  t.equal(code, 0)
  t.strictSame(rows, [
    '2026-01-31T08:00:00Z  login            success  -                       alice                     192.0.2.1        GET /oidc/callback  method=oidc  roles=["admin"]  provider=default  session=s1  request=r1',
    '2026-01-31T09:00:00Z  access.denied    failure  rule_denied             bob                       192.0.2.2        GET /admin  rule={"index":0,"path":"/admin/**"}  provider=default  session=s2  request=r2',
    '2026-01-31T10:00:00Z  login            failure  idp_error               -                         192.0.2.1        GET /oidc/callback  method=oidc  error=\\u001b[31m\\n\\u009b  provider=default  request=r3'
  ])
  const coloured = (await show(t, ['audit.log'], trail(), true)).rows
  t.strictSame(coloured.map((row) => row.includes('\x1b[31mfailure\x1b[39m')), [false, true, true], 'a terminal shows failures in red')
})

/** Flags → the references of the events that are left. */
const filters: ReadonlyArray<readonly [args: readonly string[], left: readonly string[]]> = [
  [['--event', 'login'], ['r1', 'r3']],
  [['--outcome', 'failure'], ['r2', 'r3']],
  [['--reason', 'rule_denied'], ['r2']],
  [['--user', 'alice'], ['r1']],
  [['--user', 'Bob@Example.com'], ['r2']],
  [['--user', '2'], ['r2']],
  [['--ip', '192.0.2.1'], ['r1', 'r3']],
  [['--session', 's2'], ['r2']],
  [['--request', 'r3'], ['r3']],
  [['--since', '2026-01-31T09:00:00Z'], ['r2', 'r3']],
  [['--until', '2026-01-31T09:00:00Z'], ['r1', 'r2']],
  [['--since', '2026-01-31', '--until', '2026-02-01'], ['r1', 'r2', 'r3']],
  [['--since', '1h'], []],
  [['--event', 'login', '--outcome', 'success', '--user', 'bob'], []]
]

for (const [args, left] of filters) {
  t.test(`${args.join(' ')} leaves ${left.join(', ') || 'nothing'}`, async (t) => {
    const { code, rows } = await show(t, [...args, 'audit.log'])
    t.equal(code, 0)
    t.strictSame(rows.map((row) => /request=(\w+)/.exec(row)?.[1]), left)
  })
}

t.test('--json passes the lines on as they are, without what stood in front of them', async (t) => {
  const { stdout } = await show(t, ['audit.log', '--json', '--event', 'login'])
  t.strictSame(stdout, trail().replace('app-1  | ', '').split('\n').filter((line) => line.includes('"event":"login"')).map((line) => `${line}\n`).join(''))
})

t.test('whoever has the key finds people and addresses under their pseudonyms', async (t) => {
  const content = trail(true)
  t.notMatch(content, /alice|bob|192\.0\.2/)
  t.strictSame((await show(t, ['audit.log', '--user', 'bob'], content)).rows, [])
  for (const wish of [['--user', 'bob'], ['--user', 'bob@example.com'], ['--user', '2'], ['--ip', '192.0.2.2']]) {
    const { rows } = await show(t, ['audit.log', ...wish, '--config', 'doorward.yaml'], content)
    t.strictSame(rows.map((row) => /request=(\w+)/.exec(row)?.[1]), ['r2'], wish.join(' '))
  }
})

t.test('what can’t be read or understood is told, with the exit code of its kind', async (t) => {
  t.match(await show(t, []), { code: 2, stderr: 'doorward audit: expected FILE, or - for standard input\n' })
  t.match(await show(t, ['audit.log', 'other.log']), { code: 2, stderr: /expected one FILE/ })
  t.match(await show(t, ['none.log']), { code: 1, stderr: 'doorward audit: none.log can’t be read (ENOENT)\n' })
  t.match(await show(t, ['.']), { code: 1, stderr: /EISDIR/ })
  t.match(await show(t, ['audit.log', '--since', 'yesterday']), { code: 2, stderr: /expected a time/ })
  t.match(await show(t, ['audit.log', '--config', 'none.yaml']), { code: 78, stderr: /none\.yaml/ })
})

t.test('- reads standard input', async (t) => {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
  const folder = t.testdir({ 'audit.log': trail() })
  const child = spawn(process.execPath, [main, 'audit', '-', '--user', 'alice'], { stdio: ['pipe', 'pipe', 'inherit'], env: {} })
  t.teardown(() => child.kill())
  const shown = text(child.stdout)
  createReadStream(`${folder}/audit.log`).pipe(child.stdin)
  t.match(await shown, /^2026-01-31T08:00:00Z {2}login .*alice.*request=r1\n$/)
})
