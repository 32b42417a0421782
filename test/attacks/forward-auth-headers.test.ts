/** Whoever says what is asked about chooses what is decided on (CVE-2026-40575, CVE-2021-32637): only the proxy may, and only clearly. */
import t, { type Test } from 'tap'
import { type AskingProxy, caddy, nginx } from '../support/forward-auth.ts'
import { freePort } from '../support/gateway.ts'
import { missingPart } from '../support/parts.ts'
import { exchange, parseMessage, requestText, statusOf } from '../support/raw-socket.ts'
import { type RogueGateway, signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'
import { folded, spelled } from '../support/spellings.ts'

type Line = readonly [name: string, value: string]

const access = { rules: [{ path: '/public/**', methods: ['GET', 'HEAD'], allow: 'anonymous' }, { path: '/admin/**', require: { roles: ['admin'] } }, { path: '/read/**', methods: ['GET'] }, { path: '/read/**', deny: true }] }

interface Started extends RogueGateway {
  readonly host: string
  readonly cookie: string
}

async function start (t: Test, server: Readonly<Record<string, unknown>> = {}): Promise<Started> {
  const setup = await startRogueGateway(t, { configuration: { access, server: { trustedProxies: ['127.0.0.1'], forwardAuth: true, ...server } } })
  return { ...setup, host: `localhost:${setup.gateway.port}`, cookie: await signedInCookie(setup.gateway) }
}

function warnings ({ gateway }: Started): string[] {
  return gateway.logs.filter((line) => line.includes('check.unanswerable'))
}

t.test('a peer that is not trusted gets one answer, whatever it asks about, and a log line says whom to trust', async (t) => {
  const setup = await start(t, { trustedProxies: ['127.0.0.2', '10.0.0.0/8'] })
  const { gateway, host, cookie } = setup
  const answers = new Set<string>()
  for (const target of ['/public/x', '/', '/admin', '/a/../b', '/oidc/login']) {
    for (const person of [[], [['Cookie', cookie]]] as const) {
      for (const [path, question] of [['/oidc/check', [['X-Forwarded-Uri', target], ['X-Forwarded-Method', 'GET']]], ['/oidc/check', [['X-Original-URL', `http://${host}${target}`], ['X-Original-Method', 'GET']]], [`/oidc/check${target}`, []], ['/oidc/check?proxy=nginx', [['X-Forwarded-Uri', target], ['X-Forwarded-Method', 'GET']]]] as const) {
        for (const asked of ['doorward.internal', host]) {
          const text = await exchange(gateway.port, requestText('GET', path, [['Host', asked], ['X-Forwarded-For', '10.0.0.1'], ...person, ...question]))
          answers.add(text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID').replace(/^date: .*\r\n/im, ''))
        }
      }
    }
  }
  t.equal(answers.size, 1)
  const [answer = ''] = answers
  t.equal(statusOf(answer), 403)
  t.match(JSON.parse(parseMessage(answer).body), { code: 'peer_untrusted' })
  t.notMatch(answer, /127\.0\.0|x-auth|set-cookie/i)
  t.equal(warnings(setup).length, 1)
  t.match(warnings(setup)[0], /"level":"warn".*if 127\.0\.0\.1 is yours, add it to server\.trustedProxies/)
  t.strictSame(gateway.audit.filter(({ event }) => event !== 'login'), [])
})

t.test('a question that isn’t clear is not answered, though its sender may pass', async (t) => {
  const setup = await start(t, { hosts: ['app.internal'] })
  const { gateway, host, cookie } = setup
  const method: Line = ['X-Forwarded-Method', 'GET']
  const uri: Line = ['X-Forwarded-Uri', '/public/x']
  const named: Line = ['X-Forwarded-Host', host]
  const original = (url: string): Line[] => [['X-Original-URL', url], ['X-Original-Method', 'GET']]
  const questions: Readonly<Record<string, ReadonlyArray<readonly [lines: readonly Line[], status: number, path?: string, method?: string]>>> = {
    'nothing, or a part': [[[named], 400], [[named, uri], 400], [[named, method], 400], [[named, ['X_Forwarded_Uri', '/public/x'], method], 400], [[named, ['X-Original-URI', '/public/x'], method], 400]],
    'a header that came twice': [
      [[named, uri, uri, method], 400], [[named, uri, ['x-forwarded-uri', '/admin'], method], 400], [[named, uri, method, method], 400], [[named, uri, method, ['X-FORWARDED-METHOD', 'POST']], 400],
      [[...original(`http://${host}/public/x`), ['x-original-url', `http://${host}/public/x`]], 400], [[...original(`http://${host}/public/x`), ['X-Original-Method', 'POST']], 400]
    ],
    'two headers that disagree': [
      [[named, uri, method, ['X-Original-URL', `http://${host}/public/y`]], 400], [[named, ['X-Forwarded-Uri', '/admin/x'], method, ['X-Original-URL', `http://${host}/public/x`]], 400], [[named, uri, method, ['X-Original-Method', 'POST']], 400],
      [[named, uri], 400, '/oidc/check/admin/x'], [[named, uri, method], 400, '/oidc/check/public/x?'], [[named, method], 400, '/oidc/check/public/x', 'POST'], [[named, ...original(`http://${host}/public/x`)], 400, '/oidc/check/']
    ],
    'a target that is none': ['', '*', 'public/x', '/public/x, /admin/x', '/public/x y', '/public/x#', '/public/../admin', '/public/%2e%2e/admin', '/public\\..\\admin', '//evil.example/public', '/%', '/public/%2f', '/public/\xe9', `http://${host}/public/x`, '/public/..;/admin'].map((text) => [[named, ['X-Forwarded-Uri', text], method], 400]),
    'a method that is none': [...['', 'get', 'FOO', 'CONNECT', 'TRACE', 'GET, POST', 'GET POST'].map((text) => [[named, uri, ['X-Forwarded-Method', text]], 400] as const), [[named], 405, '/oidc/check/public/x', 'TRACE']],
    'a URL that is none': ['', '/public/x', host, `http://${host}`, `http://${host}?/public/x`, `ftp://${host}/public/x`, `//${host}/public/x`, `http:///${host}/public/x`, `http://a@${host}/public/x`, `http://${host}/public/../x`, `http://${host}/public/x#y`, `http://${host}/public/x http://${host}/public/x`, `http://${host}\\/public/x`].map((url) => [original(url), 400]),
    'a host that is not ours': [
      [[uri, method, ['X-Forwarded-Host', 'evil.example']], 421], [[uri, method, ['X-Forwarded-Host', `${host}, evil.example`]], 421], [[uri, method, ['X-Forwarded-Host', 'a@b']], 400], [[uri, method], 421], [original('http://evil.example/public/x'), 421],
      [[...original(`http://${host}/public/x`), ['X-Forwarded-Host', 'app.internal']], 400], [[...original(`http://${host}/public/x`), ['X-Forwarded-Host', 'evil.example']], 400], [[...original('http://evil.example/public/x'), named], 421]
    ],
    'an address of Doorward’s own': ['/oidc/check', '/oidc/login', '/oidc', '/OIDC/session', '/%6fidc/check', '/oidc;x/login'].map((text) => [[named, ['X-Forwarded-Uri', text], method], 404])
  }
  for (const [what, rows] of Object.entries(questions)) {
    for (const [lines, status, path = '/oidc/check', verb = 'GET'] of rows) {
      const text = await exchange(gateway.port, requestText(verb, path, [['Host', 'doorward.internal'], ['Cookie', cookie], ...lines]))
      t.equal(statusOf(text), status, `${what}: ${verb} ${path} ${JSON.stringify(lines)}`)
      t.notMatch(text, /^x-auth-/im, what)
    }
  }
  const told = warnings(setup)
  t.match(told.join(''), /the proxy has to send X-Forwarded-Uri or X-Original-URL/)
  t.match(told.join(''), /X-Forwarded-Uri came more than once: the proxy has to replace what a client sends under this name/)
  t.ok(told.length < 30, `each is told once: ${told.length}`)
})

const names = ['X-Auth-User', 'X-Auth-Subject', 'X-Auth-Email', 'X-Auth-Name', 'X-Auth-Groups', 'X-Auth-Roles', 'X-Auth-Assertion']
const spoofed: readonly Line[] = spelled(names).map((name) => [name, 'evil'])

for (const proxy of [nginx, caddy]) {
  const skip = missingPart(proxy.name)

  t.test(`${proxy.name}: nothing that a client sends chooses what is asked about, nor who it is`, { skip }, async (t) => {
    const { send, upstream, cookie } = await behind(t, proxy)
    const tricks: readonly Line[] = [
      ['X-Forwarded-Uri', '/public/x'], ['X-Forwarded-Method', 'GET'], ['X-Original-URL', 'http://localhost/public/x'], ['X-Original-Method', 'GET'], ['X-Rewrite-URL', '/public/x'], ['X-Original-URI', '/public/x'],
      ['X-Forwarded-Host', 'evil.example'], ['X_Forwarded_Uri', '/public/x'], ['Connection', 'close, X-Forwarded-Uri, X-Forwarded-Method, Cookie'], ['X-HTTP-Method-Override', 'GET'], ['Forwarded', 'for=127.0.0.9;host=evil.example']
    ]
    for (const lines of [...tricks.map((line) => [line]), tricks, [...tricks, ...tricks]]) {
      const what = lines.length === 1 ? String(lines[0]) : 'all'
      for (const [method, target, person] of [['GET', '/admin/x', []], ['GET', '/admin/x', [['Cookie', cookie]]], ['POST', '/public/x', []], ['DELETE', '/read/x', [['Cookie', cookie]]], ['GET', '/x?/public/x', []]] as const) {
        const text = await send(method, target, [...person, ...lines])
        t.ok([302, 400, 401, 403, 421].includes(statusOf(text)), `${method} ${target} with ${what} → ${statusOf(text)}`)
        t.notMatch(text, /evil\.example/, what)
      }
    }
    t.strictSame(upstream.requests, [])
  })

  t.test(`${proxy.name}: identity headers of a client never reach the application, in any spelling`, { skip }, async (t) => {
    const { send, upstream, cookie } = await behind(t, proxy)
    for (const lines of [...spoofed.map((line) => [line]), spoofed]) {
      for (const [target, person, user] of [['/public/x', [], ''], ['/x', [['Cookie', cookie]], 'robin']] as const) {
        upstream.requests.length = 0
        t.equal(statusOf(await send('GET', target, [...person, ...lines])), 200)
        const said = pairs(upstream.requests[0]?.rawHeaders ?? []).filter(([name]) => folded(name).startsWith('x-auth-'))
        t.strictSame(said.filter(([, value]) => value.includes('evil')), [], `${target} ${String(lines[0])}`)
        t.strictSame(said.filter(([name, value]) => folded(name) === 'x-auth-user' && value !== '').map(([, value]) => value), user === '' ? [] : [user])
      }
    }
  })

  t.test(`${proxy.name}: a client can’t have what is said of it taken away as a matter of the connection`, { skip }, async (t) => {
    const { send, upstream, cookie } = await behind(t, proxy)
    for (const connection of ['close, X-Auth-User, X-Auth-Assertion', 'close, x-auth-user, X-AUTH-ASSERTION, x-auth-groups', 'close, Upgrade, X-Auth-User, X-Auth-Assertion']) {
      upstream.requests.length = 0
      t.equal(statusOf(await send('GET', '/x', [['Cookie', cookie], ['Connection', connection]])), 200, connection)
      t.match(upstream.requests[0]?.headers, { 'x-auth-user': 'robin', 'x-auth-assertion': /^ey/ }, connection)
    }
  })

  t.test(`${proxy.name}: a path that can be read in two ways does not get past`, { skip }, async (t) => {
    const { send, upstream, cookie } = await behind(t, proxy)
    const targets = ['/public/../admin/x', '/public/%2e%2e/admin/x', '/public/..%2fadmin/x', '/public/%252e%252e/admin/x', '/public/..;/admin/x', '/public//../admin/x', '/public/..\\admin/x', '/public/%2e%2e%2fadmin/x', '//admin/x', '/./admin/x', '/%61dmin/x', '/ADMIN/x', '/admin;x/x', '/admin/x#/public/', '/public/x%23/../admin/x', '/public/%00', '/public/x%0d%0aX-Auth-User:%20admin', '/public/%zz']
    for (const target of targets) {
      for (const person of [[], [['Cookie', cookie]]] as const) {
        const status = statusOf(await send('GET', target, person))
        t.ok([302, 307, 308, 400, 401, 403, 404].includes(status), `${target} → ${status}`)
      }
    }
    t.strictSame(upstream.requests.map(({ url }) => url), [])
  })
}

async function behind (t: Test, proxy: AskingProxy): Promise<RogueGateway & { readonly cookie: string, send (method: string, target: string, lines: readonly Line[]): Promise<string> }> {
  const port = await freePort()
  const setup = await startRogueGateway(t, { publicUrl: `http://localhost:${port}`, configuration: { access, server: { trustedProxies: [proxy.address], forwardAuth: true } } })
  await proxy.start(t, { port, gatewayPort: setup.gateway.port, applicationPort: setup.upstream.port })
  const cookie = await signedInCookie(setup.gateway)
  setup.upstream.requests.length = 0
  return {
    ...setup,
    cookie,
    async send (method, target, lines) {
      const own = lines.some(([name]) => name === 'Connection') ? [] : [['Connection', 'close'] as const]
      const text = `${method} ${target} HTTP/1.1\r\n${[['Host', `localhost:${port}`], ...own, ...lines].map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
      return await exchange(port, text)
    }
  }
}

function pairs (raw: readonly string[]): Line[] {
  return raw.flatMap((name, index) => index % 2 === 0 ? [[name, raw[index + 1] ?? ''] as const] : [])
}
