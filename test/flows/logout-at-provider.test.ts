/** Signing out at the provider too, and coming back (OpenID Connect RP-Initiated Logout); what becomes of the tokens (RFC 7009). */
import { decodeJwt } from 'jose'
import t, { test } from 'tap'
import { untilCounted } from '../admin/scrape.ts'
import { type Browser } from '../support/browser.ts'
import { raw } from '../support/rogue-provider.ts'
import { startRogueGateway } from '../support/rogue-gateway.ts'
import { startProvider } from '../support/provider.ts'
import { anotherBrowser, type Journey, minute, startJourney, stoppedClock } from './journey.ts'

const provider = await startProvider(t)

/** Leaves from a page of the application; where that leads, without going there. */
async function leave ({ browser, url }: Journey, query = ''): Promise<URL> {
  const answer = await browser.get(url(`/oidc/logout${query}`), { from: url('/x') })
  if (answer.status !== 303 || answer.location === undefined) throw new Error(`the sign-out ended with ${answer.status}`)
  return answer.location
}

function ownCookies ({ browser, url }: Journey): string[] {
  return browser.jar.for(new URL(url('/oidc/'))).map(({ name }) => name).filter((name) => name.includes('doorward'))
}

test('signing out ends the session here, then the one at the provider, and comes back to a page with a way in', async (t) => {
  const journey = await startJourney(t, { provider })
  const { browser, gateway, url } = journey
  await browser.signIn(url('/x'), 'bob')
  const copy = browser.jar.header(new URL(url('/'))) ?? ''

  const way = await leave(journey)
  t.equal(`${way.origin}${way.pathname}`, `${provider.issuer}/session/end`)
  const { id_token_hint: hint = '', state, ...rest } = Object.fromEntries(way.searchParams)
  t.match(decodeJwt(hint), { iss: provider.issuer, sub: 'bob', aud: 'doorward' })
  t.match(state, /^[\w-]{40,}\.[\w-]+$/, 'sealed')
  t.strictSame(rest, { client_id: 'doorward', post_logout_redirect_uri: url('/oidc/signed-out') })
  t.equal((await anotherBrowser(journey).get(url('/x'), { headers: { cookie: copy } })).status, 302, 'over before the provider has heard of it')

  const page = await browser.submit(await browser.open(way, { from: url('/x') }), { logout: 'yes' })
  t.equal(page.url.pathname, '/oidc/signed-out')
  t.match(page.text, /You are signed out[^]*your identity provider was asked to end its own/)
  t.match(page.text, '<a class="button primary" href="/oidc/login">Sign in</a>')
  t.strictSame(ownCookies(journey), [])
  t.match((await browser.open(url('/x'))).text, /name="person"/, 'the provider has forgotten who it was')
  await untilCounted(gateway.admin, 'doorward_logouts_total', '{initiator="user"}', 1)
})

test('a POST is answered with 303, and after the question too the provider is told', async (t) => {
  const journey = await startJourney(t, { provider })
  const { browser, url } = journey
  await browser.signIn(url('/x'), 'bob')
  t.equal((await browser.get(url('/oidc/logout'), { method: 'POST', from: url('/x'), body: 'a=b' })).status, 303)
  await browser.open(url('/x'))
  const asked = await browser.open(url('/oidc/logout?return_to=%2Fpublic%3Fa%3D%2522b'), { from: 'https://evil.example/' })
  t.match(asked.text, /Another site asked to sign you out here/)
  const page = await browser.submit(await browser.submit(asked), { logout: 'yes' })
  t.ok(page.chain.some(({ location }) => location?.href === url('/public?a=%22b')), 'the page that was asked for is remembered')
})

test('after the sign-out people go on to a page of this site, if that was asked for, and to no other', async (t) => {
  const journey = await startJourney(t, { provider, configuration: { access: { rules: [{ path: '/bye/**', allow: 'anonymous' }] } } })
  const { browser, gateway, url } = journey
  await browser.signIn(url('/x'), 'bob')
  for (const evil of ['https://evil.example/', '//evil.example', '/\\evil.example', '/%09/evil.example', '/\t/evil.example', `${gateway.origin}.evil.example/`, 'javascript:alert(1)', '']) {
    const refused = await browser.get(url(`/oidc/logout?${new URLSearchParams({ return_to: evil }).toString()}`), { from: url('/x') })
    t.strictSame([refused.status, refused.location], [400, undefined], evil)
  }
  t.equal((await browser.get(url('/oidc/logout?return_to=/a&return_to=/b'), { from: url('/x') })).status, 400)
  t.equal((await browser.get(url('/x'))).status, 200, 'whoever was refused is still signed in')

  const page = await browser.submit(await browser.open(await leave(journey, '?return_to=/bye/bob?a=1')), { logout: 'yes' })
  t.equal(page.url.href, url('/bye/bob?a=1'))
  t.equal(page.status, 200)
  t.strictSame(ownCookies(journey), [])
})

test('who comes back without the state, or with one that is not theirs, is told nothing more than that they are signed out', async (t) => {
  const clock = stoppedClock()
  const journey = await startJourney(t, { provider, now: () => clock.now })
  const { browser, url } = journey
  await browser.signIn(url('/x'), 'bob')
  const state = (await leave(journey, '?return_to=/secret-plan')).searchParams.get('state') ?? ''
  const land = async (visitor: Browser, query: string) => {
    const { status, location, text, setCookies } = await visitor.get(url(`/oidc/signed-out${query}`))
    return [status, location?.pathname, /identity provider (\w+)/.exec(text)?.[1], setCookies.length]
  }
  const plain = [200, undefined, 'may', 0]
  for (const wrong of ['', '?', '?state', '?state=', `?state=${state}_INVALID`, `?state=_${state}`, '?state=a.b', '?&&=&', '?error=x']) t.strictSame(await land(browser, wrong), plain, wrong)
  t.strictSame(await land(anotherBrowser(journey), `?state=${state}`), plain, 'of another browser')
  t.strictSame((await browser.get(url(`/oidc/signed-out?state=${state}&state=${state}`))).status, 400)
  clock.now += 10 * minute
  t.strictSame(await land(browser, `?state=${state}`), plain, 'too late')
  clock.now -= minute
  t.strictSame(await land(browser, `?state=${state}`), [303, '/secret-plan', undefined, 1], 'the right one, in time')
})

test('nobody who is signed in is told the contrary', async (t) => {
  const { browser, url } = await startJourney(t, { provider })
  await browser.signIn(url('/x'), 'bob')
  const { status, location, setCookies } = await browser.get(url('/oidc/signed-out'))
  t.strictSame([status, location?.pathname, setCookies], [303, '/', []])
})

test('an id_token that is too long to be kept is replaced by the name of the person', async (t) => {
  for (const [length, parameter] of [[10, 'id_token_hint'], [2_900, 'logout_hint']] as const) {
    const { gateway, browser } = await startRogueGateway(t, { rogue: { claims: { preferred_username: 'robin', filler: 'x'.repeat(length) }, endSession: (parameters) => parameters } })
    await browser.open(`${gateway.origin}/x`)
    const { location } = await browser.get(`${gateway.origin}/oidc/logout`, { from: gateway.origin })
    t.strictSame([...location?.searchParams.keys() ?? []], [parameter, 'client_id', 'post_logout_redirect_uri', 'state'])
    if (parameter === 'logout_hint') t.equal(location?.searchParams.get(parameter), 'robin')
  }
})

test('an id_token that would make the session too large is left out, and the sign-in succeeds', async (t) => {
  const groups = (count: number) => Array.from({ length: count }, (_, index) => `group-${index}-of-a-very-large-company`)
  // Of userinfo, so that the id_token stays short.
  const { gateway, browser, rogue } = await startRogueGateway(t, { rogue: { endSession: (parameters) => parameters } })
  rogue.hooks.idToken = ({ groups: _, ...claims }) => ({ ...claims, filler: 'x'.repeat(1_500) })
  let [fits, tooMany] = [1, 1_000]
  // The number of groups with which the hint does not fit any more depends on the seal; it is looked for.
  const hintWith = async (count: number) => {
    rogue.hooks.userinfo = (claims) => ({ ...claims, groups: groups(count) })
    browser.jar.clear()
    const page = await browser.open(`${gateway.origin}/oidc/login?return_to=/oidc/session`)
    const { location } = await browser.get(`${gateway.origin}/oidc/logout`, { from: gateway.origin })
    return [page.status, location?.searchParams.has('id_token_hint')] as const
  }
  while (tooMany - fits > 8) {
    const count = Math.floor((fits + tooMany) / 2)
    if ((await hintWith(count))[1] === true) fits = count
    else tooMany = count
  }
  t.strictSame([await hintWith(fits), await hintWith(tooMany)], [[200, true], [200, false]])
})

test('where the configuration says so, people stay here, or are not asked back', async (t) => {
  const alone = await startJourney(t, { provider, configuration: { provider: { logout: { atProvider: false } } } })
  await alone.browser.signIn(alone.url('/x'), 'bob')
  t.match((await alone.browser.open(alone.url('/oidc/logout'))).text, /You are signed out[^]*identity provider may still remember you/)
  t.equal((await alone.browser.get(alone.url('/oidc/logout?return_to=/bye'))).location?.href, alone.url('/bye'))

  const oneWay = await startJourney(t, { provider, configuration: { provider: { logout: { returnHere: false } } }, client: { post_logout_redirect_uris: [] } })
  await oneWay.browser.signIn(oneWay.url('/x'), 'bob')
  const way = await leave(oneWay)
  t.strictSame([...way.searchParams.keys()], ['id_token_hint', 'client_id'])
  t.strictSame(ownCookies(oneWay), [])
  t.match((await oneWay.browser.submit(await oneWay.browser.open(way), { logout: 'yes' })).text, /You are signed out/, 'says the provider')
})

test('a provider that can’t be asked, or names an unsafe place to sign out at, keeps nobody signed in here', async (t) => {
  const unsafe = await startRogueGateway(t, { rogue: { discovery: (document) => ({ ...document, end_session_endpoint: 'javascript:alert(1)' }) } })
  await unsafe.browser.open(`${unsafe.gateway.origin}/x`)
  t.match((await unsafe.browser.open(`${unsafe.gateway.origin}/oidc/logout`)).text, /You are signed out/)
  t.match(unsafe.gateway.logs.join(''), /provider\.end_session_unusable/)

  const publicUrl = 'https://app.example.com'
  const before = await startJourney(t, { provider, publicUrl })
  await before.browser.signIn(`${publicUrl}/x`, 'bob')
  const cookie = before.browser.jar.header(new URL(publicUrl)) ?? ''
  const after = await startJourney(t, { provider, publicUrl, issuer: 'http://localhost:1' })
  const signOut = () => anotherBrowser(after).get(`${publicUrl}/oidc/logout`, { headers: { cookie } })
  t.match((await signOut()).text, /You are signed out/)
  t.equal((await anotherBrowser(after).get(`${publicUrl}/oidc/session`, { headers: { cookie } })).status, 401)
})

test('the token that the session held is revoked, and a provider that fails at it stops no sign-out', async (t) => {
  const passing = { headers: { profiles: ['oauth2-proxy'], accessToken: true } }
  const answers = [() => '', () => raw({ status: 500 }), () => raw({ status: 400, body: '{"error":"unsupported_token_type"}' }), () => raw({ delayMilliseconds: Infinity })] as const
  for (const [index, revocation] of answers.entries()) {
    const { gateway, rogue, upstream, browser } = await startRogueGateway(t, { rogue: { revocation }, configuration: passing })
    await browser.open(`${gateway.origin}/x`)
    const token = upstream.requests[0]?.headers['x-forwarded-access-token']
    t.match((await browser.open(`${gateway.origin}/oidc/logout`)).text, /You are signed out/)
    t.match(rogue.calls('revocation').map(({ form, headers }) => ({ ...Object.fromEntries(form), ...headers })), [{ token, token_type_hint: 'access_token', authorization: /^Basic / }])
    t.equal(gateway.logs.some((line) => line.includes('provider.revocation_failed')), index === 1 || index === 3, `answer ${index}`)
    t.notOk(gateway.logs.some((line) => line.includes(String(token))))
    t.equal((await browser.get(`${gateway.origin}/x`)).status, 302)
  }
  const without = await startRogueGateway(t, { rogue: { revocation: () => '' }, configuration: { ...passing, provider: { logout: { revokeTokens: false } } } })
  await without.browser.open(`${without.gateway.origin}/x`)
  await without.browser.open(`${without.gateway.origin}/oidc/logout`)
  t.strictSame(without.rogue.calls('revocation'), [])
})

test('a token that can’t be revoked does not keep another from it', async (t) => {
  const configuration = { headers: { profiles: ['oauth2-proxy'], accessToken: true } }
  const { gateway, rogue, browser } = await startRogueGateway(t, { configuration, rogue: { refreshes: true, revocation: (form) => form.get('token_type_hint') === 'refresh_token' ? raw({ delayMilliseconds: Infinity }) : '' } })
  await browser.open(`${gateway.origin}/x`)
  t.match((await browser.open(`${gateway.origin}/oidc/logout`)).text, /You are signed out/)
  t.strictSame(rogue.calls('revocation').map(({ form }) => form.get('token_type_hint')), ['refresh_token', 'access_token'])
  t.equal(gateway.logs.filter((line) => line.includes('provider.revocation_failed')).length, 1)
})
