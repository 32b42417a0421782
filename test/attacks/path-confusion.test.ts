/** One path that Doorward reads one way and the application another. What is decided on is what is forwarded, or nothing is. */
import t from 'tap'
import { resolutions } from '../support/path-resolutions.ts'
import { payloads, withoutPayloads } from '../support/payloads.ts'
import { exchange, requestText, statusOf } from '../support/raw-socket.ts'
import { signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'
import { readRequests } from '../support/strict-requests.ts'
import { answerOnce, startByteRecorder } from '../support/upstream.ts'

/** `passes`: the application gets exactly these bytes. A number: it gets nothing, and the client gets that status. */
type Outcome = 'passes' | number
type Row = readonly [target: string, anonymous: Outcome, signedIn: Outcome]

/** /public/** is open, /admin/** wants a role that nobody has, everything else wants a sign-in. */
const access = { rules: [{ path: '/public/**', allow: 'anonymous' }, { path: '/admin/**', require: { roles: ['admin'] } }] }

const table: Readonly<Record<string, readonly Row[]>> = {
  'an ordinary path': [
    ['/', 401, 'passes'], ['/public', 'passes', 'passes'], ['/public/x', 'passes', 'passes'], ['/admin', 401, 403], ['/admin/', 401, 403], ['/admin/x?y', 401, 403], ['/a/b.c?d=e', 401, 'passes']
  ],
  'a dot segment': [
    ['/public/../admin', 400, 400], ['/public/%2e%2e/admin', 400, 400], ['/public/.%2e/admin', 400, 400], ['/public/%2E./admin', 400, 400], ['/a/./b', 400, 400], ['/a/%2e/b', 400, 400], ['/public/..', 400, 400], ['/public/.', 400, 400],
    ['/public/.../x', 'passes', 'passes'], ['/public/..x/.y', 'passes', 'passes']
  ],
  'a backslash': [['/public\\..\\admin', 400, 400], ['/\\admin', 400, 400], ['/public/..%5cadmin', 400, 400], ['/a%5Cb', 400, 400], ['/public/%255c', 400, 400]],
  'a fragment': [
    ['/admin#/public', 400, 400], ['/public#/../admin', 400, 400], ['/public/x?y#z', 400, 400],
    // CVE-2026-41059: an application that decodes too early serves /public/secret, or /admin.
    ['/public/secret%23/x', 400, 400], ['/admin%23/public', 401, 403], ['/a%23b', 401, 'passes'], ['/public/a%3Fb', 400, 400]
  ],
  'an escaped slash': [['/public%2f..%2fadmin', 400, 400], ['/a%2Fb', 400, 400], ['/%2fadmin', 400, 400], ['/public/%252fadmin', 400, 400]],
  'a control character': [['/public/%00', 400, 400], ['/public/%0a', 400, 400], ['/public/%0d%0aX:1', 400, 400], ['/public/%1f', 400, 400], ['/public/%7f', 400, 400], ['/public/%09x', 400, 400]],
  'several slashes': [['//admin', 400, 400], ['//admin/x', 400, 400], ['///', 400, 400], ['/a//b', 401, 'passes'], ['/public//x', 'passes', 'passes'], ['/admin//x', 401, 403], ['/public//admin', 'passes', 'passes']],
  'a path parameter': [
    ['/admin;x', 401, 403], ['/admin;x=1/y', 401, 403], ['/;x/admin', 401, 403], ['/a;x', 401, 'passes'], ['/public/..;/admin', 400, 400], ['/public/..;x=1/admin', 400, 400], ['/public/%2e%2e;/admin', 400, 400], ['/public;/x', 401, 'passes'], ['/%61dmin;x', 401, 403], ['/admin%3bx', 401, 403]
  ],
  'double encoding': [['/public/%252e%252e/admin', 400, 400], ['/%2561dmin', 401, 403], ['/a%2561', 401, 'passes'], ['/100%25', 401, 'passes'], ['/public/%25%32%65%25%32%65/admin', 400, 400]],
  'escaped letters': [['/%61dmin', 401, 403], ['/%41DMIN/x', 401, 403], ['/%70ublic/x', 'passes', 'passes'], ['/a%62c', 401, 'passes']],
  'bytes that are not UTF-8': [['/caf%E9', 401, 'passes'], ['/public/%ff%fe', 'passes', 'passes'], ['/public/%c0%ae%c0%ae/admin', 400, 400], ['/public/%e0%80%ae', 400, 400]],
  'another case': [['/ADMIN', 401, 403], ['/Admin/x', 401, 403], ['/%41dmin', 401, 403], ['/PUBLIC/x', 401, 'passes'], ['/Public', 401, 'passes']],
  'an absolute or odd form': [['http://localhost/public/x', 400, 400], ['http://evil.example/public/x', 400, 400], ['https://localhost/', 400, 400], ['*', 400, 400], ['public', 400, 400]],
  'a malformed escape': [['/public/%', 400, 400], ['/public/%zz', 400, 400], ['/public/%u002e', 400, 400], ['/a%2', 400, 400]],
  'great length': [[`/public/${'a'.repeat(8184)}`, 'passes', 'passes'], [`/public/${'a'.repeat(8185)}`, 414, 414], [`/public${'/a'.repeat(199)}`, 'passes', 'passes'], [`/public${'/a'.repeat(200)}`, 400, 400]],
  // CVE-2025-54576: a query is never part of a decision, and goes through byte by byte.
  'a query': [
    ['/admin?/public/', 401, 403], ['/api/private?p=/public/x', 401, 'passes'], ['/public/x?p=/../admin&q=%2e%2e%2f&r=\\&s=%00%zz%E9;t', 'passes', 'passes'], ["/public/x?a=b&&c=%20+'\"<>|{}[]^`", 'passes', 'passes'], ['/public?', 'passes', 'passes'], ['/public??a?', 'passes', 'passes']
  ],
  // Doorward's own routes: nothing that any application may read as one of them is ever proxied.
  'a disguise of Doorward’s own routes': [
    ['/%6fidc/login', 404, 404], ['/OIDC/login', 404, 404], ['/oid%63', 404, 404], ['/oidc;x/login', 404, 404], ['/oidc%3bx', 404, 404], ['/%256fidc/login', 404, 404], ['/oidc%23/x', 404, 404], ['/oidc%3Fx', 404, 404], ['/;x/oidc/login', 404, 404],
    ['/oidc/other', 404, 404], ['/oidc', 404, 404], ['/oidc?x', 404, 404], ['/oidc//', 404, 404], ['//oidc/login', 400, 400], ['/oidc%2flogin', 400, 400], ['/oidc\\login', 400, 400], ['/a/../oidc/login', 400, 400], ['/oidcx', 401, 'passes'], ['/a/oidc/login', 401, 'passes'],
    // Within them nothing climbs out again.
    ['/oidc/../admin', 404, 404], ['/oidc/%2e%2e/public/x', 404, 404], ['/oidc/..%2fpublic', 404, 404], ['/oidc/..;/public', 404, 404]
  ]
}

t.test('E6, E7: what each kind of target comes to', async (t) => {
  const recorder = await startByteRecorder(t, answerOnce('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'))
  const { gateway } = await startRogueGateway(t, { upstream: recorder.url, configuration: { access } })
  const cookie = await signedInCookie(gateway)

  async function outcome (target: string, headers: ReadonlyArray<readonly [string, string]>): Promise<Outcome> {
    const status = statusOf(await exchange(gateway.port, requestText('GET', target, headers)))
    const received = recorder.connections.splice(0)
    if (received.length === 0) return status
    if (status === 200 && received.length === 1 && received[0]?.startsWith(`GET ${target} HTTP/1.1\r\n`) === true) return 'passes'
    throw new Error(`${target} came through as ${received.join('\n')}`)
  }

  for (const [kind, rows] of Object.entries(table)) {
    t.test(kind, async (t) => {
      for (const [target, anonymous, signedIn] of rows) {
        t.strictSame([await outcome(target, []), await outcome(target, [['Cookie', cookie]])], [anonymous, signedIn], target.slice(0, 60))
      }
    })
  }
})

t.test('E12: an application with a path of its own can’t be made to leave it', async (t) => {
  const recorder = await startByteRecorder(t, answerOnce('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'))
  const { gateway } = await startRogueGateway(t, { upstream: `${recorder.url}/app/`, configuration: { access: { default: 'anonymous' } } })
  // CVE-2021-21321, CVE-2021-21322, GHSA-2q7r-29rg-6m5h, and `//host`, by which undici once changed its mind about the host (CVE-2022-35949).
  for (const target of ['/../x', '/%2e%2e/x', '/ho/%2E%2E/../x', '/..%2fx', '/..\\x', '/..;/x', `//127.0.0.1:${recorder.port}/x`, `/\\127.0.0.1:${recorder.port}/x`, `http://127.0.0.1:${recorder.port}/x`, `@127.0.0.1:${recorder.port}/x`, `:${recorder.port}/x`]) {
    t.equal(statusOf(await exchange(gateway.port, requestText('GET', target))), 400, target)
    t.equal(statusOf(await exchange(gateway.port, requestText('GET', target, [['Connection', 'Upgrade'], ['Upgrade', 'websocket']]))), 400, `${target} as an upgrade`)
  }
  t.strictSame(recorder.connections, [])
  await exchange(gateway.port, requestText('GET', '/x/%2561?y'))
  t.match(recorder.connections[0], /^GET \/app\/x\/%2561\?y HTTP\/1\.1\r\n/)
})

const isAdmin = (path: string): boolean => /^\/+admin(?:[/;?#]|$)/i.test(path)

t.test('E6: no line of the collected traversals reaches what only administrators may see', { skip: withoutPayloads }, async (t) => {
  const recorder = await startByteRecorder(t, answerOnce('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'))
  const { gateway } = await startRogueGateway(t, { upstream: recorder.url, configuration: { access } })
  const cookie = await signedInCookie(gateway)
  const lines = payloads('traversal-exotic-patt.txt').map((line) => line.replaceAll('{FILE}', 'admin'))
  const targets = [...new Set(lines.flatMap((line) => [line, `/public${line}`, `/public/a/b/c${line.replaceAll('admin', '%61dmin/x')}`, `/public/x?p=${line}`]))]
  t.ok(targets.length > 2_000, `${targets.length} targets`)

  async function send (some: readonly string[]): Promise<number[]> {
    const statuses: number[] = []
    for (const target of some) statuses.push(statusOf(await exchange(gateway.port, requestText('GET', target, [['Cookie', cookie]]))))
    return statuses
  }
  const statuses = (await Promise.all(Array.from({ length: 16 }, (_, worker) => send(targets.filter((_, index) => index % 16 === worker))))).flat()
  t.strictSame([...new Set(statuses)].sort(), [200, 400])
  const readings = recorder.connections.map(readRequests)
  t.strictSame(readings.filter(({ rest, requests }) => rest !== '' || requests.length !== 1), [], 'what arrives is one request each')
  const arrived = readings.flatMap(({ requests }) => requests.map(({ target }) => target))
  t.ok(arrived.length > 500, `${arrived.length} arrived`)
  t.strictSame(arrived.filter((target) => !targets.includes(target)), [], 'byte by byte what was sent')
  t.strictSame(arrived.filter((target) => resolutions(target.replace(/\?.*/s, '')).some(isAdmin)), [])
})

t.test('no line of the collected line breaks adds one to a request or to an answer', { skip: withoutPayloads }, async (t) => {
  const recorder = await startByteRecorder(t, answerOnce('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'))
  const { gateway } = await startRogueGateway(t, { upstream: recorder.url, configuration: { access: { default: 'anonymous' } } })
  for (const line of payloads('crlf-patt.txt')) {
    for (const target of [line, `/public${line}`, `/x?p=${line}`, `/oidc/login?return_to=${line}`, `/oidc/callback?state=${line}`, `/oidc${line}`]) {
      const answer = await exchange(gateway.port, requestText('GET', target, [['Accept', 'text/html']]))
      t.ok([200, 302, 303, 400, 404].includes(statusOf(answer)), target)
      t.notMatch(answer, /^set-cookie: *crlf/im, target)
    }
  }
  const readings = recorder.connections.map(readRequests)
  t.strictSame(readings.filter(({ rest, requests }) => rest !== '' || requests.length !== 1 || requests[0]?.headers.some(([name]) => /^set-cookie$/i.test(name))), [])
})
