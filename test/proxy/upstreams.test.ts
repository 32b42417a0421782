/** Several applications behind one door, each below a path of its own. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import t, { test } from 'tap'
import { Browser } from '../support/browser.ts'
import { startGateway } from '../support/gateway.ts'
import { client, startProvider } from '../support/provider.ts'
import { exchange, parseMessage, requestText, statusOf } from '../support/raw-socket.ts'
import { startUpstream } from '../support/upstream.ts'
import { openWebSocket, startWebSocketUpstream } from '../support/web-sockets.ts'
import { startOpenGateways } from './open-gateway.ts'

test('the application with the longest path that covers a request gets it, whatever its spelling', async (t) => {
  const [root, reports, old] = [await startUpstream(t), await startUpstream(t), await startUpstream(t)]
  const { port } = await startOpenGateways(t, [{ path: '/reports/old', url: old.url }, { url: root.url }, { path: '/reports', url: reports.url }])
  const targets = {
    root: ['/', '/reportsx', '/Reports', '/report', '/a/reports', '/a?/reports', '/reports;x/a'],
    reports: ['/reports', '/reports/', '/reports?a', '/reports/q1', '/%72eports/q1', '/reports/older', '/reports//old'],
    old: ['/reports/old', '/reports/old/', '/reports/%6fld/x?y', '/%72%65ports/old?']
  }
  for (const target of Object.values(targets).flat()) t.equal(statusOf(await exchange(port, requestText('GET', target))), 200, target)
  const received = Object.entries({ root, reports, old }).map(([name, { requests }]) => [name, requests.map(({ url }) => url)])
  t.strictSame(Object.fromEntries(received), targets)
})

test('a path that no application has is not found', async (t) => {
  const { url } = await startUpstream(t)
  const { origin } = await startOpenGateways(t, [{ path: '/app', url }])
  const answer = await new Browser().get(`${origin}/other`, { program: true })
  t.match(answer.json(), { status: 404, code: 'not_found' })
})

test('the path of an application can be removed, and nothing else changes', async (t) => {
  const upstream = await startUpstream(t)
  const { port } = await startOpenGateways(t, [{ path: '/app/v1', url: `${upstream.url}/inner`, stripPath: true }])
  const expected = { '/app/v1': '/', '/app/v1/': '/', '/app/v1/a%2Db/?x=/app/v1': '/a%2Db/?x=/app/v1', '/%61pp/v%31/a': '/a', '/app/v1?q': '/?q', '/app/v1/caf%E9': '/caf%E9' }
  for (const target of Object.keys(expected)) await exchange(port, requestText('GET', target))
  t.strictSame(upstream.requests.map(({ url }) => url), Object.values(expected).map((target) => `/inner${target}`), 'below the path of the application’s own URL')
  for (const escape of ['/app/v1//evil.example', '/app/v1/../admin', '/app/v1/%2e%2e/admin', '/app/v1/..;/admin', '/app/v1%2f..%2fadmin']) {
    t.equal(statusOf(await exchange(port, requestText('GET', escape))), 400, escape)
  }
  t.equal(upstream.requests.length, 6, 'there is no way out of it')
})

test('an application may listen on a unix socket', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'doorward-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const path = join(folder, 'socket')
  const server = createServer((request, response) => { response.end(`${request.url} for ${request.headers.host}`) }).listen(path)
  t.teardown(() => { server.close() })
  await once(server, 'listening')
  const { origin } = await startOpenGateways(t, [{ url: `unix:${path}` }, { path: '/b', url: `unix:${path}`, preserveHost: false, stripPath: true }])
  t.equal((await new Browser().get(`${origin}/x?y`)).text, `/x?y for ${new URL(origin).host}`)
  t.equal((await new Browser().get(`${origin}/b/x`)).text, '/x for localhost')
})

test('a WebSocket goes to the application of its path', async (t) => {
  const [root, live] = [await startUpstream(t), await startWebSocketUpstream(t)]
  const { port } = await startOpenGateways(t, [{ url: root.url }, { path: '/live', url: live.url, stripPath: true }])
  await openWebSocket(t, port, '/live/room?1')
  t.equal(live.handshakes[0]?.url, '/room?1')
})

test('a fixed answer needs no application', async (t) => {
  const { port } = await startOpenGateways(t, [
    { path: '/healthz', static: { body: 'fine ✓' } },
    { path: '/gone', static: { status: 410, body: '<p>gone</p>', contentType: 'text/html' } },
    { path: '/empty', static: { status: 204, body: 'never sent' } }
  ])
  const ask = async (method: string, target: string, body = ''): Promise<unknown[]> => {
    const { startLine, headers, body: received } = parseMessage(await exchange(port, requestText(method, target, [], body)))
    return [startLine, Object.fromEntries(headers)['Content-Type'], Object.fromEntries(headers)['Content-Length'], Buffer.from(received, 'latin1').toString()]
  }
  t.strictSame(await ask('GET', '/healthz/deep?x'), ['HTTP/1.1 200 OK', 'text/plain; charset=utf-8', '8', 'fine ✓'])
  t.strictSame(await ask('POST', '/healthz', 'a body'), ['HTTP/1.1 200 OK', 'text/plain; charset=utf-8', '8', 'fine ✓'])
  t.strictSame(await ask('HEAD', '/healthz'), ['HTTP/1.1 200 OK', 'text/plain; charset=utf-8', '8', ''])
  t.strictSame(await ask('GET', '/gone'), ['HTTP/1.1 410 Gone', 'text/html', '11', '<p>gone</p>'])
  t.strictSame(await ask('GET', '/empty'), ['HTTP/1.1 204 No Content', undefined, undefined, ''])
})

const provider = await startProvider(t)

test('each application is told what it shall know of a person, and rules hold for all of them', async (t) => {
  const [first, second] = [await startUpstream(t), await startUpstream(t)]
  const { origin } = await startGateway(t, {
    issuer: provider.issuer,
    upstream: [
      { url: first.url },
      { path: '/second', url: second.url, preserveHost: false, audience: 'second', headers: { profiles: [], set: { 'X-Who': '{user} of {provider}' } } },
      { path: '/health', static: { body: 'ok' } }
    ],
    configuration: { access: { rules: [{ path: '/second/root', deny: true }, { path: '/health', allow: 'anonymous' }] }, headers: { set: { 'X-Mail': '{email}' } } },
    onOrigin: (origin) => provider.register(client(origin))
  })
  const browser = new Browser()
  t.equal((await browser.get(`${origin}/health`)).text, 'ok', 'which may be open')
  t.equal((await browser.get(`${origin}/second`, { program: true })).status, 401)
  await browser.signIn(`${origin}/`, 'alice')
  const spoofed = { headers: { 'x-who': 'root', 'x-mail': 'root@evil.example', 'x-auth-user': 'root' } }
  await browser.get(`${origin}/`, spoofed)
  await browser.get(`${origin}/second/x`, spoofed)
  t.equal((await browser.get(`${origin}/second/root`)).status, 403)
  t.equal(second.requests.length, 1)

  const [one, two] = [first.requests.at(-1)?.headers ?? {}, second.requests[0]?.headers ?? {}]
  t.match(one, { 'x-auth-user': 'alice', 'x-mail': 'alice@example.com', host: new URL(origin).host })
  t.equal(one['x-who'], undefined, 'what another application is told is not for clients to say')
  t.match(two, { 'x-who': 'alice of default', host: new URL(second.url).host })
  t.strictSame([two['x-auth-user'], two['x-mail']], [undefined, undefined])
  t.strictSame([one, two].map((headers) => decodeJwt(String(headers['x-auth-assertion'])).aud), [first.url, 'second'])
})
