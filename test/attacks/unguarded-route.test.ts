/** A path, a method or a spelling that nobody thought of guarding (CVE-2026-22031, CVE-2026-2880, CVE-2022-24797, OPA-Envoy CVE-2026-26205). */
import { METHODS } from 'node:http'
import t from 'tap'
import { exchange, requestText, statusOf } from '../support/raw-socket.ts'
import { signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'

/** Answers that give nothing away: a challenge, a redirect to the sign-in, a refusal. */
const guarded = [302, 400, 401, 404, 405, 415]
/** Own routes that are for everybody and answer with a page or a document. Whoever adds one here says why. */
const openToAll: Readonly<Record<string, string>> = {
  'GET /oidc/jwks': 'public keys',
  'HEAD /oidc/jwks': 'likewise',
  'GET /oidc/logout': 'says that nobody is signed in',
  'POST /oidc/logout': 'likewise',
  'GET /oidc/signed-out': 'likewise'
}

/** Fastify's tree of routes → `METHOD path`. */
function routesOf (lines: readonly string[]): string[] {
  const parents: string[] = []
  return lines.flatMap((line) => {
    const [, indent = '', segment = '', methods = ''] = /^([│ ]*)[├└]── (.*?)(?: \((.*)\))?$/.exec(line) ?? []
    const depth = indent.length / 4
    const path = (parents[depth - 1] ?? '') + segment
    parents.splice(depth, Infinity, path)
    return methods === '' ? [] : methods.split(', ').map((method) => `${method} ${path}`)
  })
}

const someMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'PROPFIND', 'TRACE']

t.test('every route of Doorward is guarded, or on the list of those that are for everybody', async (t) => {
  const { gateway, upstream } = await startRogueGateway(t)
  const routes = routesOf(gateway.routes)
  t.ok(routes.includes('GET /oidc/login') && routes.includes('GET /'), 'the routes were read')
  const own = [...new Set(routes.map((route) => route.split(' ')[1] ?? '').filter((path) => path.startsWith('/oidc')))]
  for (const path of [...own, '/oidc', '/oidc/', '/oidc/other', '/oidc/claims', '/oidc/check']) {
    for (const method of someMethods) {
      const route = `${method} ${path}`
      const status = statusOf(await exchange(gateway.port, requestText(method, path)))
      t.ok(guarded.includes(status) || (status === 200 && route in openToAll), `${route} → ${status}`)
    }
  }
  t.equal(upstream.requests.length, 0)
})

const paths = ['/', '/admin', '/admin/users', '/api/v1/x', '/metrics', '/livez', '/readyz', '/healthz', '/debug/pprof', '/oidcx', '/favicon.ico', '/robots.txt', '/.well-known/x', '/public']

const spellings: Readonly<Record<string, (path: string) => string>> = {
  'as it is': (path) => path,
  'in upper case': (path) => path.toUpperCase(),
  'with a letter escaped': (path) => path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
  'with a letter escaped twice': (path) => path.replace(/[a-z]/, (letter) => `%25${letter.charCodeAt(0).toString(16)}`),
  'with a parameter': (path) => `${path};x`,
  'with a parameter of the first segment': (path) => path.replace(/^\/[^/]*/, '$&;jsessionid=1'),
  'with two slashes': (path) => `/${path}`,
  'with two slashes at its end': (path) => `${path}//`,
  'with a slash at its end': (path) => `${path}/`,
  'with an escaped slash': (path) => path.replace('/', '/%2f'),
  'with a dot segment': (path) => `/.${path}`,
  'below an open path': (path) => `/public/..${path}`,
  'with a suffix': (path) => `${path}.json`,
  'with an open query': (path) => `${path}?/public/`,
  'with an encoded query': (path) => `${path}%3f/public`,
  'with a fragment': (path) => `${path}#/public`,
  'with a space': (path) => `${path}%20`,
  'with a NUL': (path) => `${path}%00`,
  'in absolute form': (path) => `http://localhost${path}`,
  'for another host': (path) => `http://app.internal${path}`
}

t.test('where nothing is allowed, no path, method or spelling reaches the application', async (t) => {
  const { gateway, upstream } = await startRogueGateway(t, { configuration: { access: { default: 'deny' } } })
  const cookie = await signedInCookie(gateway)
  async function reaches (method: string, target: string): Promise<string[]> {
    const headers = [[], [['Cookie', cookie]]] as const
    const statuses = await Promise.all(headers.map(async (lines) => statusOf(await exchange(gateway.port, requestText(method, target, lines)))))
    return statuses.every((status) => status >= 400 && status < 500) ? [] : [`${method} ${target} → ${statuses.join(', ')}`]
  }
  const everyMethod = METHODS.filter((method) => method !== 'CONNECT').flatMap((method) => paths.slice(0, 3).map((path) => [method, path] as const))
  const everySpelling = paths.flatMap((path) => Object.values(spellings).flatMap((spell) => ['GET', 'POST', 'OPTIONS'].map((method) => [method, spell(path)] as const)))
  const passed: string[] = []
  for (const [method, target] of [...everyMethod, ...everySpelling]) passed.push(...await reaches(method, target))
  t.strictSame(passed, [])
  t.strictSame(upstream.requests.map(({ url }) => url), [])
})

t.test('without a session no spelling of a protected path reaches the application', async (t) => {
  const { gateway, upstream } = await startRogueGateway(t, { configuration: { access: { rules: [{ path: '/public/**', allow: 'anonymous' }] } } })
  for (const path of ['/admin', '/admin/users']) {
    for (const [name, spell] of Object.entries(spellings)) {
      const status = statusOf(await exchange(gateway.port, requestText('GET', spell(path))))
      t.ok(guarded.includes(status), `${path} ${name} → ${status}`)
    }
  }
  t.strictSame(upstream.requests.map(({ url }) => url), [])
})

t.test('an upload that is not allowed is not even asked for', async (t) => {
  const { gateway, upstream } = await startRogueGateway(t)
  const upload = 'Host: localhost\r\nContent-Length: 1000000000\r\nExpect: 100-continue\r\n'
  for (const [target, status] of [['/', 401], ['/a%2fb', 400], ['/oidc/other', 404], ['/oidc/logout', 200]] as const) {
    const answer = await exchange(gateway.port, `POST ${target} HTTP/1.1\r\n${upload}\r\n`)
    t.equal(statusOf(answer), status, `${target}: the first line is the answer, and the connection closes without the body`)
  }
  t.equal(upstream.requests.length, 0)
})

t.test('only who navigates is sent to sign in; programs get 401', async (t) => {
  const { gateway } = await startRogueGateway(t)
  const html = 'text/html,application/xhtml+xml,*/*;q=0.8'
  const requests: ReadonlyArray<readonly [method: string, headers: Readonly<Record<string, string>>, status: number]> = [
    ['GET', { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }, 302],
    ['POST', { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }, 302],
    ['GET', { Accept: html }, 302],
    ['GET', { 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty', Accept: html }, 401],
    ['GET', { 'Sec-Fetch-Mode': 'same-origin', Accept: html }, 401],
    ['GET', { 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image' }, 401],
    ['GET', { 'Sec-Fetch-Mode': 'websocket', 'Sec-Fetch-Dest': 'websocket', Upgrade: 'websocket' }, 401],
    ['GET', { Accept: 'text/event-stream' }, 401],
    ['POST', { Accept: 'application/json' }, 401],
    ['GET', { Accept: html, 'X-Requested-With': 'XMLHttpRequest' }, 401],
    ['GET', {}, 401]
  ]
  for (const [method, headers, status] of requests) {
    const answer = await exchange(gateway.port, requestText(method, '/x', [['Host', `localhost:${gateway.port}`], ...Object.entries(headers)]))
    t.equal(statusOf(answer), status, JSON.stringify(headers))
    t.notMatch(answer, /set-cookie/i, 'no login begins before somebody is sent to sign in')
    if (status === 401) t.match(answer, /www-authenticate: .*"login_url":"\/oidc\/login\?return_to=%2Fx"/is)
  }
})
