/** A client says who it is, in every spelling that an application may fold into one of our headers (CVE-2025-64484, CVE-2026-39858, CVE-2026-33805). */
import t, { type Test } from 'tap'
import { exchange, parseMessage, type RawMessage, requestText, statusOf, valuesOf } from '../support/raw-socket.ts'
import { type RogueGateway, type RogueGatewayOptions, signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'
import { folded, spelled } from '../support/spellings.ts'
import { answerOnce, startByteRecorder } from '../support/upstream.ts'

const identity = ['X-Auth-User', 'X-Auth-Subject', 'X-Auth-Email', 'X-Auth-Name', 'X-Auth-Groups', 'X-Auth-Roles', 'X-Auth-Assertion']
const templates = { 'Remote-User': '{user}', 'X-Department': '{claims.department}', 'x-TEAM-name': '{claims.team}' }
const forwarding = [
  'Forwarded', 'X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Forwarded-Port', 'X-Forwarded-Prefix', 'X-Forwarded-Uri', 'X-Forwarded-Method', 'X-Forwarded-Server', 'X-Forwarded-Scheme', 'X-Forwarded-Ssl',
  'X-Forwarded-User', 'X-Forwarded-Email', 'X-Forwarded-Groups', 'X-Forwarded-Preferred-Username', 'X-Forwarded-Access-Token', 'X-Forwarded-Client-Cert', 'X-Forwarded-By', 'X-Forwarded',
  'X-Original-URL', 'X-Original-URI', 'X-Original-Host', 'X-Original-Method', 'X-Original-Forwarded-For', 'X-Rewrite-URL', 'X-Real-IP', 'X-Client-IP', 'X-Cluster-Client-IP', 'True-Client-IP', 'CF-Connecting-IP', 'Fastly-Client-IP', 'X-Request-Id'
]
/** Set by other gateways, and believed by applications that stood behind one of them; what makes a GET something else; httpoxy (CVE-2016-5385). */
const foreign = ['X-Remote-User', 'X-WEBAUTH-USER', 'X-WEBAUTH-ROLE', 'Remote-Email', 'Remote-Groups', 'Remote-Name', 'X-Auth-Request-User', 'X-Auth-Request-Access-Token', 'X-Auth-Username', 'Client-Cert', 'Client-Cert-Chain', 'SSL-Client-Cert', 'X-SSL-Client-Verify', 'Proxy', 'X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']
const asserted = [...identity, ...Object.keys(templates), ...forwarding, ...foreign]

const mark = 'spoofed-by-the-client'
const spoofed = spelled(asserted).map((spelling) => [spelling, mark] as const)

interface Recorded extends RogueGateway {
  readonly cookie: string
  /** Sends a request over a raw socket: the status, and what the application received, byte by byte. */
  send (method: string, target: string, headers: ReadonlyArray<readonly [string, string]>): Promise<{ status: number, received: string }>
}

async function start (t: Test, options: RogueGatewayOptions = {}): Promise<Recorded> {
  const recorder = await startByteRecorder(t, answerOnce('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'))
  const setup = await startRogueGateway(t, {
    upstream: recorder.url,
    configuration: {
      access: { rules: [{ path: '/public/**', allow: 'anonymous' }, { path: '/**', methods: ['OPTIONS'], allow: 'anonymous' }] },
      headers: { set: templates }
    },
    ...options
  })
  return {
    ...setup,
    cookie: await signedInCookie(setup.gateway),
    async send (method, target, headers) {
      const answer = await exchange(setup.gateway.port, requestText(method, target, headers))
      return { status: statusOf(answer), received: recorder.connections.splice(0).join('\n') }
    }
  }
}

/** Lines whose names an application may take for the one given. */
function linesLike (message: RawMessage, name: string): string[] {
  return message.headers.filter(([each]) => folded(each) === folded(name)).map(([each, value]) => `${each}: ${value}`)
}

t.test('E3: nothing that a client says about identity or the way here reaches the application', async (t) => {
  const { send, cookie } = await start(t)
  const session = ['Cookie', cookie] as const
  const upgrade = [['Connection', 'Upgrade'], ['Upgrade', 'websocket'], ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='], ['Sec-WebSocket-Version', '13']] as const
  const ways = [
    { name: 'on a protected page', method: 'GET', target: '/', headers: [session] },
    { name: 'on an anonymous page', method: 'GET', target: '/public/x', headers: [] },
    { name: 'on an anonymous page, signed in', method: 'GET', target: '/public/x', headers: [session] },
    { name: 'with OPTIONS', method: 'OPTIONS', target: '/', headers: [] },
    { name: 'with OPTIONS, signed in', method: 'OPTIONS', target: '/', headers: [session] },
    { name: 'with an unusual method', method: 'PROPFIND', target: '/', headers: [session] },
    { name: 'with HEAD', method: 'HEAD', target: '/', headers: [session] },
    { name: 'with HEAD, on an anonymous page', method: 'HEAD', target: '/public/x', headers: [] },
    { name: 'with an upgrade', method: 'GET', target: '/', headers: [session, ...upgrade] },
    { name: 'with an upgrade, on an anonymous page', method: 'GET', target: '/public/x', headers: upgrade }
  ]
  for (const { name, method, target, headers } of ways) {
    const before = await send(method, target, [...spoofed, ...headers])
    const after = await send(method, target, [...headers, ...spoofed, ...spoofed])
    for (const { status, received } of [before, after]) {
      t.equal(status, 200, name)
      t.strictSame(received.split('\r\n').filter((line) => line.includes(mark)), [], name)
    }
  }
})

t.test('what Doorward says is there once, and true', async (t) => {
  const claims = { sub: 'rogue-1', preferred_username: 'robin', department: 'eng', groups: ['ops'] }
  const { send, cookie, gateway } = await start(t, { rogue: { claims } })
  const host = `localhost:${gateway.port}`
  const { received } = await send('GET', '/', [['Host', host], ...spoofed, ['Cookie', cookie]])
  const message = parseMessage(received)
  const requestId = valuesOf(message, 'x-request-id')[0] ?? ''
  const expected: Record<string, string[]> = {
    'X-Auth-User': ['X-Auth-User: robin'],
    'X-Auth-Subject': ['X-Auth-Subject: rogue-1'],
    'X-Auth-Groups': ['X-Auth-Groups: ops'],
    // Who has none of something gets no header, and certainly not the client's (CVE-2026-30851).
    'X-Auth-Email': [],
    'X-Auth-Name': [],
    'X-Auth-Roles': [],
    'Remote-User': ['Remote-User: robin'],
    'X-Department': ['X-Department: eng'],
    'X-Team-Name': [],
    'X-Forwarded-For': ['X-Forwarded-For: 127.0.0.1'],
    'X-Forwarded-Proto': ['X-Forwarded-Proto: http'],
    'X-Forwarded-Host': [`X-Forwarded-Host: ${host}`],
    'X-Forwarded-Port': [`X-Forwarded-Port: ${gateway.port}`],
    'X-Forwarded-User': [],
    'X-Forwarded-Prefix': [],
    'X-Original-URL': [],
    'X-Real-IP': [],
    Forwarded: [`Forwarded: for=127.0.0.1;host="${host}";proto=http`],
    'X-Request-Id': [`X-Request-Id: ${requestId}`],
    Host: [`host: ${host}`]
  }
  for (const [name, lines] of Object.entries(expected)) t.strictSame(linesLike(message, name), lines, name)
  t.match(requestId, /^[0-9a-f-]{36}$/)
  t.equal(linesLike(message, 'X-Auth-Assertion').length, 1)
})

t.test('an anonymous visitor has no identity header at all', async (t) => {
  const { send } = await start(t)
  const { received } = await send('GET', '/public/x', spoofed)
  const names = [...identity, ...Object.keys(templates)]
  t.strictSame(names.flatMap((name) => linesLike(parseMessage(received), name)), [])
})

t.test('a client can’t have our headers removed by naming them in Connection', async (t) => {
  const { send, cookie } = await start(t)
  const tokens = ['close', ...asserted, ...asserted.map((name) => name.toLowerCase()), 'Cookie', 'host', 'X-Mine']
  const { status, received } = await send('GET', '/', [
    ['Cookie', `app=1; ${cookie}`], ['X-Mine', 'gone'], ['X-Theirs', 'kept'], ['connection', tokens.join(', ')], ['CONNECTION', 'x-auth-user,,X-AUTH-ASSERTION ,'], ...spoofed
  ])
  const message = parseMessage(received)
  t.equal(status, 200)
  t.strictSame(linesLike(message, 'X-Auth-User'), ['X-Auth-User: robin'])
  t.equal(linesLike(message, 'X-Auth-Assertion').length, 1)
  t.strictSame(linesLike(message, 'X-Forwarded-For'), ['X-Forwarded-For: 127.0.0.1'])
  t.equal(linesLike(message, 'X-Request-Id').length, 1)
  t.equal(linesLike(message, 'Host').length, 1)
  t.strictSame(linesLike(message, 'Cookie'), ['Cookie: app=1'], 'the cookie of the application, and not ours')
  t.strictSame(linesLike(message, 'X-Mine'), [], 'what is really the client’s to name is removed')
  t.strictSame(linesLike(message, 'X-Theirs'), ['X-Theirs: kept'])
  t.notOk(received.includes(mark))
})

t.test('more spellings than Doorward remembers are still all removed', async (t) => {
  const { send, cookie } = await start(t)
  for (let round = 0; round < 3; round++) {
    await send('GET', '/public/x', Array.from({ length: 700 }, (_, index) => [`x-filler-${round}-${index}`, '1'] as const))
  }
  const letters = [...'x_auth_user']
  const casings = Array.from({ length: 512 }, (_, seed) => letters.map((letter, index) => (seed >> (index % 9)) % 2 === 1 ? letter.toUpperCase() : letter).join(''))
  const { received } = await send('GET', '/', [['Cookie', cookie], ...casings.map((name) => [name, mark] as const)])
  t.notOk(received.includes(mark))
  t.strictSame(linesLike(parseMessage(received), 'X-Auth-User'), ['X-Auth-User: robin'])
})

t.test('where Doorward answers by itself, it repeats nothing of the sort', async (t) => {
  const { gateway, cookie } = await start(t, { configuration: { access: { rules: [{ path: '/denied', deny: true }] } }, upstream: 'http://127.0.0.1:1' })
  const targets = { '/denied': 403, '/': 502, '/a%2fb': 400, '/oidc/other': 404, '/oidc/session': 200, '/oidc/jwks': 200, '/oidc/login': 302 }
  for (const [target, status] of Object.entries(targets)) {
    const answer = await exchange(gateway.port, requestText('GET', target, [...spoofed, ['Cookie', cookie], ['__proto__', mark], ['constructor', mark]]))
    t.equal(statusOf(answer), status, target)
    t.notMatch(answer, mark, target)
  }
})

t.test('no header of a client changes where it is thought to come from or to go', async (t) => {
  const { gateway, send } = await start(t)
  const ways = { 'x-original-url': '/public/x', 'x-rewrite-url': '/public/x', 'x-forwarded-uri': '/public/x', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', 'x-http-method-override': 'OPTIONS', 'user-agent': 'GoogleHC/1.0', forwarded: 'host=evil.example' }
  for (const [name, value] of Object.entries(ways)) {
    const { received } = await send('GET', '/admin', [[name, value]])
    t.equal(received, '', `${name} does not open a protected page (CVE-2026-40575, CVE-2026-34457)`)
  }
  const answer = parseMessage(await exchange(gateway.port, requestText('GET', '/admin', [['Host', `localhost:${gateway.port}`], ['Accept', 'text/html'], ...Object.entries(ways)])))
  t.strictSame(valuesOf(answer, 'location'), ['/oidc/login?return_to=%2Fadmin'])
  const login = parseMessage(await exchange(gateway.port, requestText('GET', '/oidc/login', Object.entries(ways))))
  const redirectUri = new URL(valuesOf(login, 'location')[0] ?? '').searchParams.get('redirect_uri')
  t.equal(redirectUri, `${gateway.origin}/oidc/callback`)
})
