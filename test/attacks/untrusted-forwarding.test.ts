/** A client says where it comes from, or which site it wants, in a header that proxies set (CVE-2026-40575, CVE-2026-3635, CVE-2026-54764, CVE-2024-52003, CVE-2026-33495). */
import { rm } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { startServe } from '../cli/serve-process.ts'
import { ask, responseTo } from '../proxy/open-gateway.ts'
import { exchange, parseMessage, type RawMessage, requestText, statusOf, valuesOf } from '../support/raw-socket.ts'
import { type RogueGateway, signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'
import { answerOnce, startByteRecorder, startUpstream } from '../support/upstream.ts'

const evil = '198.51.100.66'
const values: Readonly<Record<string, string>> = {
  'X-Forwarded-For': evil,
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Protocol': 'https',
  'X-Forwarded-Scheme': 'https',
  'X-Forwarded-Ssl': 'on',
  'X-Forwarded-Host': 'evil.example',
  'X-Forwarded-Port': '/evil',
  'X-Forwarded-Prefix': '/evil',
  'X-Forwarded-Server': 'evil.example',
  'X-Forwarded-Uri': '/public/evil',
  'X-Forwarded-Method': 'OPTIONS',
  Forwarded: `for=${evil};host=evil.example;proto=https`,
  'X-Real-IP': evil,
  'X-Client-IP': evil,
  'X-Cluster-Client-IP': evil,
  'True-Client-IP': evil,
  'CF-Connecting-IP': evil,
  'Fastly-Client-IP': evil,
  'X-Original-Forwarded-For': evil,
  'X-Original-Host': 'evil.example',
  'X-Original-URL': '/public/evil',
  'X-Rewrite-URL': '/public/evil'
}
const spellings: ReadonlyArray<(name: string) => string> = [
  (name) => name,
  (name) => name.toUpperCase(),
  (name) => name.replaceAll('-', '_'),
  (name) => name.replace('-', '_').toLowerCase(),
  (name) => name.replaceAll('-', '.')
]
const spoofed = Object.entries(values).flatMap(([name, value]) => [...new Set(spellings.map((spell) => spell(name)))].map((spelling) => [spelling, value] as const))
const traces = /198\.51\.100\.66|evil\.example|\/evil/

interface Started extends RogueGateway {
  /** Sends a request to the public host: its answer, and what the application received. */
  send (target: string, lines: ReadonlyArray<readonly [string, string]>): Promise<{ answer: RawMessage, status: number, received: RawMessage, bytes: string }>
}

async function start (t: Test, server: Readonly<Record<string, unknown>> = {}): Promise<Started> {
  const recorder = await startByteRecorder(t, answerOnce('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'))
  const setup = await startRogueGateway(t, {
    upstream: recorder.url,
    configuration: { server: { hosts: [], ...server }, access: { rules: [{ path: '/public/**', allow: 'anonymous' }, { path: '/admin', deny: true }] } }
  })
  return {
    ...setup,
    async send (target, lines) {
      const text = await exchange(setup.gateway.port, requestText('GET', target, [['Host', `localhost:${setup.gateway.port}`], ...lines]))
      const bytes = recorder.connections.splice(0).join('')
      return { answer: parseMessage(text), status: statusOf(text), received: parseMessage(bytes), bytes }
    }
  }
}

function told (message: RawMessage): Record<string, string[]> {
  return Object.fromEntries(['X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Forwarded-Port', 'Forwarded'].map((name) => [name, valuesOf(message, name)]))
}

t.test('of a peer that is not trusted nothing is believed, each by itself and all at once', async (t) => {
  const { gateway, send } = await start(t, { trustedProxies: ['127.0.0.2', '10.0.0.0/8', '::1'] })
  const cookie = await signedInCookie(gateway)
  const host = `localhost:${gateway.port}`
  const expected = { 'X-Forwarded-For': ['127.0.0.1'], 'X-Forwarded-Proto': ['http'], 'X-Forwarded-Host': [host], 'X-Forwarded-Port': [String(gateway.port)], Forwarded: [`for=127.0.0.1;host="${host}";proto=http`] }
  for (const lines of [...spoofed.map((line) => [line]), spoofed, [...spoofed, ...spoofed]]) {
    for (const [target, session] of [['/public/x', []], ['/', [['Cookie', cookie] as const]]] as const) {
      const { status, received, bytes } = await send(target, [...session, ...lines])
      const title = `${target} with ${lines.length === 1 ? lines[0]?.[0] : 'all'}`
      t.equal(status, 200, title)
      t.strictSame(told(received), expected, title)
      t.notMatch(bytes, traces, title)
    }
  }
})

t.test('no answer, no audit event and no log line of Doorward’s repeats it', async (t) => {
  const { gateway, send } = await start(t)
  const cookie = await signedInCookie(gateway)
  for (const [target, lines] of [['/x', []], ['/x', [['Accept', 'text/html']]], ['/admin', [['Cookie', cookie]]], ['/admin', [['Cookie', cookie], ['Accept', 'text/html']]], ['/a%2fb', []], ['/oidc/%zz', []], ['/oidc/session', []], ['/oidc/session', [['Cookie', cookie]]], ['/oidc/callback?code=x&state=y', []], ['/oidc/logout', []]] as const) {
    const { answer } = await send(target, [...lines, ...spoofed])
    t.notMatch(JSON.stringify(answer), traces, target)
  }
  const { answer } = await send('/oidc/login', spoofed)
  t.equal(new URL(valuesOf(answer, 'location')[0] ?? '').searchParams.get('redirect_uri'), `${gateway.origin}/oidc/callback`)
  t.ok(gateway.audit.length > 2)
  for (const { request } of gateway.audit) t.match(request, { ip: '127.0.0.1' })
  t.notMatch([...gateway.auditLines, ...gateway.logs].join('\n'), traces)
})

t.test('behind a trusted proxy, what the client wrote before the proxy stays out', async (t) => {
  const { gateway, send } = await start(t, { trustedProxies: ['127.0.0.1', '10.0.0.0/8'], hosts: ['app.internal'] })
  const cookie = await signedInCookie(gateway)
  const client = '203.0.113.9'
  const host = `localhost:${gateway.port}`
  for (const [what, lines] of Object.entries<ReadonlyArray<readonly [string, string]>>({
    'in one line': [['X-Forwarded-For', `${evil}, 10.0.0.5, ${client}, 10.0.0.2`]],
    'in several': [['X-Forwarded-For', `${evil}`], ['x-forwarded-for', '10.0.0.5'], ['X-FORWARDED-FOR', `${client}, 10.0.0.2`]],
    'in an alias': [['X_Forwarded_For', evil], ['X-Forwarded-For', `${client}, 10.0.0.2`], ['X.Forwarded.For', evil]],
    'in Forwarded': [['Forwarded', `for=${evil};host=evil.example`], ['X-Forwarded-For', `${client}, 10.0.0.2`]],
    'in other headers': [['X-Forwarded-For', `${client}, 10.0.0.2`], ['X-Real-IP', evil], ['X-Client-IP', evil], ['True-Client-IP', evil], ['X-Original-Forwarded-For', evil]],
    'in words': [['X-Forwarded-For', `evil", 'evil ,,, ${client}, 10.0.0.2`]],
    'in Forwarded alone': [['Forwarded', `for=${evil};host="evil.example`], ['Forwarded', `for=${client}, for="10.0.0.2:80"`]]
  })) {
    const { status, received, bytes } = await send('/public/x', lines)
    t.equal(status, 200, what)
    t.match(told(received), { 'X-Forwarded-For': [`${client}, 10.0.0.2, 127.0.0.1`], Forwarded: [`for=${client};host="${host}";proto=http, for=10.0.0.2, for=127.0.0.1`] }, what)
    t.notMatch(bytes, traces, what)
    gateway.audit.splice(0)
    t.equal((await send('/admin', [['Cookie', cookie], ...lines])).status, 403)
    t.match(gateway.audit, [{ event: 'access.denied', request: { ip: client } }], what)
  }
})

t.test('a trusted proxy names scheme and host, of the hosts that are known', async (t) => {
  const { gateway, send } = await start(t, { trustedProxies: ['127.0.0.1'], hosts: ['app.internal'] })
  const named = await send('/public/x', [['X-Forwarded-For', '2001:db8::7'], ['X-Forwarded-Proto', 'https'], ['X-Forwarded-Host', 'APP.internal']])
  t.strictSame(told(named.received), { 'X-Forwarded-For': ['2001:db8::7, 127.0.0.1'], 'X-Forwarded-Proto': ['https'], 'X-Forwarded-Host': ['app.internal'], 'X-Forwarded-Port': ['443'], Forwarded: ['for="[2001:db8::7]";host=app.internal;proto=https, for=127.0.0.1'] })
  t.strictSame(valuesOf(named.received, 'host'), ['app.internal'])
  for (const [host, status] of [['evil.example', 421], ['evil.example, app.internal', 200], ['app.internal, evil.example', 421], ['a@app.internal', 400], ['app.internal/', 400], ['', 400]] as const) {
    t.equal((await send('/public/x', [['X-Forwarded-Host', host]])).status, status, host)
  }
  for (const lines of [[['Host', 'a@b']], [['Host', 'app.internal'], ['host', 'app.internal']], [['Host', '']]] as const) {
    const text = await exchange(gateway.port, requestText('GET', '/public/x', [...lines, ['X-Forwarded-Host', 'app.internal']]))
    t.equal(statusOf(text), 400, `${JSON.stringify(lines)}: what the proxy says does not mend Host`)
  }
  const { answer } = await send('/oidc/login', [['X-Forwarded-Proto', 'https'], ['X-Forwarded-Host', 'app.internal']])
  const { searchParams } = new URL(valuesOf(answer, 'location')[0] ?? '')
  t.equal(searchParams.get('redirect_uri'), `${gateway.origin}/oidc/callback`, 'a sign-in goes by the public URL')
  t.notMatch(valuesOf(answer, 'set-cookie').join(), /secure/i)
})

t.test('what a trusted proxy writes wrongly is no error, and nobody’s address', async (t) => {
  const { send } = await start(t, { trustedProxies: ['127.0.0.1'] })
  for (const value of ['', ',', 'unknown', '-', '_', 'unix:', '1.2.3', '1.2.3.4.5', '999.1.1.1', '[', ']', '[]', '[:', ':', '::g', '1.2.3.4:', '1.2.3.4:999999', '%', '"', '\\', '__proto__', '\xff', 'x'.repeat(30_000), ','.repeat(30_000), '127.0.0.1,'.repeat(3_000), '1.2.3.4;'.repeat(3_000), 'for="'.repeat(5_000)]) {
    for (const name of ['X-Forwarded-For', 'Forwarded', 'X-Forwarded-Proto']) {
      const { status, received } = await send('/public/x', [[name, value]])
      const title = `${name}: ${value.slice(0, 30)}`
      t.equal(status, 200, title)
      t.match(valuesOf(received, 'x-forwarded-for').join(), /^127\.0\.0\.1(, 127\.0\.0\.1)*$/, title)
      t.match(told(received), { 'X-Forwarded-Proto': ['http'] }, title)
    }
  }
})

t.test('whoever connects to a unix socket is believed only where unix is trusted', async (t) => {
  for (const trustedProxies of [[], ['127.0.0.1'], ['unix', '10.0.0.0/8']]) {
    const upstream = await startUpstream(t)
    const path = `/tmp/doorward-${process.pid}-${trustedProxies.length}.sock`
    t.teardown(() => rm(path, { force: true }))
    const gateway = await startServe(t, { server: { listen: `unix:${path}`, publicUrl: 'http://localhost', trustedProxies }, upstream: { url: upstream.url } })
    await gateway.logged('started')
    const response = await responseTo(ask(path, { headers: { 'x-forwarded-for': `${evil}, 203.0.113.9, 10.0.0.2` } }).end())
    response.resume()
    t.equal(response.statusCode, 200)
    const { 'x-forwarded-for': addresses, forwarded } = upstream.requests[0]?.headers ?? {}
    t.strictSame([addresses, forwarded], trustedProxies.includes('unix')
      ? ['203.0.113.9, 10.0.0.2', 'for=203.0.113.9;host=localhost;proto=http, for=10.0.0.2']
      : [undefined, 'for=unknown;host=localhost;proto=http'])
  }
})
