/** What a sign-in is for, beside its page: a rule's demands, a form, a fragment. None of it is lost on any way through the sign-in. */
import { randomUUID } from 'node:crypto'
import t, { test, type Test } from 'tap'
import { browserAt, startReplica } from '../sessions/replicas.ts'
import { type Answer, Browser, type Page } from '../support/browser.ts'
import { startGateway, testSecret } from '../support/gateway.ts'
import { missingPart } from '../support/parts.ts'
import { client, startProvider, type TestProvider } from '../support/provider.ts'
import { startRedis, until } from '../support/redis.ts'
import { startUpstream } from '../support/upstream.ts'
import { calls, type JourneyOptions, linkOf, logins, minute, refuseCookies, startJourney, stoppedClock } from './journey.ts'

const corp = await startProvider(t)
const partner = await startProvider(t, { protocol: { features: { pushedAuthorizationRequests: { enabled: true } } } })
const upstream = await startUpstream(t)

const access = { rules: [{ path: '/recent/**', require: { maxAge: '15m' } }] }
const fields = new URLSearchParams({ title: 'A report' })
const sentForm = 'POST /recent/reports?draft=1 title=A+report'

/** What the application got: method, target, body. */
function received (): string[] {
  return upstream.requests.map(({ method, url, body }) => `${method} ${url} ${body.toString()}`)
}

/** What a provider was last asked for. */
function asked ({ requests }: TestProvider): Readonly<Record<string, unknown>> {
  return requests.findLast(({ path }) => path === '/auth')?.query ?? {}
}

interface Setup {
  readonly browser: Browser
  url (path: string): string
  /** Fills in a form of the application, whose session has not begun. */
  post (): Promise<Page>
}

async function startBoth (t: Test, { session = {}, tolerances = ['30s', '30s'], now }: { readonly session?: object, readonly tolerances?: readonly string[], readonly now?: () => number } = {}): Promise<Setup> {
  for (const { requests } of [corp, partner, upstream]) requests.length = 0
  const gateway = await startGateway(t, {
    issuer: [
      { id: 'corp', label: 'Example Corporation', issuer: corp.issuer, emailDomains: ['example.com'], clockTolerance: tolerances[0] },
      { id: 'partner', label: 'A partner', issuer: partner.issuer, clockTolerance: tolerances[1] }
    ],
    upstream: upstream.url,
    configuration: { access, session: { secret: testSecret, ...session } },
    async onOrigin (origin) {
      for (const [provider, id] of [[corp, 'corp'], [partner, 'partner']] as const) await provider.register(client(origin, { redirect_uris: [`${origin}/oidc/callback/${id}`] }))
    },
    ...(now !== undefined && { now })
  })
  return setupOf(new Browser(), gateway.origin)
}

async function startOne (t: Test, options: JourneyOptions = {}) {
  for (const { requests } of [partner, upstream]) requests.length = 0
  const journey = await startJourney(t, { provider: partner, upstream, ...options, configuration: { access, ...options.configuration } })
  return { ...journey, ...setupOf(journey.browser, journey.gateway.origin) }
}

function setupOf (browser: Browser, origin: string): Setup {
  return { browser, url: (path) => origin + path, post: async () => await browser.open(`${origin}/recent/reports?draft=1`, { method: 'POST', body: fields, from: `${origin}/recent/new` }) }
}

test('the choice of a provider loses neither the form nor what the rule demands', async (t) => {
  const ways = [
    ['by its button', partner, async ({ browser }: Setup, chooser: Answer) => await browser.signIn(linkOf(chooser, 'A partner'), 'alice')],
    ['by an address', corp, async ({ browser }: Setup, chooser: Answer) => await browser.submit(await browser.submit(chooser, { email: 'alice@example.com' }), { person: 'alice' })],
    ['by an address, after one that leads nowhere', corp, async ({ browser }: Setup, chooser: Answer) => {
      const again = await browser.submit(chooser, { email: 'alice@elsewhere.example' })
      return await browser.submit(await browser.submit(again, { email: 'alice@example.com' }), { person: 'alice' })
    }]
  ] as const
  for (const [way, provider, choose] of ways) {
    const setup = await startBoth(t)
    const page = await choose(setup, await setup.post())
    t.strictSame([page.status, page.url.href], [200, setup.url('/recent/reports?draft=1')], way)
    t.equal(asked(provider)['max_age'], '900', way)
    t.strictSame(received(), [sentForm], way)
  }
})

test('who needs a better sign-in than they have gets it where they signed in, and the choice for another account', async (t) => {
  const clock = stoppedClock()
  const { browser, url } = await startBoth(t, { now: () => clock.now })
  await browser.signIn(linkOf(await browser.open(url('/plain')), 'A partner'), 'alice')
  clock.now += 20 * minute
  t.equal((await browser.open(url('/recent/x'))).url.origin, new URL(partner.issuer).origin, 'without being asked where')
  t.equal(asked(partner)['max_age'], '900')
  const chooser = await browser.open(url('/oidc/login?return_to=/recent/x&rule=0&switch_account=true'))
  t.equal(linkOf(chooser, 'Example Corporation').searchParams.get('rule'), '0')
  t.equal((await browser.open(url('/recent/x'))).url.pathname, '/oidc/login', 'nobody is signed in any more')
})

test('the choice of a provider keeps the name of a fragment, and is not asked for it again', async (t) => {
  const setup = await startBoth(t, { session: { keepFragment: true } })
  const { browser, url } = setup
  const name = randomUUID()
  t.match((await browser.get(url('/oidc/login?return_to=/x'))).text, /data-page="\/x"/)
  const chooser = await browser.get(url(`/oidc/login?return_to=/x&fragment=${name}`))
  const wrong = await browser.submit(chooser, { email: 'alice@elsewhere.example' })
  for (const page of [chooser, wrong]) t.equal(linkOf(page, 'A partner').searchParams.get('fragment'), name)
  const arrived = await browser.signIn(linkOf(wrong, 'A partner'), 'alice')
  t.match(arrived.text, `data-fragment="${name}"`)
})

test('an answer that the browser posts brings the form along', async (t) => {
  const setup = await startOne(t, { publicUrl: 'https://app.example.com', configuration: { provider: { responseMode: 'form_post' } } })
  const posting = await setup.browser.submit(await setup.post(), { person: 'bob' })
  t.strictSame([asked(partner)['response_mode'], posting.url.origin], ['form_post', new URL(partner.issuer).origin])
  const page = await setup.browser.submit(posting)
  t.strictSame([page.status, page.url.href, logins(setup)], [200, setup.url('/recent/reports?draft=1'), ['success']])
  t.strictSame([asked(partner)['max_age'], received()], ['900', [sentForm]])
})

test('what a rule demands is pushed with the rest of the request', async (t) => {
  const setup = await startOne(t, { configuration: { provider: { par: 'always' } } })
  await setup.browser.submit(await setup.post(), { person: 'bob' })
  t.equal(calls(setup, '/request')[0]?.form['max_age'], '900')
  t.strictSame(Object.keys(calls(setup, '/auth')[0]?.query ?? {}).sort(), ['client_id', 'request_uri'])
  t.strictSame(received(), [sentForm])
})

test('a sign-in that has to begin once more is still for the same', async (t) => {
  const setup = await startOne(t)
  const accept = refuseCookies(setup.browser, /-login-/)
  const question = await setup.post()
  accept()
  const page = await setup.browser.submit(question, { person: 'bob' })
  t.strictSame([page.status, logins(setup)], [200, ['failure: state_invalid', 'success']])
  t.strictSame(calls(setup, '/auth').map(({ query }) => query['max_age']), ['900', '900'])
  t.strictSame(received(), [sentForm])
})

test('how recent a sign-in is, is told by the clock of the provider where it was made, give or take its tolerance', async (t) => {
  const clock = stoppedClock()
  const setup = await startBoth(t, { tolerances: ['30s', '10m'], now: () => clock.now })
  const other = new Browser()
  const url = setup.url('/recent/x')
  await setup.browser.signIn(linkOf(await setup.browser.open(url), 'Example Corporation'), 'alice')
  await other.signIn(linkOf(await other.open(url), 'A partner'), 'alice')
  clock.now += 20 * minute
  t.strictSame([(await setup.browser.get(url)).status, (await other.get(url)).status], [302, 200])
  clock.now += 6 * minute
  t.equal((await other.get(url)).status, 302)
})

test('with Redis, a form that one replica keeps is sent by another', { skip: missingPart('redis-server') }, async (t) => {
  const redis = await startRedis(t)
  upstream.requests.length = 0
  const session = { redis: { url: redis.url } }
  const options = { provider: partner, upstream, configuration: { access } }
  const first = await startReplica(t, session, options)
  const second = await startReplica(t, session, options)
  const { post } = setupOf(first.browser, first.gateway.origin)
  const question = await post()
  const there = browserAt(second, first.browser)
  const page = await there.submit(question, { person: 'bob' })
  t.equal(page.status, 200)
  t.strictSame(received(), [sentForm])
  t.equal((await there.get(second.url('/recent/reports?draft=1'))).status, 200)
  t.equal(received().length, 2, 'once')
})

test('in Redis, too, forms that anybody may post take up no more room than they are given', { skip: missingPart('redis-server') }, async (t) => {
  const redis = await startRedis(t)
  upstream.requests.length = 0
  const replica = await startReplica(t, { redis: { url: redis.url }, postLimit: '1MiB' }, { provider: partner, upstream })
  const { browser, url } = replica
  const body = Buffer.alloc(1024 ** 2, 'a')
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  for (let count = 0; count < 24; count++) t.equal((await new Browser({ balancer: { [replica.gateway.origin]: replica.gateway.port } }).get(url('/x'), { method: 'POST', body, headers, from: url('/') })).status, 302)
  const question = await browser.open(url('/y'), { method: 'POST', body, headers, from: url('/') })
  const kept = async (): Promise<number> => (await redis.ask('--scan')).split('\n').filter((key) => key.includes('form')).length
  await until(async () => await kept() < 20)
  t.ok(await kept() > 10, 'the oldest make room')
  t.equal((await browser.submit(question, { person: 'bob' })).status, 200)
  t.strictSame(upstream.requests.map(({ method, url, body }) => [method, url, body.length]), [['POST', '/y', body.length]])
})
