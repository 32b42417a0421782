/** A sign-in that somebody else begins (OpenID Connect Core section 4). */
import t, { type Test } from 'tap'
import { Browser } from '../support/browser.ts'
import { startGateway } from '../support/gateway.ts'
import { clientSecret } from '../support/provider.ts'
import { type RogueGatewayOptions, startRogueGateway } from '../support/rogue-gateway.ts'
import { startRogueProvider } from '../support/rogue-provider.ts'
import { startUpstream } from '../support/upstream.ts'

const elsewhere = 'https://portal.example'

async function start (t: Test, options: RogueGatewayOptions = {}) {
  const setup = await startRogueGateway(t, options)
  const { gateway, rogue } = setup
  const login = (query: Readonly<Record<string, string>>): string => `${gateway.origin}/oidc/login?${new URLSearchParams({ iss: rogue.issuer, ...query }).toString()}`
  return { ...setup, login }
}

t.test('oidcc-client-test-3rd-party-init-login', async (t) => {
  const { gateway, rogue, browser, login } = await start(t)
  const page = await browser.open(login({ target_link_uri: `${gateway.origin}/wanted?y=1`, login_hint: 'robin@example.com' }), { from: elsewhere })
  t.strictSame([page.status, page.url.href], [200, `${gateway.origin}/wanted?y=1`])
  const asked = rogue.calls('authorize').map(({ url }) => url.searchParams)
  t.equal(asked[0]?.get('login_hint'), 'robin@example.com')
  t.match(Object.fromEntries(asked[0] ?? []), { response_type: 'code', state: /./, nonce: /./, code_challenge: /./ })
  t.match(gateway.audit, [{ event: 'login', outcome: 'success' }])

  const form = new URLSearchParams({ iss: rogue.issuer, target_link_uri: `${gateway.origin}/posted`, login_hint: 'p&q=ü' })
  const posted = await new Browser().open(`${gateway.origin}/oidc/login`, { method: 'POST', body: form, from: elsewhere })
  t.strictSame([posted.status, posted.url.href, posted.chain[0]?.status], [200, `${gateway.origin}/posted`, 303])
  t.equal(rogue.calls('authorize')[1]?.url.searchParams.get('login_hint'), 'p&q=ü')
})

t.test('the target is a page of this site, or else the start page', async (t) => {
  const { gateway: { origin, port }, login } = await start(t)
  const reached = async (query: Readonly<Record<string, string>>): Promise<string> => (await new Browser().open(login(query))).url.href
  const targets: ReadonlyArray<readonly [string, string]> = [
    ['/a?b=c', '/a?b=c'], ['/a#b', '/a#b'], ['', '/'], ['/', '/'], ['/%E4/%20', '/%E4/%20'], ['/oidc/session', '/oidc/session'],
    ['//evil.example', '/'], ['/\\evil.example', '/'], ['/a/..//evil.example', '/'], ['/%2f%2fevil.example', '/'], ['/%09/evil.example', '/'], ['@evil.example', '/'], ['.evil.example', '/']
  ]
  for (const [path, expected] of targets) t.equal(await reached({ target_link_uri: origin + path }), origin + expected, path)
  const foreign = ['https://evil.example/x', '//evil.example', '/relative', 'x', 'javascript:alert(1)', `http://127.0.0.1:${port}/x`, `https://localhost:${port}/x`, `${origin}1/x`]
  for (const target of foreign) t.equal(await reached({ target_link_uri: target }), `${origin}/`, target)
  t.equal(await reached({}), `${origin}/`, 'none')
})

t.test('a hint is passed on as it is, and never in place of what the configuration says', async (t) => {
  const { rogue, browser, login } = await start(t, { configuration: { provider: { authorizationParams: { login_hint: 'fixed', resource: 'x' } } } })
  await browser.get(login({ login_hint: 'other', scope: 'admin', prompt: 'none', resource: 'y', acr_values: 'z' }))
  await browser.open(login({ login_hint: 'other', scope: 'admin', prompt: 'none', resource: 'y', acr_values: 'z' }))
  const { searchParams } = rogue.calls('authorize')[0]?.url ?? new URL(elsewhere)
  t.match(Object.fromEntries(searchParams), { login_hint: 'fixed', resource: 'x', scope: 'openid email profile' })
  t.notOk(['prompt', 'acr_values', 'iss', 'target_link_uri'].some((name) => searchParams.has(name)))

  const free = await start(t)
  for (const [hint, expected] of [['a\r\nb&prompt=none#', 'a\r\nb&prompt=none#'], ['x'.repeat(321), null]] as const) {
    free.rogue.hooks.authorize = (parameters) => parameters
    await new Browser().open(free.login({ login_hint: hint }))
    t.equal(free.rogue.calls('authorize').at(-1)?.url.searchParams.get('login_hint'), expected)
  }
  await new Browser().open(`${free.gateway.origin}/oidc/login?login_hint=eve`)
  t.equal(free.rogue.calls('authorize').at(-1)?.url.searchParams.get('login_hint'), null, 'without an issuer it is not this kind of request')
})

t.test('of several providers it is the one that is named by its issuer, in any spelling that leads there', async (t) => {
  const [one, two] = [await startRogueProvider(t, { clientSecret }), await startRogueProvider(t, { clientSecret })]
  const gateway = await startGateway(t, {
    issuer: [{ id: 'one', label: 'One', issuer: `${one.issuer}/.well-known/openid-configuration` }, { id: 'two', label: 'Two', issuer: two.issuer }],
    upstream: (await startUpstream(t)).url
  })
  for (const provider of [one, two]) {
    for (const iss of [provider.issuer, `${provider.issuer}/`]) {
      const { location } = await new Browser().get(`${gateway.origin}/oidc/login?${new URLSearchParams({ iss }).toString()}`)
      t.equal(location?.origin, provider.issuer, iss)
    }
  }
  for (const query of [{ iss: `${one.issuer}x` }, { iss: one.issuer, provider: 'two' }, { iss: 'one' }, { iss: '' }]) {
    t.equal((await new Browser().get(`${gateway.origin}/oidc/login?${new URLSearchParams(query).toString()}`)).status, 400, JSON.stringify(query))
  }
})

t.test('what is posted must be a form, and a short one', async (t) => {
  const { gateway, rogue } = await start(t)
  const post = async (body: string, headers: Record<string, string> = {}) => await new Browser().get(`${gateway.origin}/oidc/login`, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } })
  const bodies: ReadonlyArray<readonly [number, string, Record<string, string>?]> = [
    [303, `iss=${rogue.issuer}`], [303, ''], [303, `iss=${rogue.issuer}`, { 'content-type': 'Application/X-WWW-Form-Urlencoded; charset=utf-8' }],
    [400, `iss=${rogue.issuer}&iss=${rogue.issuer}`], [400, 'iss=%ff'], [400, 'return_to=https://evil.example'],
    [415, '{}', { 'content-type': 'application/json' }], [415, `iss=${rogue.issuer}`, { 'content-type': 'multipart/form-data' }], [415, 'iss=x', { 'content-type': '' }],
    [413, `iss=${'x'.repeat(70_000)}`]
  ]
  for (const [status, body, headers] of bodies) t.equal((await post(body, headers)).status, status, `${body.slice(0, 60)} ${JSON.stringify(headers)}`)
  t.equal((await post(`iss=${rogue.issuer}`, { 'sec-fetch-mode': 'cors' })).status, 401, 'a script begins no sign-in')
  t.strictSame(gateway.audit, [])
})
