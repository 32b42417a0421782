import { createServer as createTlsServer } from 'node:https'
import { test } from 'tap'
import { createProvider } from '../../demo/provider.ts'
import { listenOnLoopback } from '../../demo/loopback.ts'
import { Browser } from '../support/browser.ts'
import { makeCertificates } from '../support/certificates.ts'
import { startGateway } from '../support/gateway.ts'
import { missingPart } from '../support/parts.ts'
import { client, startProvider } from '../support/provider.ts'
import { startUpstream } from '../support/upstream.ts'
import { linkOf, logins, second, startJourney, stoppedClock, wayBack } from './journey.ts'

test('with the provider down at start, Doorward serves what it can and signs people in once it is back', async (t) => {
  const provider = await startProvider(t)
  await provider.stop()
  const clock = stoppedClock()
  const journey = await startJourney(t, { provider, now: () => clock.now, configuration: { access: { rules: [{ path: '/public/**', allow: 'anonymous' }] } } })
  const { browser, gateway, url } = journey

  t.equal((await browser.open(url('/public/x'))).status, 200, 'what is open to everybody')
  const page = await browser.open(url('/reports?q=1'))
  t.strictSame(page.chain.map(({ status }) => status), [302, 503])
  t.match(page.headers['retry-after'], /^[1-9]\d?$/)
  t.match(page.text, /Sign-in is unavailable/)
  t.strictSame(page.setCookies, [], 'no login is begun')
  t.strictSame(logins(journey), ['failure: setup_error'])
  t.match(gateway.audit, [{ user: { provider: 'default' }, metadata: { method: 'oidc' } }])
  const program = await browser.get(page.url, { program: true })
  t.equal(program.status, 401, 'a program is told to sign in, not to wait')

  await provider.start()
  clock.now += second
  const retried = await browser.signIn(linkOf(page, 'Try again'), 'bob')
  t.equal(retried.url.href, url('/reports?q=1'), 'the button of the page leads to the page first wanted')
  t.strictSame(logins(journey), ['failure: setup_error', 'success'])
})

test('a provider that goes down later takes nobody’s session along', async (t) => {
  const journey = await startJourney(t)
  const { browser, provider, url } = journey
  await browser.signIn(url('/x'), 'bob')
  const other = new Browser()
  const callback = await wayBack(other, url('/y?z=1'), 'alice')
  await provider.stop()
  t.equal((await browser.open(url('/x'))).status, 200)
  const page = await other.open(callback)
  t.equal(page.status, 503)
  t.match(page.headers['retry-after'], /^[1-9]\d?$/)
  t.equal(linkOf(page, 'Try again').href, url('/oidc/login?return_to=%2Fy%3Fz%3D1'))
  t.strictSame(logins(journey), ['success', 'failure: token_exchange_failed'])
})

test('a provider with a certificate of the company’s own authority', { skip: missingPart('openssl') }, async (t) => {
  const { ca, caFile, cert, key } = await makeCertificates(t)
  const server = createTlsServer({ key, cert })
  const { port, close } = await listenOnLoopback(server, 0)
  t.teardown(close)
  const issuer = `https://localhost:${port}`
  const { listener, register } = await createProvider({ issuer, clients: [] })
  server.on('request', listener)
  const upstream = await startUpstream(t)

  await t.test('is trusted with caFile', async (t) => {
    const gateway = await startGateway(t, { issuer, upstream: upstream.url, configuration: { provider: { caFile } }, onOrigin: (origin) => register(client(origin)) })
    const browser = new Browser({ ca })
    t.equal((await browser.signIn(`${gateway.origin}/x`, 'bob')).status, 200)
  })

  await t.test('is refused without', async (t) => {
    const gateway = await startGateway(t, { issuer, upstream: upstream.url })
    t.equal((await new Browser().open(`${gateway.origin}/x`)).status, 503)
    t.ok(gateway.logs.some((line) => line.includes('SELF_SIGNED_CERT_IN_CHAIN') || line.includes('UNABLE_TO_VERIFY_LEAF_SIGNATURE')), 'the log says why')
  })
})
