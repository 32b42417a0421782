/** An authorization response that comes twice, late, altered, or to another browser (RFC 9700 sections 4.5 and 4.7). */
import t, { type Test } from 'tap'
import { type Answer, Browser } from '../support/browser.ts'
import { type RogueGateway, type RogueGatewayOptions, startRogueGateway } from '../support/rogue-gateway.ts'

interface Started extends RogueGateway {
  readonly browser: Browser
  /** Where the provider sends the browser back to. */
  readonly callback: URL
  /** The browser's cookies before it goes there. */
  readonly cookie: string
}

async function start (t: Test, options: RogueGatewayOptions = {}): Promise<Started> {
  const setup = await startRogueGateway(t, options)
  return { ...setup, ...await begin(setup) }
}

/** A sign-in up to the provider's answer. */
async function begin ({ gateway }: RogueGateway, browser = new Browser()): Promise<{ browser: Browser, callback: URL, cookie: string }> {
  const login = await browser.get(`${gateway.origin}/oidc/login?return_to=/wanted`)
  const answer = await browser.get(login.location ?? '')
  if (answer.location === undefined) throw new Error(answer.text)
  return { browser, callback: answer.location, cookie: browser.jar.header(new URL(gateway.origin)) ?? '' }
}

function altered (callback: URL, change: (parameters: URLSearchParams) => void): URL {
  const url = new URL(callback)
  change(url.searchParams)
  return url
}

async function replay (url: URL, cookie: string): Promise<Answer> {
  return await new Browser().get(url, { headers: { cookie } })
}

function isSignedIn ({ setCookies }: Answer): boolean {
  return setCookies.some((line) => /^doorward(\.\d)?=[^;]/.test(line))
}

t.test('a response is good once, even for somebody who kept a copy of the login cookie', async (t) => {
  const { callback, cookie, rogue, gateway } = await start(t)
  const first = await replay(callback, cookie)
  t.equal(first.status, 303)
  t.ok(isSignedIn(first))
  const second = await replay(callback, cookie)
  t.equal(second.status, 302, 'the browser is sent to sign in properly')
  t.equal(second.location?.origin, rogue.issuer)
  t.notOk(isSignedIn(second))
  t.equal(rogue.calls('token').length, 1, 'the code is not offered to the provider again')
  t.match(gateway.audit.at(-1), { event: 'login', outcome: 'failure', reason: 'state_invalid' })
})

t.test('the back button leads whoever is signed in to the page, without a second sign-in', async (t) => {
  const { callback, browser, rogue, gateway } = await start(t)
  await browser.open(callback)
  const again = await browser.get(callback)
  t.equal(again.status, 303)
  t.equal(again.location?.pathname, '/wanted')
  t.equal(rogue.calls('token').length, 1)
  t.equal(gateway.audit.length, 1)
})

t.test('a lost login is tried again once, then explained: never a loop', async (t) => {
  const { callback, gateway } = await start(t)
  const visitor = new Browser()
  const again = await visitor.get(callback, { headers: { cookie: '' } })
  t.equal(again.status, 302)
  const answer = await visitor.get(again.location ?? '')
  const page = await new Browser().get(answer.location ?? '')
  t.equal(page.status, 400)
  t.match(page.headers, { 'content-type': /text\/html/, 'cache-control': 'no-store' })
  t.notOk(page.setCookies.length > 0)
  t.match(gateway.audit.map(({ reason }) => reason), ['state_invalid', 'state_invalid'])
})

t.test('a response belongs to the browser that asked', async (t) => {
  const { callback, rogue, ...setup } = await start(t)
  const other = await begin({ rogue, ...setup })
  const answer = await replay(callback, other.cookie)
  t.notOk(isSignedIn(answer))
  t.equal(answer.location?.origin, rogue.issuer)
  t.equal(rogue.calls('token').length, 0)
  for (const name of ['state', 'nonce', 'code_challenge']) {
    const values = rogue.calls('authorize').map(({ url }) => url.searchParams.get(name))
    t.equal(new Set(values).size, values.length, `${name} is new for every sign-in (CVE-2023-31999)`)
  }
})

t.test('a code from one sign-in is worth nothing in another', async (t) => {
  const { callback, rogue, gateway, ...setup } = await start(t)
  const own = await begin({ rogue, gateway, ...setup })
  const code = callback.searchParams.get('code') ?? ''
  const answer = await replay(altered(own.callback, (parameters) => { parameters.set('code', code) }), own.cookie)
  t.equal(answer.status, 502)
  t.notOk(isSignedIn(answer))
  t.match(gateway.audit.at(-1), { reason: 'token_exchange_failed', metadata: { error: 'invalid_grant' } })
})

t.test('an altered state is not believed', async (t) => {
  const { callback, cookie, rogue } = await start(t)
  const state = callback.searchParams.get('state') ?? ''
  const flipped = (index: number) => `${state.slice(0, index)}${state[index] === 'A' ? 'B' : 'A'}${state.slice(index + 1)}`
  const states = ['', 'x', flipped(0), flipped(20), flipped(state.length - 2), state.slice(0, -1), state.replace('.', ';'), cookie.split('=')[1] ?? '']
  for (const each of states) {
    const answer = await replay(altered(callback, (parameters) => { parameters.set('state', each) }), cookie)
    t.notOk(isSignedIn(answer), each)
  }
  t.notOk(isSignedIn(await replay(altered(callback, (parameters) => { parameters.delete('state') }), cookie)))
  t.equal(rogue.calls('token').length, 0)
})

t.test('a parameter that comes twice is refused, whatever it is', async (t) => {
  const { callback, cookie, rogue } = await start(t)
  const unknown = altered(callback, (parameters) => { parameters.append('x', '1') })
  for (const [name, value] of unknown.searchParams) {
    const answer = await replay(altered(unknown, (parameters) => { parameters.append(name, value) }), cookie)
    t.equal(answer.status, 400, name)
  }
  t.equal(rogue.calls('token').length, 0)
})

t.test('a login is over after ten minutes', async (t) => {
  const clock = { now: Date.now() }
  const { callback, cookie, rogue } = await start(t, { now: () => clock.now })
  clock.now += 10 * 60 * 1000
  t.notOk(isSignedIn(await replay(callback, cookie)))
  t.equal(rogue.calls('token').length, 0)
})

t.test('no garbage at the callback brings Doorward down', async (t) => {
  const { gateway } = await startRogueGateway(t)
  const queries = ['', '?', '?&', '?&&=&', '?=', '?state', '?iss=&code=x', '?code=%', '?code=%ff%fe', `?state=${'a.b'.repeat(3000)}`, '?error=', '?__proto__=1', '?constructor[prototype]=1', '?code=a&code=b', '?state=%00.%00']
  for (const query of queries) {
    const answer = await new Browser().get(`${gateway.origin}/oidc/callback${query}`)
    t.ok([302, 400].includes(answer.status), `${query.slice(0, 40)} → ${answer.status}`)
    t.notOk(isSignedIn(answer))
  }
  const posts = [{}, { 'content-type': 'text/plain' }, { 'content-type': 'application/x-www-form-urlencoded' }]
  for (const headers of posts) {
    const answer = await new Browser().get(`${gateway.origin}/oidc/callback`, { method: 'POST', headers, body: 'code=x&state=y' })
    t.ok(answer.status >= 400 && answer.status < 500, `POST → ${answer.status} (CVE-2021-20718)`)
  }
})
