/**
 * Every event of the audit trail with each of its reasons, by what really causes it. That each line is what the schema
 * says, the gateway of the tests checks by itself (test/support/gateway.ts).
 */
import t, { type Test } from 'tap'
import { auditEvents } from '../../src/observability/audit-events.ts'
import { Browser } from '../support/browser.ts'
import { logoutToken, postLogout } from '../support/logout-tokens.ts'
import { raw, withBrokenSignature } from '../support/rogue-provider.ts'
import { type RogueGateway, type RogueGatewayOptions, startRogueGateway } from '../support/rogue-gateway.ts'

interface Scene extends RogueGateway {
  readonly clock: { now: number }
  /** A page, as a person opens it. */
  open (path?: string): Promise<unknown>
  /** With an access token of this audience. */
  call (audience?: string): Promise<unknown>
}

interface Cause extends RogueGatewayOptions {
  readonly does: (scene: Scene) => Promise<unknown>
}

const minutes = 60 * 1000
const api = 'https://api.example.com'
const bearer = { provider: { bearer: { audiences: [api] } }, access: { rules: [{ path: '/api/**', bearer: true }] } }
const adminToken = 'a-token-for-administrators-of-tests'
const admin = { admin: { token: adminToken } }
const signIn = ({ open }: Scene): Promise<unknown> => open()

/** Event, outcome and reason → how it comes about. */
const causes: Readonly<Record<string, Cause>> = {
  'login success': { does: signIn },
  'login failure setup_error': { rogue: { discovery: () => raw({ status: 500 }) }, does: signIn },
  'login failure token_exchange_failed': { rogue: { token: () => raw({ status: 400, body: '{"error":"invalid_grant"}' }) }, does: signIn },
  'login failure no_userinfo': { rogue: { userinfo: () => raw({ status: 401 }) }, does: signIn },
  'login failure no_email_claim': { rogue: { claims: { email: '' } }, configuration: { claims: { requireEmail: true } }, does: signIn },
  'login failure required_group_missing': { configuration: { groups: { allow: ['others'] } }, does: signIn },
  'login failure state_invalid': { does: ({ open }) => open('/oidc/callback?state=made-up') },
  'login failure nonce_mismatch': { rogue: { idToken: (claims) => ({ ...claims, nonce: 'another' }) }, does: signIn },
  'login failure id_token_invalid': { rogue: { idToken: async (claims, header, keys) => withBrokenSignature(await keys.sign(claims, header)) }, does: signIn },
  'login failure userinfo_invalid': { rogue: { userinfo: (claims) => ({ ...claims, sub: 'other' }) }, does: signIn },
  'login failure issuer_mismatch': { rogue: { authorize: (parameters) => ({ ...parameters, iss: 'https://other.example.com' }) }, does: signIn },
  'login failure idp_error': { rogue: { authorize: ({ state = '', iss = '' }) => ({ state, iss, error: 'access_denied' }) }, does: signIn },
  'login failure session_too_large': { rogue: { userinfo: (claims) => ({ ...claims, name: 'x'.repeat(20_000) }) }, does: signIn },
  'login failure session_store_unavailable': { configuration: { session: { store: 'redis', redis: { url: 'redis://127.0.0.1:1' } } }, does: ({ open }) => open('/oidc/login') },
  'login failure acr_not_met': { configuration: { access: { rules: [{ path: '/**', require: { acr: ['gold'] } }] } }, does: signIn },
  'login failure groups_overage_unresolved': { rogue: { claims: { hasgroups: true } }, does: signIn },
  'logout success user': { does: async ({ open }) => { await open(); await open('/oidc/logout') } },
  'session.refresh success': { rogue: { refreshes: true }, does: (scene) => refresh(scene) },
  'session.refresh failure refresh_rejected': { rogue: { refreshes: true, refresh: () => raw({ status: 400, body: '{"error":"invalid_grant"}' }) }, does: (scene) => refresh(scene) },
  'session.refresh failure token_exchange_failed': { rogue: { refreshes: true, refresh: () => raw({ status: 500 }) }, does: (scene) => refresh(scene) },
  'session.expired success idle_timeout': { does: (scene) => comeBack(scene, 31) },
  'session.expired success max_lifetime': { configuration: { session: { maxLifetime: '20m', idleTimeout: '20m' } }, does: (scene) => comeBack(scene, 21) },
  'session.revoked success backchannel': { does: async ({ rogue, gateway, open }) => { await open(); await postLogout(gateway.origin, await logoutToken(rogue)) } },
  'session.revoked success frontchannel': { rogue: { idToken: (claims) => ({ ...claims, sid: 'provider-session' }) }, does: async ({ rogue, open }) => { await open(); await open(`/oidc/frontchannel-logout?iss=${rogue.issuer}&sid=provider-session`) } },
  'session.revoked success refresh_rejected': { rogue: { refreshes: true, refresh: () => raw({ status: 400, body: '{"error":"invalid_grant"}' }) }, does: (scene) => refresh(scene) },
  'session.revoked success admin': { configuration: admin, does: (scene) => revoke(scene, adminToken) },
  'access.denied failure rule_denied': { configuration: { access: { rules: [{ path: '/**', require: { roles: ['admin'] } }] } }, does: signIn },
  'access.denied failure token_rejected': { configuration: bearer, does: ({ call }) => call('https://other.example.com') },
  'access.denied failure required_group_missing': { configuration: { ...bearer, groups: { allow: ['others'] } }, does: ({ call }) => call() },
  'access.denied failure no_email_claim': { configuration: { ...bearer, claims: { requireEmail: true } }, does: ({ call }) => call() },
  'admin.change success': { configuration: admin, does: (scene) => revoke(scene, adminToken) },
  'admin.change failure token_rejected': { configuration: admin, does: (scene) => revoke(scene, 'another') }
}

/** Of a refresh, the others are those of a sign-in; `setup_error` alone could come too, at a replica that has never reached the provider. */
const ofRefresh = ['refresh_rejected', 'token_exchange_failed']

async function refresh ({ open, clock }: Scene): Promise<void> {
  await open()
  clock.now += 59.5 * minutes
  await open()
}

async function comeBack ({ open, clock }: Scene, later: number): Promise<void> {
  await open()
  clock.now += later * minutes
  await open()
}

async function revoke ({ gateway }: Scene, token: string): Promise<void> {
  await fetch(`${gateway.admin}/api/sessions/revoke`, { method: 'POST', body: '{"user":"robin"}', headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` } })
}

async function startScene (t: Test, { configuration, ...options }: RogueGatewayOptions): Promise<Scene> {
  const clock = { now: Date.now() }
  const session = { idleTimeout: options.rogue?.refreshes === true ? '2h' : '30m', ...configuration?.['session'] }
  const setup = await startRogueGateway(t, { ...options, configuration: { ...configuration, session }, now: () => clock.now })
  const { gateway, rogue, browser } = setup
  return {
    ...setup,
    clock,
    open: (path = '/x') => browser.open(`${gateway.origin}${path}`, { headers: { 'user-agent': 'Test/1' } }),
    async call (aud = api) {
      const iat = Math.floor(clock.now / 1000)
      const token = await rogue.keys.sign({ iss: rogue.issuer, aud, sub: 'rogue-1', preferred_username: 'robin', iat, exp: iat + 300 }, { ...rogue.keys.header, typ: 'at+jwt' })
      return await new Browser().get(`${gateway.origin}/api/x`, { program: true, headers: { authorization: `Bearer ${token}` } })
    }
  }
}

for (const [told, { does, ...options }] of Object.entries(causes)) {
  t.test(`${told} is told where it happens`, async (t) => {
    const scene = await startScene(t, options)
    await does(scene)
    const events = scene.gateway.audit.map(({ event, outcome, reason }) => [event, outcome, reason].filter((word) => word !== undefined).join(' '))
    t.ok(events.includes(told), `told: ${events.join(', ')}`)
    t.equal(events.filter((event) => event === told).length, 1, 'once')
  })
}

t.test('there is no event or reason without its cause here', async (t) => {
  // What no request causes is in test/reload.
  const all = Object.entries(auditEvents).filter(([event]) => event !== 'config.reload').flatMap(([event, { outcomes }]) => Object.entries(outcomes).flatMap(([outcome, reasons]) => {
    const words = Object.keys(reasons).filter((reason) => event !== 'session.refresh' || outcome === 'success' || ofRefresh.includes(reason))
    return words.length === 0 ? [`${event} ${outcome}`] : words.map((reason) => `${event} ${outcome} ${reason}`)
  }))
  t.strictSame(Object.keys(causes).sort(), all.sort())
})
