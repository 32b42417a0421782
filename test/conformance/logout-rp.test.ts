/**
 * The modules of the OpenID Foundation's plans for logout, by their names, and what the specifications ask beyond them:
 * OpenID Connect RP-Initiated, Back-Channel and Front-Channel Logout 1.0.
 */
import { base64url, decodeJwt, exportJWK, generateKeyPair, type JWK } from 'jose'
import t, { type Test } from 'tap'
import { ask, responseTo } from '../proxy/open-gateway.ts'
import { Browser } from '../support/browser.ts'
import { startGateway } from '../support/gateway.ts'
import { clientSecret } from '../support/provider.ts'
import { type Claims, type RogueHooks } from '../support/rogue-hooks.ts'
import { logoutClaims, logoutEvent, logoutToken, postLogout } from '../support/logout-tokens.ts'
import { raw, type RogueProvider, startRogueProvider, unsigned, withBrokenSignature } from '../support/rogue-provider.ts'
import { type RogueGateway, type RogueGatewayOptions, startRogueGateway } from '../support/rogue-gateway.ts'

const now = (): number => Math.floor(Date.now() / 1000)

/** Somebody is signed in, with a session that the provider calls `provider-session`. */
async function signedIn (t: Test, rogue: RogueGatewayOptions['rogue'] = {}, options: RogueGatewayOptions = {}): Promise<RogueGateway> {
  const setup = await startRogueGateway(t, { ...options, rogue: { claims: { sid: 'provider-session' }, endSession: (parameters) => parameters, ...rogue } })
  const page = await setup.browser.open(`${setup.gateway.origin}/x`)
  t.equal(page.status, 200)
  return setup
}

async function isSignedIn ({ gateway }: RogueGateway, browser: Browser): Promise<boolean> {
  return (await browser.get(`${gateway.origin}/oidc/session`, { program: true, from: gateway.origin })).status === 200
}

/** `session.revoked` in the audit trail, as `reason by value`. */
function revocations ({ gateway }: RogueGateway): string[] {
  return gateway.audit.filter(({ event }) => event === 'session.revoked').map(({ reason, metadata }) => {
    const { by, value } = metadata as { by: string, value: string }
    return `${String(reason)} ${by} ${value}`
  })
}

t.test('oidcc-client-test-rp-init-logout', async (t) => {
  const setup = await signedIn(t)
  const { browser, gateway, rogue } = setup
  const page = await browser.open(`${gateway.origin}/oidc/logout`, { from: gateway.origin })
  const [asked] = rogue.calls('end_session')
  const idToken = asked?.url.searchParams.get('id_token_hint') ?? ''
  t.match(decodeJwt(idToken), { iss: rogue.issuer, aud: rogue.clientId })
  t.equal(asked?.url.searchParams.get('post_logout_redirect_uri'), `${gateway.origin}/oidc/signed-out`)
  t.strictSame([page.status, page.url.pathname], [200, '/oidc/signed-out'])
  t.match(page.text, /You are signed out[^]*was asked to end its own/)
  t.equal(await isSignedIn(setup, browser), false)
})

for (const [name, endSession] of Object.entries({
  'oidcc-client-test-rp-init-logout-other-state': ({ state = '' }) => ({ state: `${state}_INVALID` }),
  'oidcc-client-test-rp-init-logout-no-state': () => ({})
} satisfies Record<string, (parameters: Readonly<Record<string, string>>) => Record<string, string>>)) {
  t.test(name, async (t) => {
    const setup = await signedIn(t, { endSession })
    const page = await setup.browser.open(`${setup.gateway.origin}/oidc/logout?return_to=/next`, { from: setup.gateway.origin })
    t.strictSame([page.status, page.url.pathname], [200, '/oidc/signed-out'], 'lands safely')
    t.match(page.text, /You are signed out[^]*may still remember you/, 'and nothing is believed')
    t.equal(await isSignedIn(setup, setup.browser), false)
  })
}

t.test('oidcc-client-test-rp-backchannel-rpinitlogout', async (t) => {
  const setup = await signedIn(t)
  const { browser, gateway, rogue } = setup
  // The provider posts before it answers the browser.
  rogue.hooks.endSession = async (parameters) => {
    const answer = await postLogout(gateway.origin, await logoutToken(rogue, { unknown_claim: [1] }), { unknown_field: 'x' })
    t.equal(answer.status, 200)
    t.equal(answer.headers.get('cache-control'), 'no-store')
    return parameters
  }
  t.match((await browser.open(`${gateway.origin}/oidc/logout`, { from: gateway.origin })).text, /You are signed out/)
  t.strictSame(revocations(setup), ['backchannel sid provider-session'])
})

/** What is posted, and the cause in the log. */
type Forgery = readonly [token: (rogue: RogueProvider) => Promise<string> | string, cause: string]

const changed = (changes: Claims): Forgery[0] => (rogue) => logoutToken(rogue, changes)

async function withOtherAlgorithm (rogue: RogueProvider, changes: Claims = {}): Promise<string> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const key = { ...await exportJWK(publicKey), kid: 'other', alg: 'ES256', use: 'sig' }
  rogue.hooks.jwks = ({ keys }) => ({ keys: [...keys, key] as JWK[] })
  return await rogue.keys.sign(logoutClaims(rogue, changes), { alg: 'ES256', kid: 'other', typ: 'logout+jwt' }, privateKey)
}

async function idTokenOf (rogue: RogueProvider): Promise<string> {
  return await rogue.keys.sign({ iss: rogue.issuer, aud: rogue.clientId, sub: 'rogue-1', sid: 'provider-session', iat: now(), exp: now() + 120, jti: 'x' }, rogue.keys.header)
}

const day = 24 * 60 * 60

const forgeries: Readonly<Record<string, Forgery>> = {
  'oidcc-client-test-rp-backchannel-rpinitlogout-alg-none': [(rogue) => unsigned(logoutClaims(rogue)), 'algorithm'],
  'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg': [(rogue) => withOtherAlgorithm(rogue), 'algorithm'],
  'oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce': [changed({ nonce: 'n' }), 'kind'],
  'oidcc-client-test-rp-backchannel-rpinitlogout-no-event': [changed({ events: undefined }), 'kind'],
  'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event': [changed({ events: { 'http://schemas.openid.net/event/foobar': {} } }), 'kind'],
  'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud': [changed({ aud: 'doorwardINVALID' }), 'audience'],
  'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss': [(rogue) => logoutToken(rogue, { iss: `${rogue.issuer}INVALID` }), 'issuer'],
  'neither sub nor sid': [changed({ sub: undefined, sid: undefined }), 'claims'],
  'an event that is no object': [changed({ events: { [logoutEvent]: true } }), 'kind'],
  'an event that is a list': [changed({ events: { [logoutEvent]: [] } }), 'kind'],
  'a list of events': [changed({ events: [logoutEvent] }), 'kind'],
  'events that are text': [changed({ events: logoutEvent }), 'kind'],
  'an empty nonce': [changed({ nonce: '' }), 'kind'],
  'a nonce that is null': [changed({ nonce: null }), 'kind'],
  'no iat': [changed({ iat: undefined }), 'claims'],
  'no exp': [changed({ exp: undefined }), 'claims'],
  'an exp that means never': [changed({ exp: 1e300 }), 'claims'],
  'no jti': [changed({ jti: undefined }), 'claims'],
  'an empty jti': [changed({ jti: '' }), 'claims'],
  'a jti that is no text': [changed({ jti: 7 }), 'claims'],
  'a jti without end': [changed({ jti: 'x'.repeat(300) }), 'claims'],
  'no aud': [changed({ aud: undefined }), 'audience'],
  'an aud that holds something else than text': [changed({ aud: ['doorward', 7] }), 'audience'],
  'no iss': [changed({ iss: undefined }), 'issuer'],
  'an exp in the past': [changed({ iat: now() - 300, exp: now() - 60 }), 'expired'],
  'an iat more than a day old': [changed({ iat: now() - day - 60 }), 'expired'],
  'an iat in the future': [changed({ iat: now() + 300, exp: now() + 600 }), 'not_yet_valid'],
  'a sid that is no text': [changed({ sid: 7 }), 'claims'],
  'a sub that is no text': [changed({ sub: { $ne: 1 }, sid: 'provider-session' }), 'claims'],
  'an empty sid beside a sub': [changed({ sid: '' }), 'claims'],
  'the type of an access token': [(rogue) => rogue.keys.sign(logoutClaims(rogue), { ...rogue.keys.header, typ: 'at+jwt' }), 'kind'],
  'the type of Doorward’s assertion': [(rogue) => rogue.keys.sign(logoutClaims(rogue), { ...rogue.keys.header, typ: 'doorward+jwt' }), 'kind'],
  'the type of another security event': [(rogue) => rogue.keys.sign(logoutClaims(rogue), { ...rogue.keys.header, typ: 'secevent+jwt' }), 'kind'],
  'what is an id_token': [idTokenOf, 'kind'],
  'a broken signature': [async (rogue) => withBrokenSignature(await logoutToken(rogue)), 'signature'],
  'a key that nobody knows': [(rogue) => rogue.keys.sign(logoutClaims(rogue), { ...rogue.keys.header, kid: 'unknown' }), 'key_unknown'],
  'a key of its own': [async (rogue) => {
    const { privateKey, publicKey } = await generateKeyPair('RS256')
    return await rogue.keys.sign(logoutClaims(rogue), { alg: 'RS256', typ: 'logout+jwt', kid: 'mine', jwk: await exportJWK(publicKey), jku: `${rogue.issuer}/evil` }, privateKey)
  }, 'key_unknown'],
  'a signature by the client secret': [(rogue) => rogue.keys.sign(logoutClaims(rogue), { alg: 'HS256', typ: 'logout+jwt' }, Buffer.from(rogue.clientSecret)), 'algorithm'],
  'an extension that has to be understood': [(rogue) => rogue.keys.sign(logoutClaims(rogue), { ...rogue.keys.header, crit: ['x'], x: 1 }).catch(() => `${base64url.encode(JSON.stringify({ ...rogue.keys.header, crit: ['x'], x: 1 }))}.e30.AA`), 'critical'],
  'no token at all': [() => 'x', 'malformed'],
  nothing: [() => '', 'malformed'],
  'three parts of garbage': [() => 'a.b.c', 'malformed'],
  'a text without end': [() => 'x'.repeat(20_000), 'too_large']
}

t.test('a logout token with …', async (t) => {
  const setup = await signedIn(t)
  const { gateway, browser, rogue } = setup
  for (const [name, [token, cause]] of Object.entries(forgeries)) {
    await t.test(/-client-test-/.test(name) ? name : `… ${name} is refused`, async (t) => {
      const logged = gateway.logs.length
      const answer = await postLogout(gateway.origin, await token(rogue))
      t.equal(answer.status, 400)
      t.equal(answer.headers.get('cache-control'), 'no-store')
      t.match(await answer.json(), { code: 'logout_token_invalid', error: 'invalid_request' })
      t.match(gateway.logs.slice(logged).join(''), `"type":"TokenRejected","message":"${cause}"`)
      t.equal(await isSignedIn(setup, browser), true)
    })
  }
  t.strictSame(revocations(setup), [])
})

/** Tokens that are unusual, and right. */
const unusual: Readonly<Record<string, Forgery[0]>> = {
  'several audiences': changed({ aud: ['other', 'doorward'] }),
  'the media type as its type': (rogue) => rogue.keys.sign(logoutClaims(rogue), { ...rogue.keys.header, typ: 'application/LOGOUT+JWT' }),
  'the type of any JWT': (rogue) => rogue.keys.sign(logoutClaims(rogue), { ...rogue.keys.header, typ: 'JWT' }),
  'no type': (rogue) => rogue.keys.sign(logoutClaims(rogue), { alg: 'RS256', kid: rogue.keys.header.kid ?? '' }),
  'no key id': (rogue) => rogue.keys.sign(logoutClaims(rogue), { alg: 'RS256', typ: 'logout+jwt' }),
  'members in its event, and other events': changed({ events: { [logoutEvent]: { why: 'x' }, 'https://other.example/event': 1 } }),
  'a clock that is 20 seconds ahead': (rogue) => logoutToken(rogue, { iat: now() + 20, exp: now() + 140 }),
  'a clock that is 20 seconds behind': (rogue) => logoutToken(rogue, { iat: now() - 140, exp: now() - 20 }),
  'a sid alone': changed({ sub: undefined }),
  'a sub alone': changed({ sid: undefined }),
  'a key that was rotated in a moment ago': async (rogue) => {
    await rogue.keys.rotate()
    return await logoutToken(rogue)
  }
}

for (const [name, token] of Object.entries(unusual)) {
  t.test(`a logout token with ${name} ends the session`, async (t) => {
    const setup = await signedIn(t)
    t.equal((await postLogout(setup.gateway.origin, await token(setup.rogue))).status, 200)
    t.equal(await isSignedIn(setup, setup.browser), false)
  })
}

t.test('a logout token is good once', async (t) => {
  const setup = await signedIn(t)
  const { gateway, rogue, browser } = setup
  const token = await logoutToken(rogue, { sid: undefined })
  t.equal((await postLogout(gateway.origin, token)).status, 200)
  t.equal((await browser.open(`${gateway.origin}/x`)).status, 200, 'signs in again')
  const again = await postLogout(gateway.origin, token)
  t.equal(again.status, 400)
  t.match(gateway.logs.join(''), '"type":"TokenRejected","message":"replayed"')
  t.equal(await isSignedIn(setup, browser), true, 'and stays signed in')
  const many = await Promise.all(Array.from({ length: 20 }, async () => (await postLogout(gateway.origin, token)).status))
  t.strictSame([...new Set(many)], [400], 'however many come at once')
})

t.test('a session that is not known, or of another issuer, is no error and no effect', async (t) => {
  const setup = await signedIn(t)
  const { gateway, rogue, browser } = setup
  t.equal((await postLogout(gateway.origin, await logoutToken(rogue, { sid: 'another' }))).status, 200)
  t.equal((await postLogout(gateway.origin, await logoutToken(rogue, { sid: undefined, sub: 'somebody else' }))).status, 200)
  t.equal((await postLogout(gateway.origin, await logoutToken(rogue, { iss: 'https://other.example' }))).status, 400)
  t.equal(await isSignedIn(setup, browser), true)
})

const announcing = (...algorithms: readonly string[]): RogueHooks => ({ discovery: (document) => ({ ...document, id_token_signing_alg_values_supported: algorithms }) })

t.test('before anybody has signed in, any algorithm that the provider announces is accepted, and no other', async (t) => {
  const announced = await startRogueGateway(t, { rogue: announcing('RS256', 'ES256') })
  t.equal((await postLogout(announced.gateway.origin, await withOtherAlgorithm(announced.rogue))).status, 200)
  const other = await startRogueGateway(t)
  t.equal((await postLogout(other.gateway.origin, await withOtherAlgorithm(other.rogue))).status, 400)
  t.match(other.gateway.logs.join(''), '"type":"TokenRejected","message":"algorithm"')
})

t.test('a provider that has changed its algorithm is understood an hour after the last id_token, and at once after a refresh', async (t) => {
  const clock = { now: Date.now() }
  const setup = await signedIn(t, { ...announcing('RS256', 'ES256'), refreshes: true }, { now: () => clock.now, configuration: { session: { idleTimeout: '8h' }, provider: { clockTolerance: '2h' } } })
  const { gateway, rogue, browser } = setup
  const post = async () => (await postLogout(gateway.origin, await withOtherAlgorithm(rogue, { sid: 'another' }))).status
  t.equal(await post(), 400)
  clock.now += 58 * 60 * 1000
  t.equal(await post(), 400)
  clock.now += 2 * 60 * 1000
  t.equal(await post(), 200)
  t.equal((await browser.get(`${gateway.origin}/x`)).status, 200)
  t.equal(rogue.calls('token').length, 2, 'refreshed')
  t.equal(await post(), 400)
})

t.test('a logout token with both a sid and a sub ends the session of that name, and those of the person that have none', async (t) => {
  const setup = await startRogueGateway(t)
  const { gateway, rogue } = setup
  const signIn = async (claims: Claims): Promise<Browser> => {
    rogue.hooks.idToken = (honest) => ({ ...honest, ...claims })
    rogue.hooks.userinfo = (honest) => ({ ...honest, ...claims })
    const browser = new Browser()
    t.equal((await browser.open(`${gateway.origin}/x`)).status, 200)
    return browser
  }
  const browsers = [await signIn({ sid: 'one' }), await signIn({}), await signIn({ sid: 'two' }), await signIn({ sub: 'rogue-2' })]
  t.equal((await postLogout(gateway.origin, await logoutToken(rogue, { sid: 'one' }))).status, 200)
  t.strictSame(await Promise.all(browsers.map((browser) => isSignedIn(setup, browser))), [false, false, true, true])
  t.strictSame(revocations(setup), ['backchannel sid one'])
  t.equal(await isSignedIn(setup, await signIn({})), true, 'who signs in again is in')
})

t.test('what is not one logout token in a form is refused, whatever is in it', async (t) => {
  const setup = await signedIn(t)
  const { gateway, rogue, browser } = setup
  const url = `${gateway.origin}/oidc/backchannel-logout`
  const token = await logoutToken(rogue)
  const form = 'application/x-www-form-urlencoded'
  const post = (body: string, type: string) => fetch(url, { method: 'POST', body, headers: { 'content-type': type } })
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'QUERY']) {
    const answer = await fetch(`${url}?logout_token=${token}`, { method })
    t.strictSame([answer.status, answer.headers.get('allow')], [405, 'POST'], method)
  }
  for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x', `${form}-x`, `x${form}`, `text/plain; ${form}`, 'application/jwt', '', ';']) {
    t.equal((await post(type === 'application/json' ? JSON.stringify({ logout_token: token }) : `logout_token=${token}`, type)).status, 415, type)
  }
  for (const body of ['', '&', 'logout_token', 'token=x', `logout_token=${token}&logout_token=${token}`, `LOGOUT_TOKEN=${token}`, '%', 'logout_token=%ZZ']) t.equal((await post(body, form)).status, 400, body.slice(0, 30))
  t.equal((await fetch(`${url}?logout_token=${token}`, { method: 'POST', headers: { 'content-type': form } })).status, 400, 'in the query')
  t.equal((await post(`logout_token=${'x'.repeat(1024 * 1024)}`, form)).status, 413)
  const endless = new ReadableStream({ pull (controller) { controller.enqueue(new Uint8Array(16 * 1024).fill(0x78)) } })
  t.equal(await fetch(url, { method: 'POST', body: endless, duplex: 'half', headers: { 'content-type': form } } as RequestInit).then(({ status }) => status, () => 'cut'), 413)
  t.equal(await isSignedIn(setup, browser), true)
  t.equal((await post(`logout_token=${token}`, `${form.toUpperCase()} ; charset=utf-8`)).status, 200, 'the token itself was good')
})

t.test('a provider that waits to be asked for the body is asked, unless it would not be taken', async (t) => {
  const setup = await signedIn(t)
  const { gateway: { port }, rogue, browser } = setup
  const body = `logout_token=${await logoutToken(rogue)}`
  const post = (type: string, length: number) => ask(port, { method: 'POST', path: '/oidc/backchannel-logout', headers: { 'content-type': type, 'content-length': length, expect: '100-continue' } })
  for (const [type, length, status] of [['application/json', body.length, 415], ['application/x-www-form-urlencoded', 1024 * 1024, 413]] as const) {
    const request = post(type, length)
    request.on('continue', () => { t.fail('nobody wants it') }).flushHeaders()
    t.equal((await responseTo(request)).resume().statusCode, status)
    request.destroy()
  }
  const request = post('application/x-www-form-urlencoded', body.length)
  request.on('continue', () => { request.end(body) }).flushHeaders()
  t.equal((await responseTo(request)).resume().statusCode, 200)
  t.equal(await isSignedIn(setup, browser), false)
})

t.test('a logout that can’t be checked is not confirmed: the provider may send it again', async (t) => {
  const { gateway, rogue } = await startRogueGateway(t)
  rogue.hooks.jwks = () => raw({ status: 500 })
  const token = await logoutToken(rogue)
  const answer = await postLogout(gateway.origin, token)
  t.equal(answer.status, 503)
  t.equal(answer.headers.get('retry-after'), '5')
  t.match(await answer.json(), { code: 'logout_unavailable' })
  const away = await startRogueGateway(t, { rogue: { discovery: () => raw({ status: 500 }) } })
  t.equal((await postLogout(away.gateway.origin, await logoutToken(away.rogue))).status, 503)
})

const frontchannel = (origin: string, parameters: Readonly<Record<string, string>>) => `${origin}/oidc/frontchannel-logout?${new URLSearchParams(parameters).toString()}`

t.test('oidcc-client-test-rp-frontchannel-rpinitlogout', async (t) => {
  const setup = await signedIn(t)
  const { gateway, browser, rogue } = setup
  // The provider's page holds the frame that the browser opens before it comes back.
  const inFrame = { from: rogue.issuer, headers: { 'sec-fetch-dest': 'iframe' } }
  const cookie = browser.jar.header(new URL(gateway.origin)) ?? ''
  const { location } = await browser.get(`${gateway.origin}/oidc/logout`, { from: gateway.origin })
  const frame = await browser.get(frontchannel(gateway.origin, { iss: rogue.issuer, sid: 'provider-session' }), inFrame)
  t.equal(frame.status, 200)
  const page = await browser.open(location ?? '')
  t.match(page.text, /You are signed out/)
  t.equal((await fetch(`${gateway.origin}/oidc/session`, { headers: { cookie } })).status, 401)
})

t.test('oidcc-client-test-rp-frontchannel-opinitlogout', async (t) => {
  const setup = await signedIn(t, { revocation: () => '' }, { configuration: { headers: { profiles: ['oauth2-proxy'], accessToken: true } } })
  const { gateway, browser, rogue } = setup
  const frame = await browser.get(frontchannel(gateway.origin, { iss: rogue.issuer, sid: 'provider-session' }), { from: rogue.issuer, headers: { 'sec-fetch-dest': 'iframe' } })
  t.equal(frame.status, 200)
  t.equal(frame.headers['x-frame-options'], undefined, 'the provider may show it in a frame')
  t.equal(frame.headers['content-security-policy'], `default-src 'none'; frame-ancestors ${rogue.issuer}`, 'and nobody else')
  t.equal(frame.headers['cache-control'], 'no-store')
  t.match(frame.setCookies, [/^doorward=; Max-Age=0/])
  t.equal(await isSignedIn(setup, browser), false)
  t.strictSame(revocations(setup), ['frontchannel sid provider-session'])
  t.match(gateway.audit.at(-1), { user: { sub: 'rogue-1', provider: 'default' }, session: gateway.audit[0]?.['session'] })
  t.strictSame(rogue.calls('revocation'), [], 'no token is revoked: anybody could ask for it')
})

t.test('a frame to which the browser gives no cookie ends the session all the same', async (t) => {
  const setup = await signedIn(t)
  const { gateway, browser, rogue } = setup
  const answer = await fetch(frontchannel(gateway.origin, { iss: rogue.issuer, sid: 'provider-session' }))
  t.strictSame([answer.status, answer.headers.getSetCookie()], [200, []])
  t.equal(await isSignedIn(setup, browser), false)
})

t.test('a frame that names another session, another issuer, or not both ends nobody’s session', async (t) => {
  const setup = await signedIn(t)
  const { gateway, browser, rogue } = setup
  const { issuer: iss } = rogue
  const other = await browser.get(frontchannel(gateway.origin, { iss, sid: 'another' }), { from: iss })
  t.strictSame([other.status, other.setCookies], [200, []])
  const refused = [{}, { iss }, { sid: 'provider-session' }, { iss: '', sid: 'provider-session' }, { iss, sid: '' }, { iss: `${iss}/`, sid: 'provider-session' }, { iss: 'https://other.example', sid: 'provider-session' }, { iss, sid: 'x'.repeat(300) }]
  for (const parameters of refused) t.equal((await browser.get(frontchannel(gateway.origin, parameters as Record<string, string>), { from: iss })).status, 400, JSON.stringify(parameters))
  t.equal((await browser.get(`${frontchannel(gateway.origin, { iss, sid: 'another' })}&sid=provider-session`, { from: iss })).status, 400)
  t.equal(await isSignedIn(setup, browser), true)
})

t.test('made-up sessions do not push out what is remembered of real ones', async (t) => {
  const setup = await signedIn(t)
  const { gateway, browser, rogue } = setup
  const { issuer: iss } = rogue
  const cookie = browser.jar.header(new URL(gateway.origin)) ?? ''
  const frame = async (sid: string) => (await fetch(frontchannel(gateway.origin, { iss, sid }))).status
  const statuses = new Set<number>()
  for (let number = 0; number < 1_050; number++) statuses.add(await frame(`made-up-${number}`))
  t.strictSame([...statuses], [200])
  t.strictSame(revocations(setup), [], 'and are no news')
  t.equal(await frame('provider-session'), 200)
  t.equal(await isSignedIn(setup, browser), false, 'a real one is not held up')
  t.equal((await fetch(`${gateway.origin}/oidc/session`, { headers: { cookie } })).status, 401)
  t.strictSame(revocations(setup), ['frontchannel sid provider-session'])
  t.equal(await frame('provider-session'), 200)
  t.equal(revocations(setup).length, 1, 'what has ended does not end again')
})

t.test('a session that began before Doorward was started anew is ended by a frame, too', async (t) => {
  const publicUrl = 'https://app.example.com'
  const rogue = await startRogueProvider(t, { clientSecret, claims: { sid: 'provider-session' } })
  const start = () => startGateway(t, { issuer: rogue.issuer, upstream: 'http://127.0.0.1:9', publicUrl })
  const before = await start()
  const browser = new Browser({ balancer: { [publicUrl]: before.port } })
  await browser.open(`${publicUrl}/oidc/login?return_to=/oidc/session`)
  const after = await start()
  const later = new Browser({ balancer: { [publicUrl]: after.port } })
  const cookie = browser.jar.header(new URL(publicUrl)) ?? ''
  const status = async () => (await later.get(`${publicUrl}/oidc/session`, { headers: { cookie } })).status
  t.equal(await status(), 200)
  t.equal((await later.get(frontchannel(publicUrl, { iss: rogue.issuer, sid: 'provider-session' }), { from: rogue.issuer })).status, 200)
  t.equal(await status(), 401)
})

t.test('whoever is signed out at the provider while a sign-in is under way is not signed in by it', async (t) => {
  const setup = await startRogueGateway(t, { rogue: { claims: { sid: 'provider-session' } } })
  const { browser, gateway, rogue } = setup
  rogue.hooks.userinfo = async (claims) => {
    t.equal((await postLogout(gateway.origin, await logoutToken(rogue))).status, 200)
    return claims
  }
  await browser.get((await browser.get((await browser.get((await browser.get(`${gateway.origin}/x`)).location ?? '')).location ?? '')).location ?? '')
  t.match(gateway.audit.map(({ event }) => event), ['session.revoked', 'login'])
  t.equal(await isSignedIn(setup, browser), false)
})
