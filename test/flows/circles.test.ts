/**
 * Sign-ins that succeed and still lead nowhere. The provider waves the person through each time, so without an end to it
 * the browser would go round until it gives up with an error of its own.
 */
import { randomBytes } from 'node:crypto'
import t, { test } from 'tap'
import { Browser, type Page } from '../support/browser.ts'
import { type TestGateway } from '../support/gateway.ts'
import { startProvider } from '../support/provider.ts'
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
    t.match(page.text, publicUrl === undefined ? /Missing cookie <code>doorward</ : /Missing cookie <code>__Host-doorward</)
    t.strictSame(logins(journey), ['success', 'success', 'success', 'failure: state_invalid'])
    t.match(gateway.audit.at(-1), { metadata: { method: 'oidc', isCircling: true } })

    accept()
    t.equal((await browser.open(linkOf(page, 'Sign in again'))).url.href, url('/x?y=1'), 'the button works as soon as the cause is gone')
  }
})

test('a second cookie of the session’s name, planted for one page, ends in a page and not in a loop', async (t) => {
  const { browser, url } = await startJourney(t, { provider, upstream })
  browser.jar.store(new URL(url('/x')), 'doorward=planted; Path=/x')
  const page = await browser.signIn(url('/x'), 'bob')
  t.equal(page.status, 400)
  t.ok(redirects(page) < patience, `${redirects(page)} redirects`)
  t.equal((await browser.open(url('/y'))).status, 200, 'other pages work')
})

test('an application that sends people to sign in again and again does not keep them circling', async (t) => {
  const picky = await startUpstream(t, (_request, response) => { response.writeHead(302, { location: '/oidc/login?return_to=/x' }).end() })
  const journey = await startJourney(t, { provider, upstream: picky })
  const page = await journey.browser.signIn(journey.url('/x'), 'bob')
  t.equal(page.status, 400)
  t.match(page.text, /or the application did not accept it/)
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
