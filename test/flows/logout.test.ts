import t, { test } from 'tap'
import { startProvider } from '../support/provider.ts'
import { anotherBrowser, linkOf, minute, startJourney, stoppedClock } from './journey.ts'

const provider = await startProvider(t)
/** What happens at the provider is told in logout-at-provider.test.ts. */
const hereAlone = { provider: { logout: { atProvider: false } } }

test('signing out clears the cookies with the attributes they were set with, and ends the session for every copy', async (t) => {
  const sites = [
    [undefined, {}, 'Path=/; HttpOnly; SameSite=Lax'],
    ['https://app.example.com', {}, 'Path=/; HttpOnly; Secure; SameSite=Lax'],
    ['https://app.example.com', { domain: 'example.com', sameSite: 'none' }, 'Domain=example.com; Path=/; HttpOnly; Secure; SameSite=None']
  ] as const
  for (const [publicUrl, cookie, attributes] of sites) {
    const journey = await startJourney(t, { provider, configuration: { ...hereAlone, session: { cookie } }, ...(publicUrl !== undefined && { publicUrl }) })
    const { browser, gateway, url } = journey
    const page = await browser.signIn(url('/x'), 'bob')
    const [, set = ''] = page.chain.find(({ url }) => url.pathname === '/oidc/callback')?.setCookies ?? []
    const copy = browser.jar.header(new URL(url('/'))) ?? ''
    const name = set.split('=')[0] ?? ''
    t.equal(set.slice(set.indexOf(';') + 2), attributes)

    const answer = await browser.get(url('/oidc/logout'), { from: url('/x') })
    t.equal(answer.status, 200)
    t.match(answer.text, /You are signed out/)
    t.equal(answer.setCookies[0], `${name}=; Max-Age=0; ${attributes}`)
    t.notOk(browser.jar.for(new URL(url('/oidc/'))).some((kept) => kept.name.includes('doorward')), 'none is left')
    const replayed = await anotherBrowser(journey).get(url('/x'), { headers: { cookie: copy } })
    t.equal(replayed.status, 302, 'a copy of the cookie is worth nothing (CVE-2024-31999)')
    t.match(gateway.audit.slice(1), [{ event: 'logout', outcome: 'success', reason: 'user', user: { user: 'bob' }, session: gateway.audit[0]?.['session'] }])
  }
})

test('another site can’t sign anybody out: the person is asked, and may', async (t) => {
  const { browser, gateway, url } = await startJourney(t, { provider, configuration: hereAlone })
  await browser.signIn(url('/x'), 'bob')
  const causes = [{ from: 'https://evil.example/' }, { headers: { 'sec-fetch-site': 'same-site' } }, { method: 'POST', from: 'https://evil.example/' }] as const
  for (const cause of causes) {
    const asked = await browser.open(url('/oidc/logout'), cause)
    t.strictSame([asked.status, asked.setCookies], [200, []])
    t.match(asked.text, /Another site asked to sign you out here/)
    t.equal((await browser.get(url('/x'))).status, 200, 'nothing has happened')
  }
  const asked = await browser.open(url('/oidc/logout'), { from: 'https://evil.example/' })
  t.equal(linkOf(asked, 'Stay signed in').href, url('/'))
  t.equal(gateway.audit.length, 1)

  const page = await browser.submit(asked)
  t.match(page.text, /You are signed out/)
  t.equal((await browser.get(url('/x'))).status, 302)
})

test('signing out works with POST, by a typed address, and without a session', async (t) => {
  const { browser, gateway, url } = await startJourney(t, { provider, configuration: hereAlone })
  await browser.signIn(url('/x'), 'bob')
  t.match((await browser.open(url('/oidc/logout'), { method: 'POST', from: url('/x'), body: 'a=b' })).text, /You are signed out/)
  await browser.open(url('/x'))
  t.match((await browser.open(url('/oidc/logout'))).text, /You are signed out/)
  t.match((await browser.open(url('/oidc/logout'), { from: 'https://evil.example/' })).text, /You are signed out/)
  t.strictSame(gateway.audit.map(({ event }) => event), ['login', 'logout', 'login', 'logout'], 'who was not signed in has not signed out')
})

test('older browsers name the cause by Origin or Referer', async (t) => {
  const { browser, gateway, url } = await startJourney(t, { provider })
  await browser.signIn(url('/x'), 'bob')
  const cookie = browser.jar.header(new URL(url('/'))) ?? ''
  const asks = async (headers: Record<string, string>) => {
    const response = await fetch(url('/oidc/logout'), { method: 'POST', headers: { cookie, ...headers } })
    return (await response.text()).includes('Another site asked')
  }
  // fetch sends `sec-fetch-mode` alone.
  t.equal(await asks({ referer: 'https://evil.example/' }), true)
  t.equal(await asks({ origin: 'null' }), true)
  t.equal(await asks({ origin: 'https://evil.example', referer: url('/') }), true)
  t.equal(await asks({ referer: url('/x') }), false)
  t.match(gateway.audit.at(-1), { event: 'logout' })
})

test('/oidc/session tells scripts who is signed in and for how long, and does not keep the session alive', async (t) => {
  const clock = stoppedClock()
  const start = clock.now
  const roles = { mapping: { 'cmdbsyncer-ops': { roles: ['log'], attributes: { global_admin: true }, organizations: { o: ['member'] }, projects: { p: ['reader'] } } } }
  const { browser, url } = await startJourney(t, { provider, now: () => clock.now, configuration: { roles, provider: { authorizationParams: { max_age: '3600' } } } })
  const ask = () => browser.get(url('/oidc/session'), { program: true, from: url('/x') })
  const stranger = await ask()
  t.equal(stranger.status, 401)
  t.match(stranger.headers, { 'content-type': /^application\/problem\+json/, 'cache-control': 'no-store' })
  t.match(stranger.json(), { code: 'sign_in_required', login_url: '/oidc/login' })

  await browser.signIn(url('/x'), 'bob')
  const answer = await ask()
  t.equal(answer.headers['cache-control'], 'no-store')
  const { authTime, ...who } = answer.json() as Record<string, unknown>
  t.ok(Math.abs(Date.parse(String(authTime)) - start) < minute, 'when the provider last saw the person')
  t.strictSame(who, {
    sub: 'bob',
    user: 'bob',
    email: 'bob@example.com',
    name: 'Bob Baker',
    firstName: 'Bob',
    lastName: 'Baker',
    provider: 'default',
    groups: ['cmdbsyncer-ops', 'data-scientists'],
    roles: ['log'],
    attributes: { global_admin: true },
    organizations: { o: ['member'] },
    projects: { p: ['reader'] },
    expiresAt: new Date(start + 8 * 60 * minute).toISOString(),
    idleExpiresAt: new Date(start + 30 * minute).toISOString()
  }, 'no token among it')

  for (let passed = 0; passed < 30; passed += 5) {
    const { status, setCookies } = await ask()
    t.strictSame([status, setCookies], [200, []], `after ${passed} minutes`)
    clock.now += 5 * minute
  }
  t.equal((await ask()).status, 401)
})

test('asking for another account ends this session, and the audit trail says so', async (t) => {
  const journey = await startJourney(t, { provider })
  const { gateway, browser, url } = journey
  await browser.signIn(url('/'), 'bob')
  const before = browser.jar.header(new URL(url('/'))) ?? ''
  await browser.get(url('/oidc/login?switch_account=true'), { from: url('/') })
  t.equal(gateway.audit.at(-1)?.['event'], 'logout')
  const replayed = await anotherBrowser(journey).get(url('/oidc/session'), { program: true, headers: { cookie: before } })
  t.equal(replayed.status, 401, 'a copy of its cookie is worthless')
})
