/** Doorward beside a proxy that holds the requests: real ones, set up as docs/forward-auth.md says. */
import { once } from 'node:events'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import t, { test, type Test } from 'tap'
import { people } from '../../demo/people.ts'
import { Browser } from '../support/browser.ts'
import { type AskingProxy, caddy, nginx } from '../support/forward-auth.ts'
import { freePort } from '../support/gateway.ts'
import { missingPart } from '../support/parts.ts'
import { startProvider } from '../support/provider.ts'
import { exchange, requestText, statusOf } from '../support/raw-socket.ts'
import { connectWebSocket, openWebSocket, refusalOf, startWebSocketUpstream } from '../support/web-sockets.ts'
import { type Journey, type JourneyOptions, minute, startJourney, stoppedClock } from './journey.ts'

/** So many groups that the session takes two cookies. */
const manyGroups = Array.from({ length: 70 }, (_, index) => `a group with a long name, of which there are many: ${index}`)
const provider = await startProvider(t, { people: { ...people, dave: { name: 'Dave', groups: manyGroups } } })
const configuration = {
  roles: { mapping: { 'cmdbsyncer-admins': { roles: ['admin'] } } },
  access: { rules: [{ path: '/public/**', allow: 'anonymous' }, { path: '/admin/**', require: { roles: ['admin'] } }] }
}

/** What the proxy and Doorward stand before; `application` is where the proxy forwards to. */
async function start (t: Test, proxy: AskingProxy, options: JourneyOptions & { readonly application?: { readonly port: number } } = {}): Promise<Journey> {
  const port = await freePort()
  const journey = await startJourney(t, {
    provider,
    publicUrl: `http://localhost:${port}`,
    ...options,
    configuration: { ...configuration, server: { trustedProxies: [proxy.address], forwardAuth: true, hosts: [] }, ...options.configuration }
  })
  await proxy.start(t, { port, gatewayPort: journey.gateway.port, applicationPort: options.application?.port ?? journey.upstream.port })
  // Every address leads to where it says: to the proxy.
  return { ...journey, browser: new Browser() }
}

function portOf (url: string): number {
  return Number(new URL(url).port)
}

for (const proxy of [nginx, caddy]) {
  const skip = missingPart(proxy.name)

  test(`${proxy.name}: a person signs in, and the application learns who it is`, { skip }, async (t) => {
    const { browser, upstream, url, gateway } = await start(t, proxy)
    browser.jar.store(new URL(url('/')), 'app=1; Path=/')
    const page = await browser.signIn(url('/reports?q=a&r=%C3%A9%26'), 'alice')
    t.equal(page.status, 200)
    t.equal(page.url.href, url('/reports?q=a&r=%C3%A9%26'))
    const { headers, url: target } = upstream.requests.at(-1) ?? {}
    t.equal(target, '/reports?q=a&r=%C3%A9%26')
    t.match(headers, { 'x-auth-user': 'alice', 'x-auth-email': 'alice@example.com', 'x-auth-groups': 'cmdbsyncer-admins', 'x-auth-roles': 'admin', host: new URL(url('/')).host })
    t.match(headers?.cookie, /^app=1/)
    t.notMatch(headers?.cookie, /doorward=/)
    const keys = createRemoteJWKSet(new URL(`http://127.0.0.1:${gateway.port}/oidc/jwks`))
    const { payload } = await jwtVerify(String(headers?.['x-auth-assertion']), keys, { issuer: gateway.origin, audience: upstream.url, typ: 'doorward+jwt' })
    t.equal(payload['user'], 'alice')
    t.equal((await browser.get(url('/admin/x'))).status, 200)
    t.equal((await browser.open(url('/oidc/logout'), { from: url('/') })).status, 200)
    t.equal((await browser.get(url('/reports'))).status, 302)
  })

  test(`${proxy.name}: a program is told to sign in, and whoever may not pass is refused; the application hears nothing`, { skip }, async (t) => {
    const { browser, upstream, url, gateway } = await start(t, proxy)
    const program = await browser.get(url('/api'), { program: true })
    t.equal(program.status, 401)
    t.equal(program.location, undefined)
    await browser.signIn(url('/'), 'bob')
    upstream.requests.length = 0
    const refused = await browser.get(url('/admin/users?x=1'))
    t.equal(refused.status, 403)
    if (proxy === caddy) t.match(refused.text, /needs the role admin/)
    t.match(gateway.audit.at(-1), { event: 'access.denied', reason: 'rule_denied', user: { user: 'bob' }, request: { method: 'GET', path: '/admin/users', ip: '127.0.0.1' } })
    t.strictSame(upstream.requests, [])
  })

  test(`${proxy.name}: bodies and methods reach the application, of nobody too where a rule lets them`, { skip }, async (t) => {
    const { browser, upstream, url } = await start(t, proxy)
    const body = 'x'.repeat(200_000)
    const answer = await browser.get(url('/public/upload?a=%2e'), { method: 'PUT', body, program: true })
    t.match(answer.json(), { method: 'PUT', url: '/public/upload?a=%2e', body })
    const { headers = {} } = upstream.requests.at(-1) ?? {}
    t.strictSame(Object.entries(headers).filter(([name, value]) => /auth/.test(name) && value !== ''), [], 'nothing is said of nobody')
    await browser.signIn(url('/'), 'bob')
    for (const method of ['POST', 'PATCH', 'DELETE', 'OPTIONS']) t.match((await browser.get(url('/x'), { method, body: 'b', program: true })).json(), { method, body: 'b' })
  })

  test(`${proxy.name}: a session lives as long as it is used, one of several cookies too`, { skip }, async (t) => {
    const clock = stoppedClock()
    const { browser, url } = await start(t, proxy, { now: () => clock.now })
    await browser.signIn(url('/'), 'dave')
    for (let time = 0; time < 2 * 60 * minute; time += 20 * minute) {
      clock.now += 20 * minute
      const answer = await browser.get(url('/page'))
      t.equal(answer.status, 200)
      t.strictSame(answer.setCookies.map((line) => line.split('=')[0]), ['doorward.0', 'doorward.1'])
    }
    clock.now += 31 * minute
    t.equal((await browser.get(url('/page'))).status, 302)
  })

  test(`${proxy.name}: what signs people in is led to Doorward, and the question is not for clients`, { skip }, async (t) => {
    const { browser, upstream, url } = await start(t, proxy)
    await browser.signIn(url('/'), 'alice')
    upstream.requests.length = 0
    t.match((await browser.get(url('/oidc/session'))).json(), { user: 'alice' })
    for (const path of ['/oidc/check', '/oidc/check?proxy=nginx', '/oidc/check/', '/oidc/check/reports', '/oidc/%63heck', '/oidc//check', '/oidc/./check', '/OIDC/check', '/x/../oidc/check', '/oidc/check;x']) {
      const text = await exchange(portOf(url('/')), requestText('GET', path, [['Host', new URL(url('/')).host], ['Cookie', browser.jar.header(new URL(url('/'))) ?? ''], ['X-Forwarded-Uri', '/reports'], ['X-Forwarded-Method', 'GET']]))
      t.ok([400, 403, 404, 308].includes(statusOf(text)), `${path} → ${statusOf(text)}`)
      t.notMatch(text, /x-auth-/i, path)
    }
    t.strictSame(upstream.requests, [])
  })

  test(`${proxy.name}: a page of another site can’t open a WebSocket in somebody’s name`, { skip }, async (t) => {
    const application = await startWebSocketUpstream(t)
    const { browser, url, gateway } = await start(t, proxy, { application: { port: Number(new URL(application.url).port) } })
    await browser.signIn(url('/oidc/login?return_to=/oidc/session'), 'alice')
    const cookie = browser.jar.header(new URL(url('/'))) ?? ''
    const port = portOf(url('/'))
    const refused = await refusalOf(connectWebSocket(t, port, '/live', { headers: { cookie, origin: 'https://evil.example' } }))
    t.equal(refused.statusCode, 403)
    t.strictSame(application.handshakes, [])
    const socket = await openWebSocket(t, port, '/live', { headers: { cookie, origin: gateway.origin } })
    socket.send('hello')
    t.equal(String((await once(socket, 'message'))[0]), 'hello')
    t.match(application.handshakes[0]?.headers, { 'x-auth-user': 'alice' })
  })
}
