/** Programs that come with an access token of a real provider, beside people who come with a cookie. */
import { once } from 'node:events'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import t, { test } from 'tap'
import { type Answer, Browser } from '../support/browser.ts'
import { startProvider } from '../support/provider.ts'
import { startUpstream } from '../support/upstream.ts'
import { openWebSocket, startWebSocketUpstream } from '../support/web-sockets.ts'
import { calls, type Journey, type JourneyOptions, minute, second, startJourney, stoppedClock, wayBack } from './journey.ts'

const api = 'https://api.example.com'
const opaqueApi = 'https://opaque.example.com'
const provider = await startProvider(t, { apis: { [api]: 'jwt', [opaqueApi]: 'opaque' } })
const upstream = await startUpstream(t)

/** A program of somebody else, known to the same provider. */
const program = { client_id: 'program', client_secret: 'secret of the program', redirect_uris: ['http://localhost:9/oidc/callback'], grant_types: ['authorization_code', 'client_credentials'], token_endpoint_auth_method: 'client_secret_post' }
await provider.register(program)

async function tokenRequest (fields: Readonly<Record<string, string>>): Promise<string> {
  const { client_id: id, client_secret: secret } = program
  const body = new URLSearchParams({ client_id: id, client_secret: secret, ...fields })
  const answer = await new Browser().get(`${provider.issuer}/token`, { method: 'POST', body, program: true })
  const { access_token: token } = answer.json() as { access_token?: string }
  if (token === undefined) throw new Error(answer.text)
  return token
}

/** Access tokens of a person for an API, by the code flow of the program. */
async function tokenOf (person: string, resource: string): Promise<string> {
  const [redirectUri = ''] = program.redirect_uris
  const verifier = 'v'.repeat(43)
  const challenge = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(verifier))).toString('base64url')
  const wish = { client_id: program.client_id, response_type: 'code', redirect_uri: redirectUri, scope: 'openid read', resource, code_challenge: challenge, code_challenge_method: 'S256' }
  const callback = await wayBack(new Browser(), `${provider.issuer}/auth?${new URLSearchParams(wish).toString()}`, person)
  return await tokenRequest({ grant_type: 'authorization_code', code: callback.searchParams.get('code') ?? '', redirect_uri: redirectUri, code_verifier: verifier, resource })
}

const [alice, bob, opaqueAlice] = [await tokenOf('alice', api), await tokenOf('bob', api), await tokenOf('alice', opaqueApi)]

const configuration = {
  provider: { bearer: { audiences: [api, opaqueApi] } },
  roles: { mapping: { 'cmdbsyncer-admins': { roles: ['admin'] }, 'cmdbsyncer-ops': { roles: ['host'] } } },
  access: {
    rules: [
      { path: '/api/admin/**', require: { roles: ['admin'] }, bearer: true },
      { path: '/api/open/**', allow: 'anonymous', bearer: true },
      { path: '/api/**', bearer: true }
    ]
  }
}

/** Sections of the configuration replace those above. */
async function start (t: Parameters<typeof startJourney>[0], { configuration: more, ...options }: JourneyOptions = {}): Promise<Journey> {
  const journey = await startJourney(t, { provider, upstream, ...options, configuration: { ...configuration, ...more } })
  upstream.requests.length = 0
  return journey
}

async function call ({ url }: Journey, path: string, token: string | undefined, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return await new Browser().get(url(path), { program: true, headers: { ...authorization, ...headers } })
}

/** What the application was told, of the last request. */
function received (...names: string[]): unknown[] {
  return names.map((name) => upstream.requests.at(-1)?.headers[name])
}

test('the same person is the same to the application, by token and by cookie', async (t) => {
  const journey = await start(t)
  const { browser, url } = journey
  await browser.signIn(url('/api/x'), 'alice')
  const identity = ['x-auth-user', 'x-auth-subject', 'x-auth-email', 'x-auth-name', 'x-auth-groups', 'x-auth-roles']
  const byCookie = received(...identity)
  t.strictSame(byCookie, ['alice', 'alice', 'alice@example.com', 'Alice Archer', 'cmdbsyncer-admins', 'admin'])
  for (const token of [alice, opaqueAlice]) {
    t.equal((await call(journey, '/api/x', token)).status, 200)
    t.strictSame(received(...identity), byCookie)
    t.strictSame(received('authorization', 'cookie'), [undefined, undefined], 'the token was meant for Doorward')
  }
})

test('the assertion speaks of the token’s subject, knows no session, and is signed once', async (t) => {
  const journey = await start(t)
  const assertions = []
  for (const token of [alice, alice, opaqueAlice, opaqueAlice, bob]) {
    await call(journey, '/api/x', token)
    assertions.push(String(received('x-auth-assertion')[0]))
  }
  t.equal(new Set(assertions).size, 3)
  const [first = ''] = assertions
  t.equal(decodeProtectedHeader(first).typ, 'doorward+jwt')
  const { iat, nbf, exp, ...claims } = decodeJwt(first)
  t.strictSame(claims, {
    iss: journey.gateway.origin,
    aud: upstream.url,
    sub: 'alice',
    user: 'alice',
    email: 'alice@example.com',
    name: 'Alice Archer',
    given_name: 'Alice',
    family_name: 'Archer',
    groups: ['cmdbsyncer-admins'],
    roles: ['admin'],
    organizations: {},
    projects: {},
    attributes: {},
    provider: 'default'
  })
})

test('an application that was written for mod_auth_openidc is told who asks, and never the token', async (t) => {
  const journey = await start(t, { configuration: { headers: { profiles: ['mod_auth_openidc'] } } })
  for (const token of [alice, opaqueAlice]) {
    t.equal((await call(journey, '/api/x', token)).status, 200)
    t.strictSame(received('x-remote-user', 'oidc_claim_sub', 'oidc_claim_email', 'oidc_claim_groups'), [`alice@${provider.issuer}`, 'alice', 'alice@example.com', 'cmdbsyncer-admins'])
    t.notOk(JSON.stringify(upstream.requests.at(-1)?.headers).includes(token))
  }
})

test('where both are sent, the token alone says who asks', async (t) => {
  const clock = stoppedClock()
  const journey = await start(t, { now: () => clock.now })
  const { browser, url, gateway } = journey
  await browser.signIn(url('/api/x'), 'alice')
  const cookie = `${browser.jar.header(new URL(url('/'))) ?? ''}; app=1`
  clock.now += 4 * minute
  const answer = await call(journey, '/api/x', bob, { cookie })
  t.strictSame([answer.status, answer.setCookies], [200, []], 'the session is not touched')
  const [user, cookies] = received('x-auth-user', 'cookie')
  t.equal(user, 'bob')
  t.match(cookies, /app=1$/)
  t.notMatch(cookies, /doorward/, 'and ours are not passed on')
  t.equal((await call(journey, '/api/admin/x', bob, { cookie })).status, 403)
  t.equal((await call(journey, '/api/x', 'nonsense', { cookie })).status, 401, 'a bad token is not made good by a cookie')
  const withoutToken = await call(journey, '/api/x', undefined, { cookie })
  t.strictSame([withoutToken.status, withoutToken.setCookies.length], [200, 1], 'without a token the cookie counts')
  t.strictSame(received('x-auth-user'), ['alice'])
  t.strictSame(gateway.audit.slice(1).map(({ event, reason, metadata }) => [event, reason, (metadata as { cause?: string }).cause]), [
    ['access.denied', 'rule_denied', undefined],
    ['access.denied', 'token_rejected', 'inactive']
  ])
})

test('elsewhere the Authorization header is the application’s affair', async (t) => {
  const journey = await start(t)
  t.equal((await call(journey, '/other', alice)).status, 401, 'it signs nobody in')
  const { browser, url } = journey
  await browser.signIn(url('/other'), 'carol')
  await browser.get(url('/other'), { headers: { authorization: 'Bearer of the application' } })
  t.strictSame(received('x-auth-user', 'authorization'), ['carol', 'Bearer of the application'])
  await browser.get(url('/api/x'), { headers: { authorization: 'Basic dTpw' } })
  t.strictSame(received('x-auth-user', 'authorization'), ['carol', 'Basic dTpw'], 'another scheme is no token')
})

test('a program is told what is wrong, and never sent anywhere', async (t) => {
  const journey = await start(t, { configuration: { groups: { allow: ['cmdbsyncer-admins', 'cmdbsyncer-ops'] } } })
  const { gateway } = journey
  const answers: Readonly<Record<string, Answer>> = {
    none: await call(journey, '/api/x', undefined),
    bad: await call(journey, '/api/x', 'nonsense', { accept: 'text/html' }),
    open: await call(journey, '/api/open/x', 'nonsense'),
    denied: await call(journey, '/api/admin/x', bob, { accept: 'text/html' }),
    refused: await call(journey, '/api/x', await tokenOf('carol', api), { accept: 'text/html' })
  }
  const invalid = 'Bearer realm="doorward", error="invalid_token", error_description="The token is malformed, expired, revoked or not meant for this site"'
  t.strictSame(Object.values(answers).map(({ status, headers, json }) => [status, headers['www-authenticate'], (json() as { code: string }).code]), [
    [401, 'Bearer realm="doorward"', 'sign_in_required'],
    [401, invalid, 'token_invalid'],
    [401, invalid, 'token_invalid'],
    [403, undefined, 'access_denied'],
    [403, undefined, 'sign_in_refused']
  ])
  for (const [name, { headers, setCookies, location }] of Object.entries(answers)) {
    t.strictSame([headers['content-type'], headers['cache-control'], setCookies, location], ['application/problem+json; charset=utf-8', 'no-store', [], undefined], name)
  }
  t.match(gateway.audit.map(({ event, outcome, reason, user }) => ({ event, outcome, reason, user })), [
    { event: 'access.denied', outcome: 'failure', reason: 'token_rejected', user: undefined },
    { event: 'access.denied', outcome: 'failure', reason: 'token_rejected', user: undefined },
    { event: 'access.denied', outcome: 'failure', reason: 'rule_denied', user: { user: 'bob' } },
    { event: 'access.denied', outcome: 'failure', reason: 'required_group_missing', user: { user: 'carol', provider: 'default' } }
  ])
  t.equal(upstream.requests.length, 0)
})

test('a program that acts for itself is whom its token names', async (t) => {
  const journey = await start(t)
  const token = await tokenRequest({ grant_type: 'client_credentials', resource: api, scope: 'read' })
  t.equal((await call(journey, '/api/x', token)).status, 200)
  t.strictSame(received('x-auth-user', 'x-auth-groups'), ['program', undefined])
})

test('a token that was checked is not checked again until its time is up', async (t) => {
  const clock = stoppedClock()
  const journey = await start(t, { now: () => clock.now, configuration: { provider: { bearer: { audiences: [api, opaqueApi], cacheTime: '30s' } } } })
  const asked = () => calls(journey, '/token/introspection').length
  await Promise.all(Array.from({ length: 20 }, () => call(journey, '/api/x', opaqueAlice)))
  t.equal(asked(), 1, 'twenty at once ask once')
  clock.now += 30 * second - 1
  await call(journey, '/api/x', opaqueAlice)
  t.equal(asked(), 1)
  clock.now += 1
  await call(journey, '/api/x', opaqueAlice)
  t.equal(asked(), 2)
  t.strictSame(calls(journey, '/token/introspection').map(({ headers: { authorization }, form: { token } }) => [authorization?.slice(0, 6), token]), [['Basic ', opaqueAlice], ['Basic ', opaqueAlice]])

  await Promise.all(Array.from({ length: 20 }, () => call(journey, '/api/x', 'nobody-issued-this')))
  t.equal(asked(), 3, 'a no is remembered too')
  clock.now += 5 * second
  t.equal((await call(journey, '/api/x', 'nobody-issued-this')).status, 401)
  t.equal(asked(), 4, 'but not for long')
  await call(journey, '/api/x', alice)
  t.equal(asked(), 4, 'a JWT is verified here')
})

test('a token ends when it says, whatever is remembered of it', async (t) => {
  const clock = stoppedClock()
  const journey = await start(t, { now: () => clock.now, configuration: { provider: { clockTolerance: '10s', bearer: { audiences: [api, opaqueApi], cacheTime: '8h' } } } })
  for (const token of [alice, opaqueAlice]) t.equal((await call(journey, '/api/x', token)).status, 200)
  const { exp = 0 } = decodeJwt(alice)
  clock.now = exp * 1000 + 9 * second
  t.equal((await call(journey, '/api/x', alice)).status, 200, 'clocks may differ a little')
  clock.now = exp * 1000 + minute
  for (const token of [alice, opaqueAlice]) t.equal((await call(journey, '/api/x', token)).status, 401)
  const asked = calls(journey, '/token/introspection').length
  for (const token of [alice, opaqueAlice]) t.equal((await call(journey, '/api/x', token)).status, 401)
  t.equal(calls(journey, '/token/introspection').length, asked, 'a no is remembered, whatever the token was before')
})

test('while the provider is away, what was checked goes on, a JWT is checked all the same, and nobody becomes anonymous', async (t) => {
  const clock = stoppedClock()
  const journey = await start(t, { now: () => clock.now })
  for (const token of [alice, opaqueAlice]) await call(journey, '/api/x', token)
  await provider.stop()
  t.teardown(() => provider.start())
  const statuses = async () => [await call(journey, '/api/x', alice), await call(journey, '/api/x', bob), await call(journey, '/api/x', opaqueAlice)].map(({ status }) => status)
  t.strictSame(await statuses(), [200, 200, 200])
  clock.now += 6 * minute
  t.strictSame(await statuses(), [200, 200, 503])
  const answer = await call(journey, '/api/open/x', opaqueAlice, { accept: 'text/html' })
  t.strictSame([answer.status, answer.headers['retry-after'], answer.headers['content-type']], [503, '5', 'application/problem+json; charset=utf-8'])
})

test('a WebSocket that a token opened ends with the token, and when nobody can vouch for it any more', async (t) => {
  const live = await startWebSocketUpstream(t)
  const clock = stoppedClock()
  const { gateway: { port } } = await start(t, {
    now: () => clock.now,
    upstream: { url: live.url, port: 0, requests: [], close: async () => {} },
    configuration: { session: { closeGrace: '40ms' } }
  })
  const open = async (token: string): Promise<{ closed: Promise<unknown> }> => {
    const socket = await openWebSocket(t, port, '/api/live', { headers: { authorization: `Bearer ${token}` } })
    return { closed: once(socket, 'close') }
  }
  const [jwt, opaque] = [await open(alice), await open(opaqueAlice)]
  await provider.stop()
  t.teardown(() => provider.start())
  clock.now += 7 * minute
  await opaque.closed
  t.pass('a minute of trust and five of patience')
  clock.now = (decodeJwt(alice).exp ?? 0) * 1000 + minute
  await jwt.closed
  t.pass()
})

test('a provider that was never reached lets no token in', async (t) => {
  await provider.stop()
  t.teardown(() => provider.start())
  const journey = await start(t)
  for (const token of [alice, opaqueAlice]) {
    const answer = await call(journey, '/api/x', token)
    t.equal(answer.status, 503)
    t.match(answer.headers['retry-after'], /^\d+$/)
  }
})

test('tokens are checked in the one way that the configuration names', async (t) => {
  const onlyJwt = await start(t, { configuration: { provider: { bearer: { audiences: [api, opaqueApi], tokens: 'jwt' } } } })
  t.strictSame([(await call(onlyJwt, '/api/x', alice)).status, (await call(onlyJwt, '/api/x', opaqueAlice)).status], [200, 401])
  t.equal(calls(onlyJwt, '/token/introspection').length, 0)
  const onlyAsked = await start(t, { configuration: { provider: { bearer: { audiences: [api, opaqueApi], tokens: 'introspection' } } } })
  t.equal((await call(onlyAsked, '/api/x', opaqueAlice)).status, 200)
  t.equal((await call(onlyAsked, '/api/x', alice)).status, 503, 'this provider refuses to be asked about its JWTs')
  t.equal(calls(onlyAsked, '/token/introspection').length, 2)
})
