/** What scripts are told: of the application's own origin, of origins that are listed, and of all others. */
import t, { test } from 'tap'
import { type Answer, type RequestSettings } from '../support/browser.ts'
import { startProvider } from '../support/provider.ts'
import { startUpstream } from '../support/upstream.ts'
import { hour, type Journey, type JourneyOptions, minute, startJourney, stoppedClock } from './journey.ts'

const provider = await startProvider(t)
const upstream = await startUpstream(t, ({ method }, response) => { response.writeHead(200, { 'access-control-allow-origin': 'https://of-the-application.example', 'x-method': method ?? '' }).end() })
const spa = 'https://spa.example.com'
const publicUrl = 'https://app.example.com'
const rules = [{ path: '/open/**', allow: 'anonymous' }, { path: '/closed/**', deny: true }, { path: '/admin/**', require: { roles: ['admin'] } }]

async function start (t: Parameters<typeof startJourney>[0], options: JourneyOptions = {}): Promise<Journey> {
  upstream.requests.length = 0
  return await startJourney(t, { provider, upstream, publicUrl, configuration: { access: { rules, corsOrigins: [spa, 'https://Other.example.com:8443'] } }, ...options })
}

function ask ({ browser, url }: Journey, path: string, origin: string | undefined, settings: RequestSettings = {}): Promise<Answer> {
  return browser.get(url(path), { program: true, ...origin !== undefined && { from: URL.canParse(origin) ? origin : 'https://sandbox.example/' }, ...settings, headers: { ...origin !== undefined && { origin }, ...settings.headers } })
}

/** The headers of an answer that browsers go by. */
function cors ({ headers }: Answer): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name === 'vary' || name.startsWith('access-control-')))
}

const readable = (origin: string) => ({ vary: 'Origin', 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true', 'access-control-expose-headers': 'WWW-Authenticate, Retry-After' })

test('a script without a session gets 401 with the address of the sign-in, never a redirect or a cookie', async (t) => {
  const journey = await start(t)
  for (const [path, login] of [['/x?a=1', '/oidc/login?return_to=%2Fx%3Fa%3D1'], ['/oidc/session', '/oidc/login']] as const) {
    for (const [origin, base] of [[undefined, ''], [publicUrl, ''], [spa, publicUrl]] as const) {
      const answer = await ask(journey, path, origin)
      t.strictSame([answer.status, answer.setCookies], [401, []])
      t.match(answer.json(), { code: 'sign_in_required', login_url: base + login }, 'an address that is right where the script is')
    }
  }
})

test('scripts of listed origins may read what Doorward answers, with credentials; no other origin is ever named', async (t) => {
  const journey = await start(t)
  for (const path of ['/x', '/closed/x', '/oidc/session', '/oidc/none', '/oidc/login?return_to=/x']) {
    for (const origin of [spa, 'https://other.example.com:8443']) t.strictSame(cors(await ask(journey, path, origin)), readable(origin), `${path} for ${origin}`)
    for (const origin of [undefined, publicUrl, 'null', 'https://spa.example.com.evil.example', 'https://spa.example.com:444', 'http://spa.example.com', 'https://evil.example', `${spa}, https://evil.example`, '*']) {
      t.strictSame(cors(await ask(journey, path, origin)), { vary: 'Origin' }, `${path} for ${origin}`)
    }
  }
  await journey.browser.signIn(journey.url('/x'), 'bob')
  const session = await ask(journey, '/oidc/session', spa, { headers: { cookie: journey.browser.jar.header(new URL(journey.url('/'))) ?? '' } })
  t.match([session.status, session.json()], [200, { user: 'bob' }])
  t.strictSame(cors(session), readable(spa))
  t.strictSame(cors(await ask(journey, '/admin/x', spa)), readable(spa), 'a refusal too')
  t.strictSame(cors(await journey.browser.get(journey.url('/closed/x'), { headers: { origin: spa } })), {}, 'a page is for people')
})

test('what the application answers is its own affair', async (t) => {
  const journey = await start(t)
  t.strictSame(cors(await ask(journey, '/open/x', spa)), { 'access-control-allow-origin': 'https://of-the-application.example' })
})

test('without a list, nothing is said about origins', async (t) => {
  const journey = await start(t, { configuration: {} })
  for (const path of ['/x', '/oidc/session']) t.strictSame(cors(await ask(journey, path, spa)), {})
  t.equal((await ask(journey, '/x', spa, preflight)).status, 401)
  t.equal((await ask(journey, '/oidc/session', spa, preflight)).status, 404)
})

const preflight: RequestSettings = { method: 'OPTIONS', headers: { 'access-control-request-method': 'PUT', 'access-control-request-headers': 'content-type, x-requested-with' } }

test('a preflight is answered where the application’s answer would need a session, and to listed origins alone', async (t) => {
  const journey = await start(t)
  for (const path of ['/x', '/admin/x', '/oidc/session']) {
    const answer = await ask(journey, path, spa, preflight)
    t.strictSame([answer.status, answer.text, answer.setCookies], [204, '', []])
    t.strictSame(cors(answer), {
      vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      'access-control-allow-origin': spa,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'PUT',
      'access-control-allow-headers': 'content-type, x-requested-with',
      'access-control-max-age': '600'
    })
  }
  t.equal((await ask(journey, '/x', 'https://evil.example', preflight)).status, 401)
  t.equal((await ask(journey, '/oidc/session', 'https://evil.example', preflight)).status, 404)
  t.equal((await ask(journey, '/x', spa, { method: 'OPTIONS' })).status, 401, 'an OPTIONS that is no preflight')
  t.equal((await ask(journey, '/x', spa, { ...preflight, method: 'GET' })).status, 401)
  t.equal((await ask(journey, '/closed/x', spa, preflight)).status, 403)
  t.strictSame(upstream.requests, [], 'the application heard nothing')
  const open = await ask(journey, '/open/x', spa, preflight)
  t.strictSame([open.status, open.headers['x-method'], cors(open)], [200, 'OPTIONS', { 'access-control-allow-origin': 'https://of-the-application.example' }], 'where it is open to everybody, the application answers')
})

test('a proxy that asks is never told that a preflight may pass', async (t) => {
  const { gateway, browser } = await start(t, { publicUrl: 'http://localhost:9', configuration: { server: { forwardAuth: true, trustedProxies: ['127.0.0.1'] }, access: { corsOrigins: [spa] } } })
  const asked = { 'x-forwarded-method': 'OPTIONS', 'x-forwarded-uri': '/x', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'localhost:9', origin: spa, 'access-control-request-method': 'PUT' }
  const answer = await browser.get(`http://127.0.0.1:${gateway.port}/oidc/check`, { program: true, headers: asked })
  t.equal(answer.status, 401)
  t.strictSame(cors(answer), readable(spa))
})

test('/oidc/session counts down, and asking extends nothing', async (t) => {
  const clock = stoppedClock()
  const journey = await start(t, { now: () => clock.now })
  const { browser, gateway, url } = journey
  const startedAt = clock.now
  await browser.signIn(url('/x'), 'bob')
  const expected = { expiresAt: new Date(startedAt + 8 * hour).toISOString(), idleExpiresAt: new Date(startedAt + 30 * minute).toISOString() }
  for (let passed = 0; passed < 30; passed += 3) {
    const answer = await ask(journey, '/oidc/session', undefined)
    t.strictSame([answer.status, answer.setCookies, answer.headers['cache-control']], [200, [], 'no-store'])
    t.match(answer.json(), expected, `after ${passed} minutes`)
    await ask(journey, '/oidc/session', undefined, { method: 'HEAD' })
    clock.now += 3 * minute
  }
  t.equal((await ask(journey, '/oidc/session', undefined)).status, 401)
  t.match(gateway.audit.at(-1), { event: 'session.expired', reason: 'idle_timeout' })
})

test('a request for the application moves the end that /oidc/session tells, up to the longest life', async (t) => {
  const clock = stoppedClock()
  const journey = await start(t, { now: () => clock.now, configuration: { session: { idleTimeout: '30m', maxLifetime: '40m' } } })
  const { browser, url } = journey
  const startedAt = clock.now
  await browser.signIn(url('/x'), 'bob')
  clock.now += 20 * minute
  await browser.get(url('/x'))
  const answer = await ask(journey, '/oidc/session', undefined)
  const end = new Date(startedAt + 40 * minute).toISOString()
  t.match(answer.json(), { expiresAt: end, idleExpiresAt: end })
})
