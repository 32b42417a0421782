import t, { test } from 'tap'
import { type Browser } from '../support/browser.ts'
import { startProvider } from '../support/provider.ts'
import { type Journey, logins, startJourney, wayBack } from './journey.ts'

const provider = await startProvider(t)

/** The session and the logins in progress of a browser, as they stand in a Cookie header. */
function ownCookies (browser: Browser, { url }: Journey): string[] {
  return (browser.jar.header(new URL(url('/'))) ?? '').split('; ').filter((pair) => /^doorward(-login-.+)?=/.test(pair))
}

function tabs (count: number): string[] {
  return Array.from({ length: count }, (_, index) => `/tab/${index}?from=start`)
}

/** Begins a login in each of so many tabs, one after another, and leaves each at the provider's redirect back. */
async function waysBack (journey: Journey, count: number): Promise<URL[]> {
  const ways: URL[] = []
  for (const tab of tabs(count)) ways.push(await wayBack(journey.browser, journey.url(tab), 'bob'))
  return ways
}

test('five logins in one browser end at five pages, whichever ends first', async (t) => {
  for (const order of ['at once', 'last first'] as const) {
    const journey = await startJourney(t, { provider })
    const { browser, url } = journey
    const ways = await waysBack(journey, 5)
    const pages = order === 'at once' ? await Promise.all(ways.map((way) => browser.open(way))) : []
    for (const way of order === 'last first' ? ways.toReversed() : []) pages.unshift(await browser.open(way))
    t.strictSame(pages.map((page) => [page.status, page.url.href]), tabs(5).map((tab) => [200, url(tab)]), order)
    t.strictSame(logins(journey), Array(5).fill('success'), 'none had to start over')
    t.match(ownCookies(browser, journey), [/^doorward=/], 'nothing but the session is left')
  }
})

test('a sixth login drops the oldest, which still ends at its page', async (t) => {
  const journey = await startJourney(t, { provider })
  const { browser, provider: { issuer }, url } = journey
  const [oldest, ...others] = await waysBack(journey, 6)
  t.equal(ownCookies(browser, journey).length, 5)
  const page = await browser.open(oldest ?? '')
  t.strictSame([page.status, page.url.href], [200, url('/tab/0?from=start')], 'nobody signed in yet: the provider is asked once more')
  t.ok(page.chain.some((answer) => answer.url.origin === issuer))

  const again = await browser.open(oldest ?? '')
  t.strictSame([again.url.href, again.chain.length], [url('/tab/0?from=start'), 2], 'signed in: straight on')
  for (const way of others) t.equal((await browser.open(way)).status, 200)
  t.strictSame(logins(journey), ['failure: state_invalid', ...Array<string>(5).fill('success')], 'its second try took the place of the next oldest')
  t.equal(ownCookies(browser, journey).length, 1)
})

test('fifty tabs opened one after another keep five logins', async (t) => {
  const journey = await startJourney(t, { provider })
  for (const tab of tabs(50)) await journey.browser.get((await journey.browser.get(journey.url(tab))).location ?? '')
  const own = ownCookies(journey.browser, journey)
  t.equal(own.length, 5)
  t.ok(own.join('; ').length < 500, `${own.join('; ').length} bytes`)
})

test('fifty tabs restored at once all end at their pages, and never send more than a load balancer takes', async (t) => {
  const journey = await startJourney(t, { provider, configuration: { provider: { logout: { atProvider: false } } } })
  const { browser, upstream, url } = journey
  await browser.signIn(url('/'), 'bob')
  await browser.open(url('/oidc/logout'))
  upstream.requests.length = 0

  const atProvider = await Promise.all(tabs(50).map(async (tab) => (await browser.get((await browser.get(url(tab))).location ?? '')).location ?? new URL('about:blank')))
  const sent = ownCookies(browser, journey).join('; ')
  t.ok(sent.length < 4096, `${sent.length} bytes of login cookies`)
  const pages = await Promise.all(atProvider.map((way) => browser.open(way)))
  t.strictSame(pages.map((page) => [page.status, page.url.href]), tabs(50).map((tab) => [200, url(tab)]))
  t.equal(upstream.requests.length, 50, 'each page once')
  t.match(ownCookies(browser, journey), [/^doorward=/])
})

test('what is not a navigation begins no login', async (t) => {
  const { browser, gateway, url } = await startJourney(t, { provider })
  for (const mode of ['cors', 'no-cors', 'same-origin', 'websocket']) {
    for (const path of ['/data.json', '/oidc/login?return_to=/']) {
      const answer = await browser.get(url(path), { headers: { 'sec-fetch-mode': mode, 'sec-fetch-dest': 'empty' } })
      t.strictSame([answer.status, answer.setCookies], [401, []], `${mode} ${path}`)
      t.match(answer.headers, { 'content-type': /^application\/problem\+json/, 'www-authenticate': /^Bearer/, 'cache-control': 'no-store' })
      t.match(answer.json(), { login_url: /^\/oidc\/login\?return_to=/ })
    }
  }
  t.strictSame(gateway.audit, [])
})
