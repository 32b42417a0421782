/** Endpoints by configuration, beside discovery and without it. */
import { test } from 'tap'
import { Browser } from '../support/browser.ts'
import { startGateway } from '../support/gateway.ts'
import { clientSecret } from '../support/provider.ts'
import { startRogueGateway } from '../support/rogue-gateway.ts'
import { raw, type RogueProvider, startRogueProvider } from '../support/rogue-provider.ts'
import { startUpstream } from '../support/upstream.ts'

function endpointsOf ({ issuer }: Pick<RogueProvider, 'issuer'>): Record<string, string> {
  return { authorization: `${issuer}/authorize?tenant=a%20b`, token: `${issuer}/token`, jwks: `${issuer}/jwks`, userinfo: `${issuer}/userinfo` }
}

test('without discovery people sign in at the endpoints given, and the metadata is never asked for', async (t) => {
  const rogue = await startRogueProvider(t, { clientSecret, discovery: () => raw({ status: 404 }) })
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, { issuer: rogue.issuer, upstream: upstream.url, configuration: { provider: { discovery: false, endpoints: endpointsOf(rogue) } } })
  const page = await new Browser().open(`${gateway.origin}/x`)
  t.strictSame([page.status, page.url.pathname], [200, '/x'])
  t.equal(rogue.calls('discovery').length, 0)
  t.equal(rogue.calls('userinfo').length, 1)
  t.equal(rogue.calls('authorize')[0]?.url.searchParams.get('tenant'), 'a b', 'a query of the endpoint is kept (RFC 6749 section 3.1)')
  t.equal((await new Browser().get(`${gateway.admin}/readyz`)).status, 200)
})

test('without discovery the issuer is still what the id_token has to say', async (t) => {
  const rogue = await startRogueProvider(t, { clientSecret, idToken: (claims) => ({ ...claims, iss: `${String(claims['iss'])}/` }) })
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, { issuer: rogue.issuer, upstream: upstream.url, configuration: { provider: { discovery: false, endpoints: endpointsOf(rogue) } } })
  t.equal((await new Browser().open(`${gateway.origin}/x`)).status, 502)
  t.match(gateway.audit, [{ reason: 'issuer_mismatch' }])
})

test('an endpoint given goes before the one that discovery found, and off is none', async (t) => {
  const lost = ({ issuer }: { issuer?: unknown }) => `${String(issuer)}/nowhere`
  const wrong = (document: Record<string, unknown>) => ({ ...document, token_endpoint: lost(document), jwks_uri: lost(document), mtls_endpoint_aliases: { token_endpoint: lost(document) } })
  const rogue = await startRogueProvider(t, { clientSecret, discovery: wrong })
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, { issuer: rogue.issuer, upstream: upstream.url, configuration: { provider: { endpoints: { token: `${rogue.issuer}/token`, jwks: `${rogue.issuer}/jwks`, userinfo: 'off' } } } })
  t.equal((await new Browser().open(`${gateway.origin}/x`)).status, 200)
  t.strictSame([rogue.calls('discovery').length, rogue.calls('userinfo').length, rogue.calls('other').length], [1, 0, 0])
})

test('a token is not asked about where introspection is off', async (t) => {
  const configuration = { provider: { endpoints: { introspection: 'off' }, bearer: { audiences: ['api'] } }, access: { rules: [{ path: '/api/**', bearer: true }] } }
  const { gateway, rogue } = await startRogueGateway(t, { configuration })
  const answer = await new Browser().get(`${gateway.origin}/api/x`, { headers: { authorization: 'Bearer opaque' } })
  t.equal(answer.status, 401)
  t.equal(rogue.calls('introspection').length, 0)
})
