/** The question and the answer, without a proxy: what decides, and that it decides as it does for what Doorward forwards. */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { Browser } from '../support/browser.ts'
import { exchange, parseMessage, type RawMessage, requestText, statusOf, valuesOf } from '../support/raw-socket.ts'
import { type RogueGateway, type RogueGatewayOptions, signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'

type Line = readonly [name: string, value: string]

interface Started extends RogueGateway {
  readonly host: string
  readonly cookie: string
  /** Asks at the check; each answer over a connection of its own. */
  ask (lines: readonly Line[], target?: string, method?: string): Promise<RawMessage & { readonly status: number }>
}

const access = { rules: [{ path: '/public/**', allow: 'anonymous' }, { path: '/admin/**', require: { roles: ['admin'] } }, { path: '/get', methods: ['GET', 'HEAD'] }, { path: '/get', deny: true }] }

async function start (t: Test, { configuration, ...options }: RogueGatewayOptions = {}): Promise<Started> {
  const setup = await startRogueGateway(t, { configuration: { access, ...configuration, server: { trustedProxies: ['127.0.0.1'], forwardAuth: true, ...configuration?.['server'] } }, ...options })
  const { gateway } = setup
  const host = `localhost:${gateway.port}`
  return {
    ...setup,
    host,
    cookie: await signedInCookie(gateway),
    async ask (lines, target = '/oidc/check', method = 'GET') {
      const isHostNamed = lines.some(([name]) => name === 'X-Original-URL')
      const text = await exchange(gateway.port, requestText(method, target, [['Host', 'doorward.internal'], ...isHostNamed ? [] : [['X-Forwarded-Host', host] as const], ...lines]))
      return { ...parseMessage(text), status: statusOf(text) }
    }
  }
}

function about (target: string, method = 'GET'): Line[] {
  return [['X-Forwarded-Uri', target], ['X-Forwarded-Method', method]]
}

function identityOf (message: Pick<RawMessage, 'headers'>): Record<string, string> {
  return Object.fromEntries(message.headers.filter(([name, value]) => /^x-auth-/i.test(name) && value !== '').map(([name, value]) => [name.toLowerCase(), value]))
}

t.test('the answer names who asks, and says for the rest of the headers that they are empty', async (t) => {
  const { ask, cookie } = await start(t, { rogue: { claims: { sub: 'ann', preferred_username: 'Ann', groups: ['a,b', 'c'] } }, configuration: { headers: { set: { 'X-Department': '{claims.department}' } } } })
  const answer = await ask([...about('/x?y'), ['Cookie', cookie]])
  t.equal(answer.status, 200)
  t.match(identityOf(answer), { 'x-auth-user': 'Ann', 'x-auth-subject': 'ann', 'x-auth-groups': 'a%2Cb,c', 'x-auth-assertion': /^ey/ })
  t.strictSame(valuesOf(answer, 'x-auth-email'), [''])
  t.strictSame(valuesOf(answer, 'x-department'), [''])
  t.strictSame(valuesOf(answer, 'cache-control'), ['no-store'])
  const nobody = await ask(about('/public/x'))
  t.equal(nobody.status, 200)
  t.strictSame(identityOf(nobody), {})
  t.strictSame(valuesOf(nobody, 'x-auth-user'), [''])
})

t.test('each form of the question is understood; method and host of the question itself don’t matter', async (t) => {
  const { ask, cookie, host } = await start(t)
  const session: Line = ['Cookie', cookie]
  for (const [what, lines, target = '/oidc/check', method = 'GET'] of [
    ['Traefik, Caddy', about('/get?a=%2e%2e&b=?')],
    ['Caddy leaves the client’s query', about('/get?a'), '/oidc/check?a'],
    ['with HEAD', about('/get'), '/oidc/check', 'HEAD'],
    ['with POST', about('/get'), '/oidc/check', 'POST'],
    ['with OPTIONS', about('/get'), '/oidc/check', 'OPTIONS'],
    ['ingress-nginx', [['X-Original-URL', `http://${host}/get?a=b`], ['X-Original-Method', 'GET']]],
    ['ingress-nginx over https', [['X-Original-URL', `https://${host}/get`], ['X-Original-Method', 'HEAD']], '/oidc/check?proxy=nginx'],
    ['Envoy', [], '/oidc/check/get?a=b'],
    ['all at once', [['X-Forwarded-Host', host], ...about('/get'), ['X-Original-URL', `http://${host}/get`], ['X-Original-Method', 'GET']], '/oidc/check/get']
  ] as ReadonlyArray<readonly [string, Line[], string?, string?]>) {
    t.equal((await ask([...lines, session], target, method)).status, 200, what)
  }
  t.equal((await ask([...about('/get', 'POST'), session])).status, 403, 'the method asked about decides')
  t.equal((await ask([session], '/oidc/check/get', 'POST')).status, 403, 'and of Envoy that of the question')
  t.equal((await ask([session], '/oidc/check/admin/x')).status, 403)
  t.equal((await ask([session], '/oidc/check/caf%E9')).status, 200, 'no router reads what Envoy asks about')
  t.equal((await ask([session], '/oidc/check/')).status, 200)
})

t.test('a navigation is led to the public origin, a program is not', async (t) => {
  const { ask, gateway } = await start(t, { configuration: { server: { hosts: ['other.example'] } } })
  const login = `${gateway.origin}/oidc/login?return_to=%2Fa%3Fb%3D%2526`
  const [navigation, program]: [Line, Line] = [['Accept', 'text/html'], ['Accept', 'application/json']]
  const redirect = await ask([...about('/a?b=%26'), navigation])
  t.strictSame([redirect.status, valuesOf(redirect, 'location')], [302, [login]])
  const challenge = await ask([...about('/a?b=%26'), program])
  t.strictSame([challenge.status, valuesOf(challenge, 'location')], [401, []])
  t.match(JSON.parse(challenge.body), { login_url: login })
  const elsewhere = await ask([['X-Original-URL', 'https://other.example/a?b=%26'], ['X-Original-Method', 'GET'], navigation])
  t.strictSame(valuesOf(elsewhere, 'location'), [login])
})

t.test('what a rule demands of a sign-in is asked of the provider, whether a proxy asks before or after it', async (t) => {
  const { ask, cookie, gateway, rogue } = await start(t, { configuration: { access: { rules: [{ path: '/a', allow: 'anonymous' }, { path: '/recent/**', require: { maxAge: '15m', acr: ['gold'] } }] } } })
  const login = `${gateway.origin}/oidc/login?return_to=%2Frecent%2Fx%3Fb%3D1&rule=1`
  const navigation: Line = ['Accept', 'text/html']
  for (const session of [[], [['Cookie', cookie]]] as Line[][]) {
    const redirect = await ask([...about('/recent/x?b=1'), navigation, ...session])
    t.strictSame([redirect.status, valuesOf(redirect, 'location')], [302, [login]])
    const forNginx = await ask([...about('/recent/x?b=1'), navigation, ...session], '/oidc/check?proxy=nginx')
    t.strictSame([forNginx.status, valuesOf(forNginx, 'location')], [401, [login]])
  }
  await new Browser().open(login)
  const wish = rogue.calls('authorize').at(-1)?.url.searchParams
  t.strictSame([wish?.get('max_age'), wish?.get('acr_values')], ['900', 'gold'])
})

t.test('for nginx it is 200, 401 or 403; a redirect is a 401 with its Location', async (t) => {
  const { ask, cookie, gateway } = await start(t)
  const session: Line = ['Cookie', cookie]
  const forNginx = '/oidc/check?proxy=nginx'
  for (const [lines, status, location] of [
    [[...about('/a'), ['Accept', 'text/html']], 401, [`${gateway.origin}/oidc/login?return_to=%2Fa`]],
    [about('/a'), 401, []],
    [[...about('/admin'), session], 403, []],
    [[...about('/a/../b'), session], 403, []],
    [[...about('/oidc/login'), session], 403, []],
    [[...about('/a', 'TRACE'), session], 403, []],
    [[session], 403, []],
    [[...about('/a'), session], 200, []]
  ] as ReadonlyArray<readonly [Line[], number, string[]]>) {
    const answer = await ask(lines, forNginx)
    t.strictSame([answer.status, valuesOf(answer, 'location')], [status, location], JSON.stringify(lines[0]))
  }
})

t.test('the upstream of the path says which headers the answer has, and for whom the assertion is', async (t) => {
  const { ask, cookie } = await start(t, {
    configuration: { upstream: { static: { status: 404 }, audience: 'https://app.example', headers: { profiles: ['doorward', 'oauth2-proxy'] }, url: undefined } }
  })
  const answer = await ask([...about('/x'), ['Cookie', cookie]])
  t.equal(answer.status, 200)
  t.strictSame(valuesOf(answer, 'x-forwarded-user').length, 1)
  const [, payload = ''] = identityOf(answer)['x-auth-assertion']?.split('.') ?? []
  t.match(JSON.parse(Buffer.from(payload, 'base64url').toString()), { aud: 'https://app.example' })
})

t.test('a body that is announced is not waited for, and nothing that follows on the connection can be taken for it', async (t) => {
  const { gateway, host, cookie } = await start(t)
  const lines = [...about('/x'), ['Cookie', cookie] as const].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  for (const announcement of ['Content-Length: 60', 'Transfer-Encoding: chunked']) {
    const text = await exchange(gateway.port, `POST /oidc/check HTTP/1.1\r\nHost: ${host}\r\n${lines}${announcement}\r\n\r\n`)
    t.equal(statusOf(text), 200, announcement)
    t.match(text, /^connection: close/im, announcement)
  }
})

t.test('a refusal is in the audit trail as of the request asked about', async (t) => {
  const { ask, cookie, gateway } = await start(t)
  const answer = await ask([...about('/admin/x?secret=1', 'DELETE'), ['Cookie', cookie], ['X-Forwarded-For', '203.0.113.9'], ['Accept', 'text/html'], ['User-Agent', 'A browser']])
  t.equal(answer.status, 403)
  t.match(answer.body, /needs the role admin/)
  t.match(gateway.audit.at(-1), { event: 'access.denied', reason: 'rule_denied', request: { ip: '203.0.113.9', method: 'DELETE', path: '/admin/x', userAgent: 'A browser' }, metadata: { rule: { index: 1 } } })
})

t.test('without server.forwardAuth there is no such route, and without trusted proxies no such setting', async (t) => {
  const { ask, cookie } = await start(t, { configuration: { server: { forwardAuth: false } } })
  for (const target of ['/oidc/check', '/oidc/check/x', '/oidc/check?proxy=nginx']) t.equal((await ask([...about('/public/x'), ['Cookie', cookie]], target)).status, 404)
  await t.rejects(start(t, { configuration: { server: { trustedProxies: [] } } }), /server\.trustedProxies: expected the addresses of the proxies that may ask/)
})

const part = fc.constantFrom('/', '/', 'a', 'public', 'admin', 'get', 'oidc', 'login', '.', '..', '%2e', '%61', '%', ';', '%2f', '%5c', '//', '?', '#', '%E9', '%23', 'PUBLIC', '\\', 'x=1', '%2561')
const anyTarget = fc.array(part, { maxLength: 8 }).map((parts) => `/${parts.join('')}`)
const anyMethod = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND')
const anyAccept = fc.constantFrom('text/html', 'application/json')

t.test('whatever is asked, by whomever: the check decides as if Doorward forwarded it itself', async (t) => {
  const { ask, cookie, gateway, upstream, host } = await start(t)
  const seen = new Set<number>()
  const decidesAlike = fc.asyncProperty(anyTarget, anyMethod, anyAccept, fc.constantFrom<Line[]>([], [['Cookie', cookie]], [['Cookie', `${cookie}x`]]), async (target, method, accept, person) => {
    const lines: Line[] = [...person, ['Accept', accept]]
    upstream.requests.length = 0
    // A target of Doorward's own is no application's, and the check is not where it is answered.
    fc.pre(!/^\/oidc(?:[/?]|$)/.test(target))
    const forwarded = statusOf(await exchange(gateway.port, requestText(method, target, [['Host', host], ...lines])))
    const [received] = upstream.requests
    const answer = await ask([...about(target, method), ...lines])
    const suffixed = await ask(lines, `/oidc/check${target}`, method)
    seen.add(forwarded)
    const there = received === undefined ? {} : identityOf({ headers: received.rawHeaders.flatMap((name, index, raw) => index % 2 === 0 ? [[name, raw[index + 1] ?? ''] as const] : []) })
    const here = answer.status === 200 ? identityOf(answer) : {}
    return answer.status === forwarded && suffixed.status === forwarded && (received !== undefined) === (answer.status === 200) && JSON.stringify(here) === JSON.stringify(there)
  })
  await fc.assert(decidesAlike, { numRuns: 400 })
  for (const status of [200, 302, 400, 401, 403]) t.ok(seen.has(status), `${status} was among them`)
})
