/**
 * Sign-ins that succeed and still lead nowhere. The provider waves the person through each time, so without an end to it
 * the browser would go round until it gives up with an error of its own.
 */
import { randomBytes } from 'node:crypto'
import t, { test } from 'tap'
import { Browser, type Page } from '../support/browser.ts'
import { type TestGateway } from '../support/gateway.ts'
import { startProvider } from '../support/provider.ts'
import { startRogueGateway } from '../support/rogue-gateway.ts'
import { startUpstream } from '../support/upstream.ts'
import { linkOf, logins, refuseCookies, second, startJourney, stoppedClock } from './journey.ts'

const provider = await startProvider(t)
const upstream = await startUpstream(t)

/** Safari gives up after this many, Chromium and Firefox after twenty. */
const patience = 16

/** Redirects since the last page that a person saw. */
function redirects ({ chain }: Page): number {
  return chain.length - 1 - chain.findLastIndex(({ location }, index) => location === undefined && index < chain.length - 1)
}

test('a browser that refuses the session’s cookie is told so after three sign-ins', async (t) => {
  for (const publicUrl of [undefined, 'https://app.example.com']) {
    const journey = await startJourney(t, { provider, upstream, ...(publicUrl !== undefined && { publicUrl }) })
    const { browser, gateway, url } = journey
    const accept = refuseCookies(browser, /^(__Host-)?doorward=/)
    const page = await browser.signIn(url('/x?y=1'), 'bob')
    t.equal(page.status, 400)
    t.ok(redirects(page) < patience, `${redirects(page)} redirects`)
    t.match(page.text, /signed in several times in a row/)
    t.match(page.text, /Most likely cause[^]*keeps other cookies of this site, but not the one of the session/)
    t.match(page.text, publicUrl === undefined ? /Missing cookie <code>doorward</ : /Missing cookie <code>__Host-doorward</)
    t.strictSame(logins(journey), ['success', 'success', 'success', 'failure: state_invalid'])
    t.match(gateway.audit.at(-1), { metadata: { method: 'oidc', isCircling: true, cause: 'session_refused' } })

    accept()
    t.equal((await browser.open(linkOf(page, 'Sign in again'))).url.href, url('/x?y=1'), 'the button works as soon as the cause is gone')
  }
})

test('a second cookie of the session’s name, planted for one page, ends in a page and not in a loop', async (t) => {
  for (const [paths, cause] of [[['/x'], /Most likely cause[^]*deleting the cookies of this site/], [['/x', '/oidc'], /Most likely cause[^]*more than once, or only a part of it/]] as const) {
    const { browser, url } = await startJourney(t, { provider, upstream })
    for (const path of paths) browser.jar.store(new URL(url(path)), `doorward=planted; Path=${path}`)
    const page = await browser.signIn(url('/x'), 'bob')
    t.equal(page.status, 400)
    t.ok(redirects(page) < patience, `${redirects(page)} redirects`)
    t.match(page.text, cause)
    t.equal((await browser.open(url('/y'))).status, 200, 'other pages work')
  }
})

test('an application that sends people to sign in again and again does not keep them circling', async (t) => {
  const picky = await startUpstream(t, (_request, response) => { response.writeHead(302, { location: '/oidc/login?return_to=/x' }).end() })
  const journey = await startJourney(t, { provider, upstream: picky })
  const page = await journey.browser.signIn(journey.url('/x'), 'bob')
  t.equal(page.status, 400)
  t.match(page.text, /Most likely cause[^]*the application does so[^]*expect another header/)
  t.ok(redirects(page) < patience, `${redirects(page)} redirects`)
})

test('replicas that do not share a secret end in a page and not in a loop', async (t) => {
  const publicUrl = 'https://app.example.com'
  const replicas: TestGateway[] = []
  for (const secret of [randomBytes(32), randomBytes(32)].map((bytes) => bytes.toString('base64'))) {
    const { gateway } = await startJourney(t, { provider, upstream, publicUrl, configuration: { session: { secret } } })
    replicas.push(gateway)
  }
  for (const turns of [[0, 1], [0, 1, 1], [0, 0, 1]]) {
    let turn = 0
    const browser = new Browser({ balancer: { get [publicUrl] () { return replicas[turns[turn++ % turns.length] ?? 0]?.port ?? 0 } } })
    const page = await browser.signIn(`${publicUrl}/x`, 'bob')
    t.ok(redirects(page) < patience, `${redirects(page)} redirects with turns ${turns.join()}`)
    t.equal(page.status, 400)
    t.match(page.text, /Most likely cause[^]*replica[^]*<code>session\.secret</)
    const attempts = page.chain.filter(({ status, url }) => url.pathname === '/oidc/callback' || (url.pathname === '/oidc/login' && status === 400))
    const recorded = replicas.flatMap(({ audit }) => audit.splice(0))
    t.equal(recorded.length, attempts.length, 'each attempt is one audit event')
  }
})

test('who signs in and out and in again on purpose is not taken for one who circles', async (t) => {
  const { browser, url } = await startJourney(t, { provider, upstream })
  await browser.signIn(url('/x'), 'bob')
  for (let times = 0; times < 5; times++) {
    await browser.open(url('/oidc/logout'))
    t.equal((await browser.open(url('/x'))).status, 200)
  }
  for (const person of ['alice', 'bob', 'carol', 'alice']) t.equal((await browser.signIn(url('/oidc/login?return_to=/x&switch_account=true'), person)).status, 200)
})

test('signing in for the same page now and then is nothing unusual', async (t) => {
  const clock = stoppedClock()
  const journey = await startJourney(t, { provider, upstream, now: () => clock.now })
  const browser = new Browser({ now: () => clock.now })
  await browser.signIn(journey.url('/x'), 'bob')
  for (let times = 0; times < 5; times++) {
    clock.now += 31 * second
    t.equal((await browser.open(journey.url('/oidc/login?return_to=/x'))).status, 200)
  }
})

test('a browser that blocks every cookie is told so', async (t) => {
  const journey = await startJourney(t, { provider, upstream })
  const { browser, url } = journey
  const accept = refuseCookies(browser, /^doorward/)
  const page = await browser.signIn(url('/x'), 'bob')
  t.equal(page.status, 400)
  t.match(page.text, new RegExp(`Most likely cause[^]*sent none of this site’s cookies[^]*allow cookies for <code>${journey.gateway.origin}<`))
  t.match(journey.gateway.audit.at(-1), { reason: 'state_invalid', metadata: { isRestarted: false, cause: 'cookies_blocked' } })
  accept()
  t.equal((await browser.open(linkOf(page, 'Sign in again'))).url.href, url('/x'))
})

test('who comes with http to a site of https is told so, where the proxy in front says it', async (t) => {
  const publicUrl = 'https://app.example.com'
  const configuration = { server: { trustedProxies: ['127.0.0.1'] } }
  const { gateway } = await startJourney(t, { provider, upstream, publicUrl, configuration })
  const callback = { headers: { host: 'app.example.com', 'x-forwarded-proto': 'http' } }
  const begun = await new Browser().get(`http://127.0.0.1:${gateway.port}/oidc/login?return_to=/x`, callback)
  const state = begun.location?.searchParams.get('state') ?? ''
  const restarted = await new Browser().get(`http://127.0.0.1:${gateway.port}/oidc/callback?code=c&state=${state}`, callback)
  const again = restarted.location?.searchParams.get('state') ?? ''
  const page = await new Browser().get(`http://127.0.0.1:${gateway.port}/oidc/callback?code=c&state=${again}`, callback)
  t.equal(page.status, 400)
  t.match(page.text, /Most likely cause[^]*asked for with http[^]*Open <code>https:\/\/app\.example\.com<[^]*X-Forwarded-Proto/)
  t.match(gateway.audit.at(-1), { metadata: { cause: 'http' } })
})

test('a session that is over as soon as it begins points to the clocks of the replicas', async (t) => {
  const clock = stoppedClock()
  const publicUrl = 'https://app.example.com'
  const replicas = [await startJourney(t, { provider, upstream, publicUrl }), await startJourney(t, { provider, upstream, publicUrl, now: () => clock.now + 9 * 60 * 60 * second })]
  const ports = replicas.map(({ gateway }) => gateway.port)
  let port = ports[0] ?? 0
  const browser = new Browser({ balancer: { get [publicUrl] () { return port } } })
  await browser.signIn(`${publicUrl}/x`, 'bob')
  for (let times = 0; times < 2; times++) await browser.open(`${publicUrl}/oidc/login?return_to=/x`)
  port = ports[1] ?? 0
  const page = await browser.open(`${publicUrl}/x`)
  t.match(page.text, /Most likely cause[^]*over as soon as it had begun[^]*clocks of all replicas/)
})

test('a provider whose clock is wrong is named, with by how much', async (t) => {
  for (const [skew, words] of [[-3600, '60 minutes behind'], [600, '10 minutes ahead of'], [-400, '7 minutes behind']] as const) {
    const { browser, gateway } = await startRogueGateway(t, { rogue: { idToken: ({ iat, exp, ...claims }) => ({ ...claims, iat: Number(iat) + skew, nbf: Number(iat) + skew, exp: Number(exp) + skew }) } })
    const page = await browser.open(`${gateway.origin}/x`)
    t.equal(page.status, 502)
    t.match(page.text, `The clock of the identity provider is ${words} this site’s clock`)
    t.match(gateway.audit.at(-1), { reason: 'id_token_invalid' })
  }
  const { browser, gateway } = await startRogueGateway(t, { rogue: { idToken: ({ exp, ...claims }) => ({ ...claims, exp: Number(exp) - 4000 }) } })
  t.notMatch((await browser.open(`${gateway.origin}/x`)).text, /clock/, 'a token that is over when it is new says nothing of clocks')
})

test('a session that is too large is a page at once, which says how many groups there are', async (t) => {
  const groups = Array.from({ length: 3000 }, () => randomBytes(6).toString('hex'))
  const { browser, gateway } = await startRogueGateway(t, { rogue: { claims: { groups } } })
  const page = await browser.open(`${gateway.origin}/x`)
  t.equal(page.status, 500)
  t.match(page.text, /Most likely cause[^]*sends 3000 groups[^]*groups\.filter/)
})
