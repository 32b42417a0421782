import t, { type Test } from 'tap'
import { Browser } from '../support/browser.ts'
import { startGateway, type GatewayOptions } from '../support/gateway.ts'
import { client, startProvider } from '../support/provider.ts'
import { startUpstream } from '../support/upstream.ts'

async function start (t: Test, configuration: GatewayOptions['configuration'] = {}) {
  const provider = await startProvider(t)
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, {
    issuer: provider.issuer,
    upstream: upstream.url,
    configuration,
    onOrigin: (origin) => provider.register(client(origin))
  })
  return { provider, upstream, gateway, browser: new Browser() }
}

t.test('signing in leads to the page first wanted, with its query', async (t) => {
  const { gateway, browser, upstream } = await start(t)
  const page = await browser.signIn(`${gateway.origin}/reports/2026?quarter=3`, 'bob')
  t.equal(page.status, 200)
  t.equal(page.url.href, `${gateway.origin}/reports/2026?quarter=3`)
  t.equal(upstream.requests.at(-1)?.url, '/reports/2026?quarter=3')
  t.equal(upstream.requests.length, 1, 'the application saw nothing before the sign-in')
})
