/** Two providers, at which the same names belong to different people. */
import { decodeJwt } from 'jose'
import t, { test, type Test } from 'tap'
import { people } from '../../demo/people.ts'
import { scrape } from '../admin/scrape.ts'
import { type Answer, Browser } from '../support/browser.ts'
import { type GatewayOptions, startGateway, type TestGateway, testSecret } from '../support/gateway.ts'
import { client, clientSecret, startProvider, type TestProvider } from '../support/provider.ts'
import { type RogueProvider, startRogueProvider } from '../support/rogue-provider.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { linkOf, stoppedClock } from './journey.ts'

type Settings = Readonly<Record<string, unknown>>

const corp = await startProvider(t)
/** Its people have the names of the other's, and call themselves members of the same groups. */
const partner = await startProvider(t, {
  people: { alice: { ...people['alice'], name: 'Alice Elsewhere', upn: 'alice@partner.example', memberOf: ['cmdbsyncer-admins', 'guests'], entitlements: ['admin', 'reader'] } }
})

interface Setup {
  readonly gateway: TestGateway
  readonly upstream: Upstream
  readonly browser: Browser
  url (path: string): string
}

interface SetupOptions {
  readonly corp?: Settings
  readonly partner?: Settings
  readonly configuration?: Readonly<Record<string, Record<string, unknown>>>
  readonly now?: () => number
}

async function start (t: Test, { configuration = {}, ...options }: SetupOptions = {}): Promise<Setup> {
  corp.requests.length = 0
  partner.requests.length = 0
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, {
    issuer: [
      { id: 'corp', label: 'Example Corporation', issuer: corp.issuer, ...options.corp },
      { id: 'partner', label: 'A partner', issuer: partner.issuer, ...options.partner }
    ],
    upstream: upstream.url,
    configuration,
    async onOrigin (origin) {
      await corp.register(client(origin, { redirect_uris: [`${origin}/oidc/callback/corp`] }))
      await partner.register(client(origin, { redirect_uris: [`${origin}/oidc/callback/partner`] }))
    },
    ...(options.now !== undefined && { now: options.now })
  })
  return { gateway, upstream, browser: new Browser(), url: (path) => gateway.origin + path }
}

/** Opens a page, chooses a provider by its button, and picks a person there. */
async function signInAt (label: string, { browser, url }: Setup, person: string, path = '/x?y=1') {
  return await browser.signIn(linkOf(await browser.open(url(path)), label), person)
}

async function session ({ browser, url }: Setup): Promise<Record<string, unknown>> {
  return (await browser.get(url('/oidc/session'), { program: true })).json() as Record<string, unknown>
}

/** What a provider was asked for at its authorization endpoint, last. */
function asked ({ requests }: TestProvider): Readonly<Record<string, string | string[] | undefined>> {
  return requests.findLast(({ path }) => path === '/auth')?.query ?? {}
}

test('who opens a page chooses a provider, and lands on the page wanted', async (t) => {
  const setup = await start(t)
  const { browser, gateway, upstream, url } = setup
  const chooser = await browser.open(url('/x?y=1'))
  t.strictSame([chooser.status, chooser.chain.length, chooser.setCookies], [200, 2, []], 'no login is begun before one is chosen')
  t.match(chooser.headers, { 'cache-control': 'no-store', 'content-security-policy': /default-src 'none'/, 'x-frame-options': 'DENY' })
  t.notMatch(chooser.text, /<input/, 'nobody is asked for an address that leads nowhere')
  t.strictSame([corp, partner].flatMap(({ requests }) => requests.filter(({ path }) => path === '/auth')), [])

  const page = await browser.signIn(linkOf(chooser, 'A partner'), 'alice')
  t.strictSame([page.status, page.url.href], [200, url('/x?y=1')])
  t.equal(asked(partner)['redirect_uri'], url('/oidc/callback/partner'))
  t.match(await session(setup), { provider: 'partner', name: 'Alice Elsewhere' })
  t.match(gateway.audit, [{ event: 'login', outcome: 'success', user: { sub: 'alice', provider: 'partner' } }])
  t.match(decodeJwt(upstream.requests.at(-1)?.headers['x-auth-assertion'] as string), { sub: 'alice', provider: 'partner' })
  t.equal(corp.requests.some(({ path }) => path === '/token'), false, 'the other provider hears nothing')
})

test('a link may name the provider, and nothing but its id', async (t) => {
  const setup = await start(t)
  const { browser, gateway, url } = setup
  const page = await browser.signIn(url('/oidc/login?return_to=/x&provider=corp'), 'alice')
  t.equal(page.url.href, url('/x'))
  t.match(await session(setup), { provider: 'corp', name: 'Alice Archer' })

  gateway.audit.length = 0
  for (const id of ['other', 'CORP', 'corp%20', 'corp,partner', '__proto__', encodeURIComponent(corp.issuer), '']) {
    const answer = await browser.get(url(`/oidc/login?return_to=/x&provider=${id}`))
    t.strictSame([answer.status, answer.setCookies], [400, []], id)
    t.equal(linkOf(answer, 'Sign in again').href, url('/oidc/login'), 'the page leads to the choice')
  }
  t.equal((await browser.get(url('/oidc/login?provider=corp&provider=partner'))).status, 400)
  t.strictSame(gateway.audit, [])
})

test('an e-mail address leads to the provider of its domain, which is told the address', async (t) => {
  const setup = await start(t, { corp: { emailDomains: ['example.com', 'bücher.example'] }, partner: { emailDomains: ['Partner.Example'] } })
  const { browser, gateway, url } = setup
  const addresses: ReadonlyArray<readonly [string, TestProvider]> = [
    ['alice@partner.example', partner], [' Alice.Archer@EXAMPLE.com ', corp], ['a+b@xn--bcher-kva.example', corp], ['a@bücher.example', corp], ['"o\'neil"@example.com', corp]
  ]
  for (const [email, provider] of addresses) {
    const visitor = new Browser()
    const question = await visitor.submit(await visitor.open(url('/x?y=1')), { email })
    t.equal(question.url.origin, provider.issuer, email)
    t.equal(asked(provider)['login_hint'], email.trim())
    t.equal(question.chain[0]?.status, 303, 'the form is not posted on')
    t.equal((await visitor.submit(question, { person: 'alice' })).url.href, url('/x?y=1'))
  }
  t.ok([...gateway.logs, ...gateway.auditLines].every((line) => !line.includes('xn--bcher')), 'nobody writes the address down')

  const chooser = await browser.open(url('/x?y=1'))
  const unknown = ['bob@other.example', 'bob@mail.example.com', 'bob@example.com.', 'bob@example.co', 'bob@example.com/x', 'bob@example.com#', '@example.com', 'example.com', 'a b@example.com', '"><script>@x.example', `${'b'.repeat(400)}@example.com`, '']
  for (const email of unknown) {
    const answer: Answer = await browser.submit(chooser, { email })
    t.strictSame([answer.status, answer.setCookies], [400, []], email)
    t.match(answer.text, /role="alert">No sign-in is set up for this address/)
    t.notMatch(answer.text.replaceAll(/ value="[^"]*"/g, ''), /example\.com|partner\.example|bücher|xn--|<script/i, 'the domains that lead somewhere stay untold')
    t.equal((await browser.signIn(linkOf(answer, 'A partner'), 'alice')).url.href, url('/x?y=1'), 'the choice is still there')
    browser.jar.clear()
  }
})

test('an address that another site puts into a link is a hint to the provider, and nothing else', async (t) => {
  const { gateway, url } = await start(t, { corp: { emailDomains: ['example.com'] } })
  const odd = ['a&prompt=none&redirect_uri=https://evil.example@example.com', '"><script>alert(1)</script>@example.com', '\u0000\u001B[31m\u202E@example.com', '%0d%0aX-Evil:1@example.com']
  const answers = await Promise.all(odd.map(async (email) => await new Browser().get(url(`/oidc/login?${new URLSearchParams({ email }).toString()}`), { from: 'https://evil.example/' })))
  for (const [index, { status, location, headers }] of answers.entries()) {
    t.strictSame([status, location?.origin, location?.searchParams.getAll('login_hint'), headers['x-evil']], [302, corp.issuer, [odd[index]], undefined])
    t.strictSame([location?.searchParams.getAll('redirect_uri'), location?.searchParams.has('prompt')], [[url('/oidc/callback/corp')], false])
  }
  const split = await new Browser().get(url(`/oidc/login?${new URLSearchParams({ email: 'a\r\nX-Evil: 1@example.com' }).toString()}`))
  t.strictSame([split.status, split.headers['x-evil']], [400, undefined])
  t.notMatch([...gateway.logs, ...gateway.auditLines].join(''), /evil|script|202E|\u202E/i, 'and is not written down')
})

test('the same subject at two providers is two people', async (t) => {
  const mapping = { 'cmdbsyncer-admins': { when: { providers: ['corp'] }, roles: ['admin'] }, guests: { roles: ['guest'] } }
  const rules = [{ path: '/admin/**', require: { roles: ['admin'] } }, { path: '/internal/**', require: { providers: ['corp'] } }]
  const settings = { claims: { user: 'upn', groups: 'memberOf' }, groups: { allow: ['guests'] } }
  const setup = await start(t, { partner: settings, configuration: { roles: { mapping }, access: { rules } } })
  const [atCorp, atPartner] = [setup, { ...setup, browser: new Browser() }]
  await signInAt('Example Corporation', atCorp, 'alice')
  await signInAt('A partner', atPartner, 'alice')
  const { expiresAt: _1, idleExpiresAt: _2, authTime: _3, ...who } = await session(atPartner)
  t.strictSame(who, {
    sub: 'alice',
    user: 'alice@partner.example',
    email: 'alice@example.com',
    name: 'Alice Elsewhere',
    firstName: 'Alice',
    lastName: 'Archer',
    provider: 'partner',
    groups: ['cmdbsyncer-admins', 'guests'],
    roles: ['guest'],
    organizations: {},
    projects: {},
    attributes: {}
  })
  t.match(await session(atCorp), { sub: 'alice', user: 'alice', provider: 'corp', groups: ['cmdbsyncer-admins'], roles: ['admin'] })

  const statuses = async ({ browser, url }: Setup) => [(await browser.get(url('/admin/'))).status, (await browser.get(url('/internal/'))).status]
  t.strictSame([await statuses(atCorp), await statuses(atPartner)], [[200, 200], [403, 403]])
  t.match((await atPartner.browser.get(setup.url('/internal/'))).text, /This page needs a sign-in at the provider corp/)

  await atPartner.browser.open(setup.url('/oidc/logout'))
  t.match(await session(atCorp), { user: 'alice' }, 'one signs out, the other does not notice')
  t.equal((await atPartner.browser.get(setup.url('/oidc/session'), { program: true })).status, 401)
})

test('a provider can’t give by its roles claim what is kept for another', async (t) => {
  const mapping = { 'cmdbsyncer-admins': { when: { provider: 'corp' }, roles: ['admin'] } }
  const rules = [{ path: '/admin/**', require: { roles: ['admin'] } }, { path: '/reader/**', require: { roles: ['reader'] } }]
  const setup = await start(t, { configuration: { claims: { roles: 'entitlements' }, roles: { mapping }, access: { rules } } })
  const { browser, url } = setup
  await signInAt('A partner', setup, 'alice')
  t.match(await session(setup), { provider: 'partner', roles: ['reader'] })
  t.strictSame([(await browser.get(url('/admin/'))).status, (await browser.get(url('/reader/'))).status], [403, 200])
})

test('who wants another account chooses anew, and is asked there', async (t) => {
  const setup = await start(t, { partner: { emailDomains: ['partner.example'] }, configuration: { access: { rules: [{ path: '/internal/**', require: { providers: ['corp'] } }] } } })
  const { browser, gateway, url } = setup
  await signInAt('A partner', setup, 'alice')
  const chooser = await browser.open(linkOf(await browser.open(url('/internal/q?z=1')), 'Use another account'), { from: url('/internal/q?z=1') })
  t.equal((await browser.get(url('/oidc/session'), { program: true })).status, 401, 'the session has ended, whatever is chosen')

  await browser.submit(chooser, { email: 'alice@partner.example' })
  t.equal(asked(partner)['prompt'], 'login', 'by the form')
  const page = await browser.signIn(linkOf(chooser, 'Example Corporation'), 'alice')
  t.equal(asked(corp)['prompt'], 'login', 'by the button')
  t.strictSame([page.status, page.url.href], [200, url('/internal/q?z=1')])
  t.strictSame(gateway.audit.map(({ event, outcome }) => `${String(event)} ${String(outcome)}`), ['login success', 'access.denied failure', 'logout success', 'login success'])
})

test('a provider that is taken out of the configuration takes its sessions along', async (t) => {
  const publicUrl = 'https://app.example.com'
  const open = async (issuer: GatewayOptions['issuer']) => await startGateway(t, { issuer, upstream: 'http://127.0.0.1:9', publicUrl, configuration: { session: { secret: testSecret } } })
  const [one, two] = [await startRogueProvider(t, { clientSecret }), await startRogueProvider(t, { clientSecret })]
  const both = [{ id: 'one', label: 'One', issuer: one.issuer }, { id: 'two', label: 'Two', issuer: two.issuer }]
  const [before, after] = [await open(both), await open(both.slice(0, 1))]
  for (const [provider, status] of [['one', 200], ['two', 401]] as const) {
    const browser = new Browser({ balancer: { [publicUrl]: before.port } })
    const page = await browser.open(`${publicUrl}/oidc/login?return_to=/oidc/session&provider=${provider}`)
    t.match(page.json(), { provider })
    const cookie = browser.jar.header(new URL(publicUrl)) ?? ''
    const later = new Browser({ balancer: { [publicUrl]: after.port } })
    t.equal((await later.get(`${publicUrl}/oidc/session`, { program: true, headers: { cookie } })).status, status, provider)
  }
})

test('a list of one asks nobody, and is ready for the next', async (t) => {
  const only = await startRogueProvider(t, { clientSecret })
  const gateway = await startGateway(t, { issuer: [{ id: 'only', issuer: only.issuer }], upstream: (await startUpstream(t)).url })
  t.equal((await new Browser().open(`${gateway.origin}/x`)).url.href, `${gateway.origin}/x`)
  t.equal(only.calls('authorize')[0]?.url.searchParams.get('redirect_uri'), `${gateway.origin}/oidc/callback/only`)
  for (const path of ['callback', 'backchannel-logout', 'frontchannel-logout']) {
    const [own, common] = [await new Browser().get(`${gateway.origin}/oidc/${path}/only`), await new Browser().get(`${gateway.origin}/oidc/${path}`)]
    t.strictSame([own.status === 404, common.status], [false, 404], path)
  }
})

test('tabs that sign in at different providers each end at their page', async (t) => {
  const setup = await start(t)
  const { browser, gateway, url } = setup
  const ways = await Promise.all(['corp', 'partner', 'corp', 'partner'].map(async (provider, tab) => {
    return await browser.open(url(`/oidc/login?return_to=/tab/${tab}&provider=${provider}`))
  }))
  for (const [tab, question] of [...ways.entries()].reverse()) {
    const page = await browser.submit(question, { person: 'alice' })
    t.strictSame([page.status, page.url.href], [200, url(`/tab/${tab}`)])
    t.match(await session(setup), { provider: tab % 2 === 0 ? 'corp' : 'partner' })
  }
  t.strictSame(gateway.audit.map(({ outcome }) => outcome), Array(4).fill('success'))
})

test('a sign-in that got lost starts again at the provider that was chosen', async (t) => {
  const { browser, url, gateway } = await start(t)
  await browser.signIn(url('/oidc/login?provider=partner'), 'alice')
  const begun = await browser.get(url('/oidc/login?provider=partner&return_to=/x'))
  const callback = (await browser.get(begun.location ?? '')).location
  t.equal(callback?.pathname, '/oidc/callback/partner')
  const elsewhere = new Browser()
  t.equal((await elsewhere.get(callback ?? '')).location?.origin, partner.issuer)
  t.match(gateway.audit.at(-1), { reason: 'state_invalid', user: { provider: 'partner' } })
  const astray = callback?.href.replace('/callback/partner', '/callback/corp') ?? ''
  t.equal((await new Browser().get(astray)).location?.origin, partner.issuer, 'the choice counts, not the address')
  for (const path of ['/oidc/callback', '/oidc/callback/', '/oidc/callback/other', '/oidc/callback/corp/x']) t.equal((await elsewhere.get(url(path))).status, 404, path)
})

test('a provider that is away leaves the others, and Doorward ready', async (t) => {
  const clock = stoppedClock()
  const away = await startProvider(t)
  await away.stop()
  const setup = await start(t, { now: () => clock.now, partner: { issuer: away.issuer, emailDomains: ['partner.example'] } })
  const { browser, gateway, url } = setup
  const failed = await browser.open(linkOf(await browser.open(url('/x?y=1')), 'A partner'))
  t.equal(failed.status, 503)
  t.match(gateway.audit, [{ reason: 'setup_error', user: { provider: 'partner' } }])
  const posted = await browser.submit(await browser.open(url('/x?y=1')), { email: 'alice@partner.example' })
  t.equal(posted.status, 503)
  for (const page of [failed, posted]) {
    const again = await browser.open(linkOf(page, 'Try again'))
    t.ok(linkOf(again, 'Example Corporation'), 'the choice is offered again')
  }
  t.equal((await signInAt('Example Corporation', setup, 'alice')).url.href, url('/x?y=1'))

  const { status, dependencies } = await (await fetch(`${gateway.admin}/readyz`)).json() as { status: string, dependencies: Record<string, { status: string }> }
  t.strictSame([status, dependencies['provider:corp']?.status, dependencies['provider:partner']?.status], ['ready', 'up', 'down'])
  const metrics = await scrape(gateway.admin)
  t.strictSame(metrics['doorward_provider_up']?.samples, { '{provider="corp"}': 1, '{provider="partner"}': 0 })
})

test('a token is judged by the provider that it names, and shown to no other', async (t) => {
  const jwts = await startRogueProvider(t, { clientSecret })
  const opaque = await startRogueProvider(t, { clientSecret, introspection: (token) => ({ active: token === 'opaque', token_type: 'Bearer', aud: 'api', sub: 'alice' }) })
  await opaque.keys.rotate()
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, {
    issuer: [
      { id: 'jwts', label: 'One', issuer: jwts.issuer, bearer: { audiences: ['api'] } },
      { id: 'opaque', label: 'Two', issuer: opaque.issuer, bearer: { audiences: ['api'], tokens: 'introspection' } }
    ],
    upstream: upstream.url,
    configuration: { access: { rules: [{ path: '/**', bearer: true }] } }
  })
  const asJwt = async (signer: RogueProvider, iss: unknown) => {
    const now = Math.floor(Date.now() / 1000)
    return await signer.keys.sign({ iss, aud: 'api', sub: 'alice', scope: 'x', iat: now, exp: now + 300 }, { ...signer.keys.header, typ: 'at+jwt' })
  }
  const tokens: ReadonlyArray<readonly [what: string, token: string, status: number, judge?: string]> = [
    ['of the first', await asJwt(jwts, jwts.issuer), 200, 'jwts'],
    ['opaque, of the one that is asked about all', 'opaque', 200, 'opaque'],
    ['opaque, of nobody', 'other', 401],
    ['of the second, which does not vouch for it', await asJwt(opaque, opaque.issuer), 401],
    ['in the name of the first, signed by the second', await asJwt(opaque, jwts.issuer), 401],
    ['of a stranger', await asJwt(jwts, 'https://other.example'), 401],
    ['of nobody', await asJwt(jwts, undefined), 401],
    ['of several', await asJwt(jwts, [jwts.issuer, opaque.issuer]), 401]
  ]
  for (const [what, token, status, judge] of tokens) {
    const answer = await new Browser().get(gateway.origin, { program: true, headers: { authorization: `Bearer ${token}` } })
    t.equal(answer.status, status, what)
    if (judge !== undefined) t.match(decodeJwt(upstream.requests.at(-1)?.headers['x-auth-assertion'] as string), { sub: 'alice', provider: judge }, what)
  }
  const shown = opaque.calls('introspection').map(({ form }) => form.get('token'))
  t.strictSame(shown, [tokens[1]?.[1], tokens[2]?.[1], tokens[3]?.[1]], 'what others have issued is not shown to it')
  t.strictSame(jwts.calls('introspection'), [])
})
