import t, { test } from 'tap'
import { Browser, type Page } from '../support/browser.ts'
import { startProvider } from '../support/provider.ts'
import { startRogueGateway } from '../support/rogue-gateway.ts'
import { anotherBrowser, calls, type Journey, linkOf, logins, minute, refuseCookies, startJourney, stoppedClock, wayBack } from './journey.ts'

const provider = await startProvider(t)

/** The addresses on the way, each without its query: `302 /x`, `303 provider/auth` … */
function way ({ chain }: Page, { gateway, provider }: Journey): string[] {
  return chain.map(({ status, url }) => `${status} ${url.origin === gateway.origin ? '' : url.origin === provider.issuer ? 'provider' : url.origin}${url.pathname}`.replace(/\/auth\/.+/, '/auth/…'))
}

test('a callback that comes too late starts over once, and ends at the page first wanted', async (t) => {
  const clock = stoppedClock()
  const journey = await startJourney(t, { provider, now: () => clock.now })
  const { browser, url } = journey
  const callback = await wayBack(browser, url('/x?y=1'), 'bob')
  clock.now += 10 * minute
  const page = await browser.open(callback)
  t.strictSame(way(page, journey), ['302 /oidc/callback', '303 provider/auth', '303 /oidc/callback', '200 /x'])
  t.equal(page.url.href, url('/x?y=1'))
  t.strictSame(logins(journey), ['failure: state_invalid', 'success'])
  t.equal(calls(journey, '/token').length, 1, 'the late code was not redeemed')

  const justInTime = anotherBrowser(journey)
  const next = await wayBack(justInTime, url('/x'), 'bob')
  clock.now += 10 * minute - 1
  t.strictSame(way(await justInTime.open(next), journey), ['303 /oidc/callback', '200 /x'])
})

test('a callback that comes twice, as by the back button, leads on to the page first wanted', async (t) => {
  const journey = await startJourney(t, { provider })
  const { browser, gateway, url } = journey
  const callback = await wayBack(browser, url('/x'), 'bob')
  await browser.open(callback)
  const { session } = gateway.audit[0] ?? {}
  const again = await browser.open(callback)
  t.strictSame(way(again, journey), ['303 /oidc/callback', '200 /x'])
  t.strictSame(again.chain.flatMap(({ setCookies }) => setCookies), [], 'the session stays as it is')
  t.equal(calls(journey, '/token').length, 1)
  t.match(gateway.audit, [{ session }], 'and it is no sign-in')
})

test('the back button after signing out asks the provider anew', async (t) => {
  const journey = await startJourney(t, { provider })
  const { browser, url } = journey
  const callback = await wayBack(browser, url('/x'), 'bob')
  await browser.open(callback)
  await browser.open(url('/oidc/logout'))
  const page = await browser.open(callback)
  t.strictSame(way(page, journey), ['302 /oidc/callback', '303 provider/auth', '303 /oidc/callback', '200 /x'])
  t.strictSame(logins(journey), ['success', 'failure: state_invalid', 'success'])
})

test('a bookmark of the callback leads to the start page, signed in or not', async (t) => {
  const journey = await startJourney(t, { provider })
  const { browser, url } = journey
  const page = await browser.signIn(url('/oidc/callback'), 'bob')
  t.equal(page.url.href, url('/'))
  for (const query of ['', '?', '?&', '?code=abc', '?code=abc&state=made-up', '?state=&iss=', '?error=access_denied']) {
    t.strictSame(way(await browser.open(url(`/oidc/callback${query}`)), journey), ['303 /oidc/callback', '200 /'], query)
  }
})

test('a browser that refuses our cookies is told so after exactly one more try, with the cookie’s name', async (t) => {
  const journey = await startJourney(t, { provider })
  refuseCookies(journey.browser, /^doorward/)
  const page = await journey.browser.signIn(journey.url('/x'), 'bob')
  t.strictSame(way(page, journey), [
    '302 /x', '302 /oidc/login', '303 provider/auth', `200 provider${page.chain[3]?.url.pathname}`,
    `303 provider${page.chain[4]?.url.pathname}`, '303 provider/auth/…',
    '302 /oidc/callback', '303 provider/auth', '400 /oidc/callback'
  ])
  t.match(page.text, /Your browser did not send back the cookie that belongs to this sign-in/)
  t.match(page.text, /Missing cookie <code>doorward-login-[\w-]{8}<\/code>/)
  t.match(page.chain[6]?.setCookies.at(-1), /^doorward-login-[\w-]{8}=[^;]+;/)
  t.equal(linkOf(page, 'Sign in again').href, journey.url('/oidc/login?return_to=%2Fx'))
  t.match(journey.gateway.audit, [{ reason: 'state_invalid', metadata: { isRestarted: true } }, { reason: 'state_invalid', metadata: { isRestarted: false } }])
  t.equal(journey.gateway.audit.length, 2)
  t.equal(calls(journey, '/token').length, 0)
})

test('somebody else’s callback link never signs the victim in as them', async (t) => {
  const journey = await startJourney(t, { provider })
  const { upstream, url } = journey
  const link = await wayBack(journey.browser, url('/inbox'), 'alice')
  const victim = anotherBrowser(journey)
  const page = await victim.signIn(link, 'bob')
  t.equal(page.url.href, url('/inbox'))
  t.equal(upstream.requests.at(-1)?.headers['x-auth-user'], 'bob')

  const signedIn = await victim.open(await wayBack(journey.browser, url('/inbox'), 'alice'))
  t.equal(signedIn.url.href, url('/inbox'))
  t.equal(upstream.requests.at(-1)?.headers['x-auth-user'], 'bob', 'nor is somebody who is signed in already')
})

test('a state is good once, also for who has a copy of its cookie', async (t) => {
  const journey = await startJourney(t, { provider })
  const { browser, url } = journey
  const callback = await wayBack(browser, url('/x'), 'alice')
  const cookie = browser.jar.header(callback) ?? ''
  await browser.open(callback)
  const answer = await anotherBrowser(journey).get(callback, { headers: { cookie } })
  t.strictSame([answer.status, answer.location?.origin], [302, provider.issuer], 'sent to sign in')
  t.notOk(answer.setCookies.some((line) => line.startsWith('doorward=')), 'no session')
  t.equal(calls(journey, '/token').length, 1)
})

test('a callback that carries a parameter twice is refused', async (t) => {
  const journey = await startJourney(t, { provider })
  const { browser, gateway, url } = journey
  const callback = await wayBack(browser, url('/x'), 'bob')
  for (const name of ['code', 'state', 'iss']) {
    const answer = await browser.get(`${callback.href}&${name}=x`)
    t.equal(answer.status, 400, name)
    t.strictSame(answer.setCookies, [])
  }
  t.strictSame([calls(journey, '/token'), gateway.audit], [[], []])
  t.equal((await browser.open(callback)).url.href, url('/x'), 'and the sign-in can still be completed')
})

test('who cancels at the provider is told that nothing was granted, and can try again', async (t) => {
  const journey = await startJourney(t, { provider })
  const { browser, gateway, url } = journey
  const page = await browser.submit(await browser.open(url('/x')), { cancel: 'yes' })
  t.equal(page.status, 403)
  t.match(page.text, /Sign-in was not granted/)
  t.equal(linkOf(page, 'Sign in again').href, url('/oidc/login?return_to=%2Fx'))
  t.strictSame(logins(journey), ['failure: idp_error'])
  t.match(gateway.audit, [{ metadata: { method: 'oidc', error: 'access_denied', errorDescription: 'Nobody was picked' } }])
})

test('an error of the provider becomes the page that fits, without the provider’s words', async (t) => {
  const { gateway, rogue } = await startRogueGateway(t)
  const expected = { access_denied: 403, login_required: 403, invalid_scope: 403, temporarily_unavailable: 503, server_error: 503 }
  for (const [error, status] of Object.entries(expected)) {
    gateway.audit.length = 0
    rogue.hooks.authorize = ({ state = '', iss = '' }) => ({ error, error_description: '<b>call 555</b>', state, iss })
    const page = await new Browser().open(`${gateway.origin}/x`)
    t.equal(page.status, status, error)
    t.equal(page.headers['retry-after'] !== undefined, status === 503)
    t.notMatch(page.text, /call 555/)
    t.match(gateway.audit, [{ outcome: 'failure', reason: 'idp_error', metadata: { method: 'oidc', error, errorDescription: '<b>call 555</b>' } }])
  }
})
