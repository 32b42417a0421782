/** Answers of the provider that the browser posts (OAuth 2.0 Form Post Response Mode), from another site. */
import t, { test } from 'tap'
import { Browser } from '../support/browser.ts'
import { startGateway } from '../support/gateway.ts'
import { clientSecret, startProvider } from '../support/provider.ts'
import { type RogueProvider, startRogueProvider } from '../support/rogue-provider.ts'
import { anotherBrowser, calls, logins, startJourney, wayBack } from './journey.ts'

const provider = await startProvider(t)
const options = { provider, publicUrl: 'https://app.example.com', configuration: { provider: { responseMode: 'form_post' } } }
const formType = { 'content-type': 'application/x-www-form-urlencoded' }

test('an answer that is posted signs in, and no code is ever in an address', async (t) => {
  const journey = await startJourney(t, options)
  const { browser, url } = journey
  const begun = await browser.get(url('/x'))
  const sent = await browser.get(begun.location ?? '')
  t.match(sent.setCookies[0], /^__Host-doorward-login-[\w-]{8}=[\w-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=None$/)
  const page = await browser.signIn(url('/x?y=1'), 'bob')
  t.strictSame([page.status, page.url.href], [200, url('/x?y=1')])
  t.equal(calls(journey, '/auth')[0]?.query['response_mode'], 'form_post')
  const callback = page.chain.find(({ url }) => url.pathname === '/oidc/callback')
  t.strictSame([callback?.status, callback?.url.search], [303, ''])
  t.match(callback?.setCookies.find((line) => line.startsWith('__Host-doorward=')), /; HttpOnly; Secure; SameSite=Lax$/, 'the session’s own cookie is as ever')
  t.strictSame(logins(journey), ['success'])
})

test('a form that is posted twice leads whoever is signed in to the page wanted, and whoever is not to the provider once more', async (t) => {
  const journey = await startJourney(t, options)
  const { browser, url } = journey
  const page = await browser.signIn(url('/x'), 'bob')
  const answer = page.chain.find(({ text }) => text.includes('document.forms[0].submit()'))
  if (answer === undefined) throw new Error('the provider answered with no form')
  const again = await browser.submit(answer)
  t.strictSame([again.status, again.url.href], [200, url('/x')])
  t.strictSame(again.chain.slice(0, 2).map(({ status, url }) => [status, url.searchParams.has('state'), url.searchParams.has('code')]), [[303, false, false], [303, true, false]])
  t.strictSame(logins(journey), ['success'], 'nothing was redeemed')

  const stranger = anotherBrowser(journey)
  const restarted = await stranger.submit(answer)
  t.equal(restarted.url.origin, new URL(provider.issuer).origin, 'has to sign in')
  t.strictSame(logins(journey), ['success', 'failure: state_invalid'])
})

test('what is posted is a form of bounded size, each field once', async (t) => {
  const journey = await startJourney(t, options)
  const { browser, url } = journey
  const cases = [
    [{}, 'state=x', 415],
    [{ 'content-type': 'application/json' }, '{}', 415],
    [formType, `state=${'x'.repeat(70_000)}`, 413],
    [formType, 'state=a&state=b', 400],
    [formType, '', 303]
  ] as const
  for (const [headers, body, status] of cases) t.equal((await browser.get(url('/oidc/callback'), { method: 'POST', headers, body })).status, status, `${JSON.stringify(headers)} ${body.slice(0, 20)}`)
})

test('nothing can be posted where the answer comes in the address', async (t) => {
  const journey = await startJourney(t, { provider, publicUrl: 'https://app.example.com' })
  const { browser, url } = journey
  const callback = await wayBack(browser, url('/x'), 'bob')
  const answer = await browser.get(url('/oidc/callback'), { method: 'POST', headers: formType, body: callback.searchParams })
  t.equal(answer.status, 404)
  t.strictSame(logins(journey), [])
})

test('the session before ends, and no part of it is left, though the browser keeps it to itself when the form is posted', async (t) => {
  const groups = Array.from({ length: 90 }, (_, index) => `a-group-of-the-company-number-${index}-with-a-long-name`)
  const bob = { name: 'Bob Baker', email: 'bob@example.com', groups }
  const journey = await startJourney(t, { ...options, provider: await startProvider(t, { people: { bob } }) })
  const { browser, url } = journey
  await browser.signIn(url('/x'), 'bob')
  const before = browser.jar.header(new URL(url('/'))) ?? ''
  t.match(before, /__Host-doorward\.1=/, 'in parts')

  bob.groups = ['few']
  const page = await browser.submit(await browser.open(url('/oidc/login?return_to=/x')))
  t.strictSame([page.status, page.url.href], [200, url('/x')])
  t.notMatch(browser.jar.header(new URL(url('/'))), /__Host-doorward\.\d=/)
  t.equal((await anotherBrowser(journey).get(url('/oidc/session'), { headers: { cookie: before }, program: true })).status, 401)
  t.strictSame(logins(journey), ['success', 'success'])
})

test('of several providers, only one that has its answers posted needs a cookie that goes along with forms of other sites', async (t) => {
  const [posts, asks] = await Promise.all([1, 2].map(() => startRogueProvider(t, { clientSecret }))) as [RogueProvider, RogueProvider]
  const publicUrl = 'https://app.example.com'
  const { port } = await startGateway(t, {
    issuer: [{ id: 'posts', label: 'Posts', issuer: posts.issuer, responseMode: 'form_post' }, { id: 'asks', label: 'Asks', issuer: asks.issuer }],
    upstream: 'http://127.0.0.1:9',
    publicUrl
  })
  for (const [id, sameSite] of [['posts', 'None'], ['asks', 'Lax']] as const) {
    const browser = new Browser({ balancer: { [publicUrl]: port } })
    const page = await browser.open(`${publicUrl}/oidc/login?provider=${id}&return_to=/oidc/session`)
    const { chain } = id === 'posts' ? await browser.submit(page) : page
    const written = [...page.chain, ...chain].flatMap(({ setCookies }) => setCookies).filter((line) => /^__Host-doorward-(login-[\w-]+|rounds)=[^;]/.test(line))
    const attributes = new Map(written.map((line) => [line.split('=')[0]?.slice('__Host-doorward-'.length, -'.'.length).slice(0, 5), /SameSite=(\w+)/.exec(line)?.[1]]))
    t.strictSame(Object.fromEntries(attributes), { login: sameSite, round: sameSite }, id)
  }
})
