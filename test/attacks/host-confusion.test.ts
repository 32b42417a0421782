/** Which site a request is for, said in two ways or in a way that two readers understand differently (RFC 9112 section 3.2, CVE-2026-48794, Caddy CVE-2026-27588). */
import t, { type Test } from 'tap'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { exchange, parseMessage, statusOf, valuesOf } from '../support/raw-socket.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

interface Site {
  readonly gateway: TestGateway
  readonly upstream: Upstream
  /** Sends a request with these lines in the place of the Host line. */
  send (target: string, hostLines: readonly string[], lines?: readonly string[]): Promise<string>
}

async function start (t: Test, server: Readonly<Record<string, unknown>> = {}, application: Readonly<Record<string, unknown>> = {}, publicUrl = 'https://app.example.com'): Promise<Site> {
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, {
    issuer: 'http://localhost:1',
    upstream: upstream.url,
    publicUrl,
    configuration: {
      server: { hosts: ['app.internal', 'other.example.com:8443', '[::1]:4180', '10.0.0.7'], ...server },
      access: { rules: [{ path: '/public/**', allow: 'anonymous' }] },
      upstream: application
    }
  })
  return {
    gateway,
    upstream,
    send: async (target, hostLines, lines = []) => await exchange(gateway.port, `GET ${target} HTTP/1.1\r\n${[...hostLines, 'Connection: close', ...lines].map((line) => `${line}\r\n`).join('')}\r\n`)
  }
}

const known: Readonly<Record<string, string>> = {
  'app.example.com': 'app.example.com',
  'APP.Example.COM': 'app.example.com',
  'app.example.com:443': 'app.example.com',
  'app.example.com.': 'app.example.com',
  'App.Example.Com.:443': 'app.example.com',
  'app.internal': 'app.internal',
  'app.internal:443': 'app.internal',
  'other.example.com:8443': 'other.example.com:8443',
  'OTHER.example.com.:8443': 'other.example.com:8443',
  '[::1]:4180': '[::1]:4180',
  '10.0.0.7': '10.0.0.7'
}

const unknown = [
  'evil.example', 'localhost', 'example.com', 'xapp.example.com', 'evil-app.example.com', 'app.example.com.evil.example', 'app.example.co', 'app.example.com:80', 'app.example.com:8443', 'app.example.com:4430', 'app.example.com:0443',
  'app.example.com..', 'app.example.com.x', 'other.example.com', 'other.example.com:443', 'app.internal:80', '[::1]', '[0:0:0:0:0:0:0:1]:4180', '[::ffff:10.0.0.7]', '10.7', '0x0a000007', '010.0.0.7', 'constructor', '__proto__', 'toString'
]

const invalid = [
  '', ' ', 'me@app.example.com', 'app.example.com@evil.example', 'app.example.com:443@evil.example', 'app.example.com/', 'app.example.com/x', 'app.example.com\\x', 'app.example.com#x', 'app.example.com?x', 'app.example.com, evil.example', 'app.example.com evil.example', 'app.example.com;x', 'app.example.com%2eevil.example', 'app%2eexample.com', 'https://app.example.com',
  'app.example.com:', 'app.example.com:x', 'app.example.com:443:443', 'app.example.com:99999', 'app.example.com:-1', 'app.example.com:+443', ':443', '.', '.app.example.com', '[::1', '::1', '[::1]x:4180', '[app.example.com]', '[::1%25eth0]:4180', '*', 'app.example.com\t.evil.example', '"app.example.com"', "app.example.com'", '<b>', 'app.\xe9xample.com', 'a'.repeat(300), `${'a.'.repeat(20_000)}com`
]

t.test('the host of the public URL and the hosts in the list are served, in any case, with their port or their dot', async (t) => {
  const { send, upstream } = await start(t)
  for (const [host, told] of Object.entries(known)) {
    t.equal(statusOf(await send('/public/x', [`Host: ${host}`])), 200, host)
    const { headers } = upstream.requests.at(-1) ?? {}
    const [, port = '443'] = /:(\d+)$/.exec(told) ?? []
    const forwarded = `for=127.0.0.1;host=${/[:[]/.test(told) ? `"${told}"` : told};proto=https`
    t.match(headers, { host: told, 'x-forwarded-host': told, 'x-forwarded-port': port, 'x-forwarded-proto': 'https', forwarded }, `${host} is told as it stands in the list`)
  }
})

t.test('every other host is refused, at the application and at Doorward’s own routes', async (t) => {
  const { send, upstream, gateway } = await start(t)
  const targets = ['/public/x', '/', '/a%2fb', '/oidc/login', '/oidc/callback?code=x', '/oidc/session', '/oidc/logout', '/oidc/none', '/oidc/%zz', '/oidc']
  for (const host of unknown) {
    for (const target of targets) t.equal(statusOf(await send(target, [`Host: ${host}`])), 421, `${host} ${target}`)
  }
  for (const host of invalid) {
    for (const target of ['/public/x', '/oidc/login', '/oidc/jwks', '/oidc/%zz']) t.equal(statusOf(await send(target, [`Host: ${host}`])), 400, `${JSON.stringify(host.slice(0, 40))} ${target}`)
  }
  t.strictSame(upstream.requests, [])
  t.strictSame(gateway.audit, [])
})

t.test('a refusal says what is wrong, to a program, to a person, and with the host to the log', async (t) => {
  const { send, gateway } = await start(t)
  const answer = parseMessage(await send('/public/x', ['Host: evil.example'], ['Accept: application/json']))
  t.match(JSON.parse(answer.body), { status: 421, code: 'host_unknown' })
  t.notMatch(answer.body, /app\.|internal/, 'the hosts that are known are nobody’s business')
  const page = parseMessage(await send('/public/x', ['Host: evil.example'], ['Accept: text/html']))
  t.match(page.body, /<h1>Not the address of this site<\/h1>/)
  t.match(page.body, /<a class="button primary" href="https:\/\/app\.example\.com\/">/)
  t.notMatch(page.body, /evil/)
  const invalid = parseMessage(await send('/public/x', ['Host: evil"<b>.example'], ['Accept: application/json']))
  t.match(JSON.parse(invalid.body), { status: 400, code: 'request_invalid', detail: /must name its host/ })
  const entries = gateway.logs.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ event }) => event === 'request.problem')
  t.match(entries, [{ code: 'host_unknown', level: 'info', err: 'unknown host "evil.example"; name it in server.hosts, or have the proxy pass Host on', request: { ip: '127.0.0.1' } }, { code: 'host_unknown' }, { code: 'request_invalid', level: 'info', err: 'invalid host "evil\\"<b>.example"' }])
})

t.test('a request names its host once, not never and not twice', async (t) => {
  const { send, upstream } = await start(t)
  const good = 'Host: app.example.com'
  for (const [lines, what] of [[[], 'none'], [[good, good], 'twice the same'], [[good, 'Host: evil.example'], 'another one after'], [['host: evil.example', good], 'another one before'], [[good, 'HOST:'], 'an empty one after'], [[good, ' folded'], 'folded'], [['Host : app.example.com'], 'a space before the colon']] as const) {
    for (const target of ['/public/x', '/oidc/jwks', '/oidc/session']) t.equal(statusOf(await send(target, lines)), 400, `${what} ${target}`)
  }
  t.match(await send('/public/x', []), /"code":"request_invalid"/, 'Doorward answers, as it does to any other')
  t.strictSame(upstream.requests, [])
  t.equal(statusOf(await send('/public/x', [good, 'X-Host: evil.example', 'Host_: evil.example', 'X-Forwarded-Host: evil.example'])), 200, 'other headers are no Host')
  t.notMatch(JSON.stringify(upstream.requests.at(-1)?.headers['x-forwarded-host']), 'evil')
})

t.test('HTTP/1.0 needs a host too', async (t) => {
  const { gateway } = await start(t)
  t.equal(statusOf(await exchange(gateway.port, 'GET /public/x HTTP/1.0\r\n\r\n')), 400)
  t.equal(statusOf(await exchange(gateway.port, 'GET /public/x HTTP/1.0\r\nHost: app.example.com\r\n\r\n')), 200)
})

t.test('a host in the target is not served, whatever Host says (RFC 9112 section 3.2.2)', async (t) => {
  const { send, upstream } = await start(t)
  for (const target of ['http://app.example.com/public/x', 'https://app.example.com/public/x', 'http://evil.example/public/x', 'http://app.example.com@evil.example/public/x', 'HTTP://app.example.com/oidc/jwks', '//app.example.com/public/x']) {
    t.equal(statusOf(await send(target, ['Host: app.example.com'])), 400, target)
    t.equal(statusOf(await send(target, ['Host: evil.example'])), 421, target)
  }
  t.strictSame(upstream.requests, [])
})

t.test('the public keys are for applications too, which may know Doorward by another name', async (t) => {
  const { gateway, send } = await start(t)
  for (const host of ['app.example.com', 'doorward.ns.svc:4180', '127.0.0.1:4180', 'evil.example']) {
    t.equal(statusOf(await send('/oidc/jwks', [`Host: ${host}`])), 200, host)
    t.equal(statusOf(await exchange(gateway.port, `HEAD /oidc/jwks HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)), 200, host)
  }
  for (const [method, target] of [['POST', '/oidc/jwks'], ['GET', '/oidc/jwks/'], ['GET', '/oidc/jwks/x'], ['GET', '/oidc/JWKS'], ['GET', '/oidcx/jwks']] as const) {
    t.equal(statusOf(await exchange(gateway.port, `${method} ${target} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`)), 421, `${method} ${target}`)
  }
})

t.test('a sign-in goes by the public URL, whichever host was asked for', async (t) => {
  const { send } = await start(t)
  const login = 'https://app.example.com/oidc/login?return_to=%2Freports%3Fa%3D1'
  const redirect = (answer: string): string[] => valuesOf(parseMessage(answer), 'location')
  t.strictSame(redirect(await send('/reports?a=1', ['Host: app.example.com.:443'], ['Accept: text/html'])), ['/oidc/login?return_to=%2Freports%3Fa%3D1'])
  t.strictSame(redirect(await send('/reports?a=1', ['Host: app.internal'], ['Accept: text/html'])), [login])
  const program = parseMessage(await send('/reports?a=1', ['Host: other.example.com:8443'], ['Accept: application/json']))
  t.match(JSON.parse(program.body), { status: 401, login_url: login })
})

t.test('the application’s own host, where it is wanted, is all that changes', async (t) => {
  const { send, upstream } = await start(t, {}, { preserveHost: false })
  t.equal(statusOf(await send('/public/x', ['Host: app.internal'])), 200)
  t.match(upstream.requests.at(-1)?.headers, { host: `127.0.0.1:${upstream.port}`, 'x-forwarded-host': 'app.internal', 'x-forwarded-port': '443' })
  t.equal(statusOf(await send('/public/x', ['Host: evil.example'])), 421)
})

t.test('the port that may be left out is that of the public URL', async (t) => {
  const { send } = await start(t, { hosts: ['app.internal'] }, {}, 'http://localhost')
  for (const [host, status] of [['localhost', 200], ['localhost:80', 200], ['localhost:443', 421], ['app.internal:80', 200], ['app.internal:443', 421]] as const) {
    t.equal(statusOf(await send('/public/x', [`Host: ${host}`])), status, host)
  }
})
