/** The modules of the OpenID Foundation's plan for refresh tokens, by their names, and what else can come in place of new tokens. */
import t, { type Test } from 'tap'
import { type RogueGateway, type RogueGatewayOptions, startRogueGateway } from '../support/rogue-gateway.ts'
import { raw, type RogueOptions, withBrokenSignature } from '../support/rogue-provider.ts'
import { parseExposition } from '../admin/scrape.ts'

const due = 59 * 60 * 1000
const retry = 15 * 1000

interface Refresh extends RogueGateway {
  readonly clock: { now: number }
  /** Status of the next request of the browser. */
  ask (): Promise<number>
  /** What the audit trail tells after the sign-in. */
  told (): Array<Record<string, unknown>>
}

/** Signs somebody in honestly; from then on the provider misbehaves, and the tokens are due. */
async function signedIn (t: Test, hooks: RogueOptions, { configuration, ...options }: RogueGatewayOptions = {}): Promise<Refresh> {
  const clock = { now: Date.now() }
  const setup = await startRogueGateway(t, {
    ...options,
    now: () => clock.now,
    rogue: { refreshes: true, ...options.rogue },
    configuration: { ...configuration, session: { idleTimeout: '8h', ...configuration?.['session'] } }
  })
  const { browser, gateway, rogue } = setup
  const page = await browser.open(`${gateway.origin}/wanted`)
  if (page.status !== 200) throw new Error(`the sign-in ended with ${page.status}`)
  Object.assign(rogue.hooks, hooks)
  clock.now += due
  return {
    ...setup,
    clock,
    ask: async () => (await browser.get(`${gateway.origin}/wanted`)).status,
    told: () => gateway.audit.slice(1)
  }
}

function refreshesOf ({ rogue }: RogueGateway): number {
  return rogue.calls('token').filter(({ form }) => form.get('grant_type') === 'refresh_token').length
}

async function counted ({ gateway }: RogueGateway): Promise<Record<string, number>> {
  const { samples } = parseExposition(await (await fetch(`${gateway.admin}/metrics`)).text())['doorward_refreshes_total'] ?? { samples: {} }
  return Object.fromEntries(Object.entries(samples).map(([labels, value]) => [/outcome="(\w+)"/.exec(labels)?.[1] ?? '', Number(value)]))
}

t.test('oidcc-client-test-refresh-token', async (t) => {
  const setup = await signedIn(t, {})
  const { rogue, told, ask, upstream } = setup
  t.equal(await ask(), 200)
  const [, refresh] = rogue.calls('token')
  t.match(Object.fromEntries(refresh?.form ?? []), { grant_type: 'refresh_token', refresh_token: /^[\w-]{32}$/ })
  t.match(refresh?.headers.authorization, /^Basic /)
  const authorizations = rogue.calls('userinfo').map(({ headers }) => headers.authorization)
  t.equal(new Set(authorizations).size, 2, 'userinfo is asked with the new access token')
  t.match(told(), [{ event: 'session.refresh', outcome: 'success', user: { sub: 'rogue-1' } }])
  t.equal(upstream.requests.length, 2)
  t.strictSame(await counted(setup), { success: 1, rejected: 0, failed: 0 })
})

/** The session ends, with the reason that a sign-in would have ended with, and userinfo is not asked. */
async function assertEnded (t: Test, setup: Refresh, cause: string, userinfoCalls = 1): Promise<void> {
  const { ask, told, rogue, upstream, gateway, browser } = setup
  const cookie = browser.jar.header(new URL(gateway.origin)) ?? ''
  t.equal(await ask(), 302)
  t.match(told(), [
    { event: 'session.refresh', outcome: 'failure', reason: 'refresh_rejected', metadata: { cause }, user: { sub: 'rogue-1' }, session: gateway.audit[0]?.['session'] },
    { event: 'session.revoked', outcome: 'success', reason: 'refresh_rejected', session: gateway.audit[0]?.['session'] }
  ])
  t.equal(told().length, 2)
  t.equal(rogue.calls('userinfo').length, userinfoCalls)
  t.equal(upstream.requests.length, 1, 'the application is told of nobody')
  t.equal((await browser.get(`${gateway.origin}/oidc/session`, { headers: { cookie } })).status, 401, 'nor is a copy of the cookie good for anything')
  t.equal(refreshesOf(setup), 1)
  t.strictSame(await counted(setup), { success: 0, rejected: 1, failed: 0 })
}

const differing: Readonly<Record<string, readonly [change: Readonly<Record<string, unknown>>, cause: string]>> = {
  'oidcc-client-test-refresh-token-invalid-issuer': [{ iss: 'https://other.example' }, 'issuer_mismatch'],
  'oidcc-client-test-refresh-token-invalid-sub': [{ sub: 'rogue-2' }, 'id_token_invalid'],
  'another audience': [{ aud: 'other' }, 'id_token_invalid'],
  'an audience more than at the sign-in': [{ aud: ['doorward', 'other'], azp: 'doorward' }, 'id_token_invalid'],
  'another time of authentication': [{ auth_time: 1_700_000_001 }, 'id_token_invalid'],
  'another nonce': [{ nonce: 'another' }, 'nonce_mismatch'],
  'an expiry that has passed': [{ exp: 1_700_000_000 }, 'id_token_invalid'],
  'no subject': [{ sub: undefined }, 'id_token_invalid']
}

const at = { auth_time: 1_700_000_000 }

for (const [name, [change, cause]] of Object.entries(differing)) {
  t.test(/-client-test-/.test(name) ? name : `a refreshed id_token with ${name} ends the session`, async (t) => {
    const setup = await signedIn(t, { idToken: (claims) => ({ ...claims, ...at, ...change }) }, { rogue: { idToken: (claims) => ({ ...claims, ...at }) } })
    await assertEnded(t, setup, cause)
  })
}

t.test('a refreshed id_token that somebody else has signed ends the session', async (t) => {
  const setup = await signedIn(t, { idToken: async (claims, header, keys) => withBrokenSignature(await keys.sign(claims, header)) })
  await assertEnded(t, setup, 'id_token_invalid')
})

t.test('userinfo about somebody else ends the session', async (t) => {
  const setup = await signedIn(t, { userinfo: (claims) => ({ ...claims, sub: 'rogue-2' }) })
  await assertEnded(t, setup, 'userinfo_invalid', 2)
})

t.test('a refresh token that the provider takes back ends the session', async (t) => {
  const setup = await signedIn(t, { refresh: () => raw({ status: 400, body: JSON.stringify({ error: 'invalid_grant', error_description: 'the session was ended by an administrator' }) }) })
  await assertEnded(t, setup, 'token_exchange_failed')
  t.match(setup.told()[0], { metadata: { error: 'invalid_grant', errorDescription: 'the session was ended by an administrator' } })
})

/** Refresh token, then access token, as the provider was asked to revoke them. */
function revoked ({ rogue }: RogueGateway): Array<string | null> {
  const form = (kind: string) => rogue.calls('revocation').filter(({ form }) => form.get('token_type_hint') === kind).map(({ form }) => form.get('token'))
  return [...form('refresh_token'), ...form('access_token')]
}

t.test('what a refused refresh leaves of tokens is revoked at the provider: the new ones, where there are any', async (t) => {
  const refused: Readonly<Record<string, readonly [hooks: RogueOptions, configuration?: RogueGatewayOptions['configuration']]>> = {
    'userinfo about somebody else': [{ userinfo: (claims) => ({ ...claims, sub: 'rogue-2' }) }],
    'an id_token about somebody else': [{ idToken: (claims) => ({ ...claims, sub: 'rogue-2' }) }],
    'a signature of somebody else': [{ idToken: async (claims, header, keys) => withBrokenSignature(await keys.sign(claims, header)) }],
    'a person who is not admitted any more': [{ userinfo: (claims) => ({ ...claims, groups: [] }) }, { groups: { require: ['cmdbsyncer-ops'] } }]
  }
  for (const [name, [hooks, configuration]] of Object.entries(refused)) {
    let given: Readonly<Record<string, unknown>> = {}
    const setup = await signedIn(t, { ...hooks, refresh: (answer) => (given = answer) }, { rogue: { revocation: () => '' }, ...configuration !== undefined && { configuration } })
    t.equal(await setup.ask(), 302, name)
    t.strictSame(revoked(setup), [given['refresh_token'], given['access_token']], name)
  }

  const taken = await signedIn(t, { refresh: () => raw({ status: 400, body: '{"error":"invalid_grant"}' }) }, { rogue: { revocation: () => '' } })
  t.equal(await taken.ask(), 302)
  t.strictSame(revoked(taken), [taken.rogue.calls('token')[1]?.form.get('refresh_token')])

  const without = await signedIn(t, { userinfo: (claims) => ({ ...claims, sub: 'rogue-2' }) }, { rogue: { revocation: () => '' }, configuration: { provider: { logout: { revokeTokens: false } } } })
  t.equal(await without.ask(), 302)
  t.strictSame(revoked(without), [])
})

t.test('tokens that come when the session has been signed out meanwhile are revoked, too', async (t) => {
  let given: Readonly<Record<string, unknown>> = {}
  const setup = await signedIn(t, {}, { rogue: { revocation: () => '' } })
  const { gateway, browser, rogue } = setup
  const old = { cookie: browser.jar.header(new URL(gateway.origin)) ?? '' }
  rogue.hooks.refresh = async (answer) => {
    await fetch(`${gateway.origin}/oidc/logout`, { method: 'POST', headers: old, redirect: 'manual' })
    return (given = answer)
  }
  t.equal(await setup.ask(), 302)
  t.ok(revoked(setup).includes(String(given['refresh_token'])))
  t.ok(revoked(setup).includes(String(given['access_token'])))
})

const harmless: Readonly<Record<string, RogueOptions>> = {
  'the same nonce and time of authentication': {},
  'no nonce and no time of authentication': { idToken: ({ nonce: _, auth_time: _time, ...claims }) => claims }
}

for (const [name, hooks] of Object.entries(harmless)) {
  t.test(`a refreshed id_token with ${name} is accepted`, async (t) => {
    let nonce: unknown
    const honest: RogueOptions = {
      idToken: (claims) => {
        nonce ??= claims['nonce']
        return { ...claims, ...at, nonce }
      }
    }
    const { ask, told } = await signedIn(t, hooks, { rogue: honest })
    t.equal(await ask(), 200)
    t.match(told(), [{ event: 'session.refresh', outcome: 'success' }])
  })
}

/** What keeps the provider from saying anything about the person. */
const passing: Readonly<Record<string, readonly [hooks: RogueOptions, metadata: Readonly<Record<string, unknown>>]>> = {
  'is in trouble': [{ refresh: () => raw({ status: 503, body: '' }) }, {}],
  'is overloaded': [{ refresh: () => raw({ status: 429, body: '{"error":"temporarily_unavailable"}' }) }, { error: 'temporarily_unavailable' }],
  'refuses Doorward itself': [{ refresh: () => raw({ status: 401, body: '{"error":"invalid_client"}' }) }, { error: 'invalid_client' }],
  'has a web page in front': [{ refresh: () => raw({ headers: { 'content-type': 'text/html' }, body: '<p>Maintenance</p>' }) }, {}],
  'answers nonsense': [{ refresh: () => raw({ body: '{"access_token":7}' }) }, {}]
}

for (const [name, [hooks, metadata]] of Object.entries(passing)) {
  t.test(`a provider that ${name} takes nobody’s session along, and is left alone for a while`, async (t) => {
    const setup = await signedIn(t, hooks)
    const { ask, told, clock, rogue } = setup
    t.strictSame([await ask(), await ask(), await ask()], [200, 200, 200])
    t.equal(refreshesOf(setup), 1)
    t.match(told(), [{ event: 'session.refresh', outcome: 'failure', reason: 'token_exchange_failed', metadata }])
    clock.now += retry
    t.equal(await ask(), 200)
    t.equal(refreshesOf(setup), 2)
    t.strictSame(await counted(setup), { success: 0, rejected: 0, failed: 2 })
    t.notOk(setup.gateway.logs.join('').includes(rogue.calls('token')[1]?.form.get('refresh_token') ?? 'none'), 'the log does not tell the token')
  })
}

t.test('where the keys or userinfo are away, the new tokens count and the person stays as it was', async (t) => {
  const keysAway: RogueOptions = {
    idToken: async (claims, _header, keys) => {
      await keys.rotate()
      return claims
    },
    jwks: () => raw({ status: 503 })
  }
  for (const [hooks, reason] of [[{ userinfo: () => raw({ status: 503 }) }, 'no_userinfo'], [keysAway, 'setup_error']] as const) {
    const setup = await signedIn(t, hooks)
    const { ask, told, clock, rogue, upstream } = setup
    t.equal(await ask(), 200)
    t.match(told(), [{ event: 'session.refresh', outcome: 'success', metadata: { unread: reason } }])
    rogue.hooks.userinfo = (claims) => ({ ...claims, groups: ['others'] })
    rogue.hooks.jwks = (set) => set
    rogue.hooks.idToken = (claims) => claims
    t.equal(await ask(), 200)
    t.equal(refreshesOf(setup), 1, 'a refresh token is not spent because something else is away')
    t.equal(upstream.requests.at(-1)?.headers['x-auth-groups'], 'cmdbsyncer-ops')
    clock.now += due
    t.equal(await ask(), 200)
    t.equal(upstream.requests.at(-1)?.headers['x-auth-groups'], 'others', 'the next refresh has the new token, and the news')
  }
})

t.test('without a new id_token, userinfo speaks for the person only where it did alone at the sign-in', async (t) => {
  const bare: RogueOptions = { refresh: ({ id_token: _, ...answer }) => answer, userinfo: (claims) => ({ ...claims, groups: ['others'] }) }
  const alone = await signedIn(t, bare)
  t.equal(await alone.ask(), 200)
  t.equal(alone.upstream.requests.at(-1)?.headers['x-auth-groups'], 'others')

  const together = await signedIn(t, { ...bare, userinfo: ({ sub, name }) => ({ sub, name }) }, { rogue: { userinfo: ({ sub, name }) => ({ sub, name }) } })
  t.equal(await together.ask(), 200)
  t.equal(together.upstream.requests.at(-1)?.headers['x-auth-groups'], 'cmdbsyncer-ops')
  t.equal(together.rogue.calls('userinfo').length, 1)
})

t.test('a provider that gives no new refresh token leaves the one before in force', async (t) => {
  const setup = await signedIn(t, { refresh: ({ refresh_token: _, ...answer }) => answer })
  const { ask, clock, rogue, told } = setup
  t.equal(await ask(), 200)
  clock.now += due
  await ask()
  const sent = rogue.calls('token').slice(1).map(({ form }) => form.get('refresh_token'))
  t.equal(sent.length, 2)
  t.equal(sent[0], sent[1])
  t.equal(told().length, 3, 'this provider takes each once')
})

t.test('a refresh token that makes the session too large for cookies is left out', async (t) => {
  const { ask, told } = await signedIn(t, {}, { rogue: { token: (answer) => ({ ...answer, refresh_token: 'x'.repeat(12_000) }) } })
  t.equal(await ask(), 200)
  t.strictSame(told(), [])
})

t.test('a session that a refresh makes too large for cookies ends', async (t) => {
  const groups = Array.from({ length: 500 }, (_, index) => `group-${index}-with-a-name-as-long-as-an-id`)
  const setup = await signedIn(t, { userinfo: (claims) => ({ ...claims, groups }) })
  await assertEnded(t, setup, 'session_too_large', 2)
})

t.test('a token that lives shorter than refreshBefore is not refreshed by every request', async (t) => {
  const setup = await signedIn(t, {}, { rogue: { token: (answer) => ({ ...answer, expires_in: 50 }) } })
  const { rogue, ask, clock } = setup
  rogue.hooks.refresh = (answer) => ({ ...answer, expires_in: 50 })
  t.strictSame([await ask(), await ask(), await ask()], [200, 200, 200])
  t.equal(refreshesOf(setup), 1)
  clock.now += 25_000
  t.strictSame([await ask(), await ask()], [200, 200])
  t.equal(refreshesOf(setup), 2)
})
