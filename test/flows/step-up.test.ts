/** Rules that ask for a stronger or a more recent sign-in, and providers that grant it, don't, or pass over the question. */
import { test, type Test } from 'tap'
import { Browser } from '../support/browser.ts'
import { type RogueGateway, type RogueGatewayOptions, signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'
import { linkOf, minute, startJourney, stoppedClock } from './journey.ts'

const rules = [
  { path: '/gold/**', require: { acr: ['gold', 'platinum'] } },
  { path: '/recent/**', require: { maxAge: '15m' } },
  { path: '/vault/**', methods: ['GET'], require: { acr: ['gold'], maxAge: '5m', roles: ['admin'] } },
  { path: '/script/**', require: { acr: ['gold'] }, unauthenticated: 401 },
  { path: '/api/**', require: { acr: ['gold'], maxAge: '10m' }, bearer: true }
]

interface Levels extends RogueGateway {
  readonly clock: { now: number }
  /** How the provider signs people in, beside what it is asked for. */
  readonly manners: { isDeaf?: boolean, isLazy?: boolean, saysNothing?: boolean }
  url (path: string): string
  /** What the last authorization request asked for. */
  asked (): Record<string, string | null>
}

/** A provider that knows kinds of sign-in, and remembers when somebody last signed in there. */
async function startLevels (t: Test, options: RogueGatewayOptions = {}): Promise<Levels> {
  const clock = stoppedClock()
  const manners: Levels['manners'] = {}
  let signedInAt = clock.now
  const parts: RogueGateway = await startRogueGateway(t, {
    now: () => clock.now,
    configuration: { access: { rules }, roles: { mapping: { 'cmdbsyncer-ops': { roles: ['admin'] } } }, provider: { clockTolerance: '0s', bearer: { audiences: ['api'], tokens: 'introspection' } } },
    ...options,
    rogue: {
      idToken (honest) {
        const wish = parts.rogue.calls('authorize').at(-1)?.url.searchParams
        const isTooOld = wish?.has('max_age') === true && clock.now - signedInAt > Number(wish.get('max_age')) * 1000
        if (wish?.get('prompt') === 'login' ? manners.isDeaf !== true : isTooOld && manners.isLazy !== true && manners.isDeaf !== true) signedInAt = clock.now
        // By the clock that stands still, or the tokens would be of its future.
        const iat = Math.floor(clock.now / 1000)
        const token = { ...honest, iat, exp: iat + 3600 }
        if (manners.saysNothing === true) return token
        return { ...token, auth_time: Math.floor(signedInAt / 1000), acr: manners.isDeaf === true ? 'bronze' : wish?.get('acr_values')?.split(' ')[0] ?? 'bronze' }
      },
      introspection: (token) => JSON.parse(Buffer.from(token, 'base64url').toString()) as Record<string, unknown>
    }
  })
  return {
    ...parts,
    clock,
    manners,
    url: (path) => parts.gateway.origin + path,
    asked () {
      const wish = parts.rogue.calls('authorize').at(-1)?.url.searchParams
      return { acr_values: wish?.get('acr_values') ?? null, max_age: wish?.get('max_age') ?? null, prompt: wish?.get('prompt') ?? null }
    }
  }
}

test('who has no session signs in once, as strongly and recently as the page demands', async (t) => {
  const { browser, asked, gateway, rogue, url } = await startLevels(t)
  t.equal((await browser.open(url('/gold/x?y=1'))).url.href, url('/gold/x?y=1'))
  t.strictSame([asked(), rogue.calls('authorize').length], [{ acr_values: 'gold platinum', max_age: null, prompt: null }, 1])
  const other = new Browser()
  t.equal((await other.open(url('/vault/x'))).status, 200)
  t.strictSame([asked(), rogue.calls('authorize').length], [{ acr_values: 'gold', max_age: '300', prompt: null }, 2])
  t.match(gateway.audit.map(({ event, outcome }) => [event, outcome]), [['login', 'success'], ['login', 'success']])
})

test('who is signed in is sent to the provider again where that is not enough, and comes back to the page', async (t) => {
  const { browser, asked, gateway, rogue, upstream, url } = await startLevels(t)
  await browser.open(url('/plain'))
  t.strictSame(asked(), { acr_values: null, max_age: null, prompt: null })
  t.equal((await browser.open(url('/gold/x'))).url.href, url('/gold/x'))
  t.strictSame([asked(), rogue.calls('authorize').length], [{ acr_values: 'gold platinum', max_age: null, prompt: null }, 2])
  t.equal((await browser.get(url('/gold/y'))).status, 200, 'and it lasts')
  t.strictSame(upstream.requests.map((request) => request.url), ['/plain', '/gold/x', '/gold/y'])
  t.equal(new Set(gateway.audit.map(({ session }) => session)).size, 2, 'by a new session')
})

test('a sign-in becomes too old, however much its session is used', async (t) => {
  const { browser, asked, clock, rogue, url } = await startLevels(t)
  await browser.open(url('/recent/x'))
  clock.now += 15 * minute - 1000
  t.equal((await browser.get(url('/recent/x'))).status, 200)
  clock.now += 2000
  t.equal((await browser.get(url('/recent/x'))).status, 302)
  t.equal((await browser.get(url('/plain'))).status, 200, 'elsewhere it is good')
  t.equal((await browser.open(url('/recent/x'))).status, 200)
  t.strictSame([asked(), rogue.calls('authorize').length], [{ acr_values: null, max_age: '900', prompt: null }, 2])
})

test('a provider that passes over max_age is told once to make the person sign in', async (t) => {
  const { browser, asked, clock, manners, rogue, url } = await startLevels(t)
  manners.isLazy = true
  await browser.open(url('/plain'))
  clock.now += 20 * minute
  t.equal((await browser.open(url('/recent/x'))).status, 200)
  t.strictSame([asked(), rogue.calls('authorize').length], [{ acr_values: null, max_age: '900', prompt: 'login' }, 3])
})

test('what comes back counts, not what was asked for: a page says what is missing, and nobody goes in circles', async (t) => {
  const cases = [
    ['/gold/x', { isDeaf: true }, 1, /needs a sign-in of the kind gold or platinum\./],
    ['/gold/x', { saysNothing: true }, 1, /needs a sign-in of the kind gold or platinum\./],
    ['/recent/x', { isDeaf: true }, 2, /needs a sign-in that is not older than 15 minutes\./],
    ['/recent/x', { saysNothing: true }, 2, /needs a sign-in that is not older than 15 minutes\./],
    ['/vault/x', { isDeaf: true }, 1, /needs a sign-in of the kind gold that is not older than 5 minutes\./]
  ] as const
  for (const [path, manner, requests, words] of cases) {
    const { browser, clock, gateway, manners, rogue, upstream, url } = await startLevels(t)
    Object.assign(manners, manner)
    await browser.open(url('/plain'))
    const cookie = await signedInCookie(gateway, browser)
    const before = rogue.calls('authorize').length
    clock.now += 20 * minute
    const page = await browser.open(url(path))
    t.equal(page.status, 403, path)
    t.match(page.text, words)
    t.equal(rogue.calls('authorize').length - before, requests, 'requests to the provider')
    t.match(gateway.audit.at(-1), { event: 'login', outcome: 'failure', reason: 'acr_not_met' })
    t.ok(upstream.requests.every((request) => request.url !== path), 'the application heard nothing')
    t.equal((await new Browser().get(url('/plain'), { headers: { cookie } })).status, 200, 'the session that there was goes on')
    Object.assign(manners, { isDeaf: false, saysNothing: false })
    t.equal((await browser.open(linkOf(page, 'Sign in again'))).url.href, url(path), 'the button asks for the same again')
    t.equal(linkOf(page, 'Use another account').searchParams.get('switch_account'), 'true')
  }
})

test('taking the demand out of the address, or making one up, opens nothing', async (t) => {
  const { browser, asked, url } = await startLevels(t)
  for (const extra of ['', '&rule=1', '&rule=99', '&rule=-1', '&rule=x', '&acr_values=gold']) {
    await browser.open(url(`/oidc/login?return_to=/plain${extra}`))
    const { location } = await browser.get(url('/gold/x'))
    t.equal(location?.searchParams.get('rule'), '0', `after a sign-in with ${extra}`)
  }
  await browser.get((await browser.get(url('/oidc/login?return_to=/x&acr_values=evil&max_age=0&prompt=none'))).location ?? '')
  t.strictSame(asked(), { acr_values: null, max_age: null, prompt: null }, 'nor does the address ask the provider for anything that no rule does')
})

test('a script is told what to ask for (RFC 9470), and so is a program with a token', async (t) => {
  const { browser, clock, gateway, url } = await startLevels(t)
  await browser.open(url('/plain'))
  const wanted = 'Bearer realm="doorward", error="insufficient_user_authentication", error_description="A stronger or more recent sign-in is needed"'
  const answer = await browser.get(url('/vault/x'), { program: true })
  t.equal(answer.status, 401)
  t.equal(answer.headers['www-authenticate'], `${wanted}, acr_values="gold", max_age="300"`)
  t.match(answer.json(), { code: 'step_up_required', login_url: '/oidc/login?return_to=%2Fvault%2Fx&rule=2', acr_values: ['gold'], max_age: 300 })
  const page = await browser.get(url('/script/x'))
  t.strictSame([page.status, linkOf(page, 'Sign in again').href], [401, url('/oidc/login?return_to=%2Fscript%2Fx&rule=3')], 'a person is told in words')

  const seconds = Math.floor(clock.now / 1000)
  const fresh = { active: true, iss: undefined, aud: 'api', sub: 's', token_type: 'Bearer', exp: seconds + 3600, acr: 'gold', auth_time: seconds }
  const verdicts: Array<[Record<string, unknown>, number]> = [
    [{}, 200],
    [{ acr: 'bronze' }, 401],
    [{ acr: undefined }, 401],
    [{ acr: ['gold'] }, 401],
    [{ auth_time: seconds - 11 * 60 }, 401],
    [{ auth_time: undefined }, 401],
    [{ auth_time: String(seconds) }, 401],
    [{ auth_time: seconds + 3600 }, 401]
  ]
  for (const [claims, status] of verdicts) {
    const token = Buffer.from(JSON.stringify({ ...fresh, ...claims })).toString('base64url')
    const { status: found, headers } = await new Browser().get(`${gateway.origin}/api/x`, { headers: { authorization: `Bearer ${token}` } })
    t.equal(found, status, JSON.stringify(claims))
    if (status === 401) t.equal(headers['www-authenticate'], `${wanted}, acr_values="gold", max_age="600"`)
  }
})

test('nobody is sent to sign in again only to be refused', async (t) => {
  const { browser, rogue, url } = await startLevels(t, { configuration: { access: { rules: [{ path: '/admin/**', require: { roles: ['boss'], acr: ['gold'] } }] } } })
  await browser.open(url('/plain'))
  t.equal((await browser.get(url('/admin/x'))).status, 403)
  t.equal(rogue.calls('authorize').length, 1)
})

test('a real provider grants a recent sign-in, and the rest of the session goes on', async (t) => {
  const journey = await startJourney(t, { configuration: { access: { rules: [{ path: '/recent/**', require: { maxAge: '1h' } }] } } })
  const { browser, url } = journey
  await browser.signIn(url('/plain'), 'bob')
  t.equal((await browser.open(url('/recent/x'))).status, 200, 'the provider says when it was that bob signed in')
  t.equal((await browser.get(url('/recent/y'))).status, 200)
})
