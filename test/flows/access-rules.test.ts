/** Rules by host, client address and organization, on every way on which a request can come. */
import t, { test } from 'tap'
import { startProvider } from '../support/provider.ts'
import { exchange, requestText, statusOf } from '../support/raw-socket.ts'
import { type RogueGatewayOptions, signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'
import { connectWebSocket, openWebSocket, refusalOf, startWebSocketUpstream } from '../support/web-sockets.ts'
import { type Journey, startJourney } from './journey.ts'

const provider = await startProvider(t)
const office = '198.51.100.7'
const elsewhere = '203.0.113.9'

const configuration = {
  server: { trustedProxies: ['127.0.0.1'], hosts: ['other.example'], forwardAuth: true },
  roles: {
    mapping: {
      'cmdbsyncer-admins': { organizations: { acme: ['owner'] }, attributes: { global_admin: true } },
      'cmdbsyncer-ops': { organizations: { acme: [] } }
    }
  },
  access: {
    rules: [
      { path: '/office/**', clientAddresses: ['198.51.100.0/24'], allow: 'anonymous' },
      { path: '/office/**', deny: true },
      { path: '/other/**', hosts: ['other.example'], allow: 'anonymous' },
      { path: '/orgs/{organization}/settings/**', require: { organizations: { '{organization}': ['owner'] } } },
      { path: '/orgs/{organization}/**', require: { organizations: ['{organization}'] } },
      { path: '/staff/**', require: { claims: { preferred_username: { matches: 'a.*' } }, not: { any: [{ groups: ['guests'] }, { attributes: { blocked: true } }] } } }
    ]
  }
}

/** The status for a target, asked for by a proxy that tells where the client is. */
async function statusFor ({ gateway: { port } }: Journey, target: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  const lines = Object.entries({ Host: `localhost:${port}`, ...headers })
  return statusOf(await exchange(port, requestText('GET', target, lines)))
}

test('host and address of a request decide as the rules say, whether it is forwarded or asked about', async (t) => {
  const journey = await startJourney(t, { provider, configuration })
  const from = (address: string) => ({ 'X-Forwarded-For': address })
  for (const [ask, refused] of [['', 401], ['/oidc/check', 401]] as const) {
    t.equal(await statusFor(journey, `${ask}/office/x`, { ...from(office), 'X-Forwarded-Method': 'GET' }), 200, `${ask} from the office`)
    t.equal(await statusFor(journey, `${ask}/office/x`, { ...from(elsewhere), 'X-Forwarded-Method': 'GET' }), 403, `${ask} from elsewhere`)
    t.equal(await statusFor(journey, `${ask}/office/x`, { ...from(`${office}, ${elsewhere}`), 'X-Forwarded-Method': 'GET' }), 403, `${ask}, the client’s own word is not believed`)
    t.equal(await statusFor(journey, `${ask}/other/x`, { 'X-Forwarded-Host': 'other.example', 'X-Forwarded-Method': 'GET' }), 200, `${ask} at the host of the rule`)
    t.equal(await statusFor(journey, `${ask}/other/x`, { 'X-Forwarded-Host': 'OTHER.example.', 'X-Forwarded-Method': 'GET' }), 200, `${ask} at the host of the rule, spelt otherwise (CVE-2026-48794)`)
    t.equal(await statusFor(journey, `${ask}/other/x`, { 'X-Forwarded-Method': 'GET' }), refused, `${ask} at another host`)
  }
  t.match(journey.gateway.audit[0], { event: 'access.denied', metadata: { rule: { index: 1, path: '/office/**' } } })
})

test('a proxy that asks and does not say where the client is gets no rule for its own address', async (t) => {
  const rules = [{ path: '/inside/**', clientAddresses: ['127.0.0.0/8'], allow: 'anonymous' }]
  const journey = await startJourney(t, { provider, configuration: { ...configuration, access: { rules } } })
  t.equal(await statusFor(journey, '/inside/x'), 200, 'here the peer is the client')
  t.equal(await statusFor(journey, '/oidc/check/inside/x', { 'X-Forwarded-Method': 'GET' }), 403)
  t.match(journey.gateway.audit, [{ event: 'access.denied', reason: 'rule_denied', metadata: { rule: { index: 0 } } }])
  t.equal(await statusFor(journey, '/oidc/check/inside/x', { 'X-Forwarded-Method': 'GET', 'X-Forwarded-For': '127.0.0.5' }), 200)
})

test('a WebSocket is opened under the same rules', async (t) => {
  const upstream = await startWebSocketUpstream(t)
  const application = { url: upstream.url, port: 0, requests: [], close: async () => {} }
  const { gateway: { port } } = await startJourney(t, { provider, configuration, upstream: application })
  const headers = { 'x-forwarded-for': elsewhere }
  t.equal((await refusalOf(connectWebSocket(t, port, '/office/live', { headers }))).statusCode, 403)
  t.strictSame(upstream.handshakes, [])
  await openWebSocket(t, port, '/office/live', { headers: { 'x-forwarded-for': office } })
  await openWebSocket(t, port, '/other/live', { headers: { 'x-forwarded-host': 'other.example' } })
})

test('people reach the organizations that they belong to, and a refusal says what is missing', async (t) => {
  const { browser, gateway, url, upstream } = await startJourney(t, { provider, configuration })
  await browser.signIn(url('/'), 'bob')
  upstream.requests.length = 0
  t.equal((await browser.get(url('/orgs/acme/x'))).status, 200)
  const refused = await browser.get(url('/orgs/acme/settings'), { program: true })
  t.match(refused.json(), { status: 403, detail: 'This page needs the role owner in the organization that the address names.', rule: 3, missing: { organizations: { '{organization}': ['owner'] } } })
  for (const path of ['/orgs/other/x', '/orgs/ACME/x', '/orgs/acme;x/y']) t.equal((await browser.get(url(path), { program: true })).status, 403, path)
  t.match((await browser.get(url('/staff/x'), { program: true })).json(), { detail: 'This page needs the claim preferred_username to match a.*.' })
  t.match(gateway.audit.at(-1), { event: 'access.denied', metadata: { missing: { claims: { preferred_username: { matches: 'a.*' } } } } })
  t.strictSame(upstream.requests.map((request) => request.url), ['/orgs/acme/x'])

  await browser.get(url('/oidc/logout'), { from: url('/') })
  browser.jar.clear()
  await browser.signIn(url('/'), 'alice')
  for (const path of ['/orgs/acme/settings', '/staff/x']) t.equal((await browser.get(url(path))).status, 200, path)
})

test('an e-mail domain counts where the provider has verified that very address', async (t) => {
  const staff = { email: 'eve@staff.example', email_verified: true }
  const forged = { email: 'boss@corp.example' }
  const corp = { ...forged, email_verified: true }
  const rows: ReadonlyArray<[idToken: object, userinfo: object, expected: number]> = [
    [corp, {}, 200], [{}, corp, 200], [corp, corp, 200], [corp, forged, 200], [forged, corp, 200],
    [staff, {}, 403], [staff, forged, 403], [staff, { ...forged, email_verified: false }, 403], [forged, { email_verified: true }, 403], [forged, {}, 403], [{ email_verified: true }, forged, 403], [corp, { email_verified: false }, 403]
  ]
  for (const [idToken, userinfo, expected] of rows) {
    const rogue: RogueGatewayOptions['rogue'] = { claims: { sub: 'eve' }, idToken: (claims) => ({ ...claims, ...idToken }), userinfo: (claims) => ({ ...claims, ...userinfo }) }
    const { gateway } = await startRogueGateway(t, { rogue, configuration: { access: { rules: [{ path: '/corp/**', require: { emailDomains: ['corp.example'] } }] } } })
    const answer = await exchange(gateway.port, requestText('GET', '/corp/x', [['Host', `localhost:${gateway.port}`], ['Cookie', await signedInCookie(gateway)]]))
    t.equal(statusOf(answer), expected, JSON.stringify([idToken, userinfo]))
    await gateway.close()
  }
})
