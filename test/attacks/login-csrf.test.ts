/** Signing somebody in or out behind their back, or bending the sign-in that they asked for (CVE-2017-1000069, CVE-2021-39191, mod_auth_openidc 2026-08-07). */
import t from 'tap'
import { Browser } from '../support/browser.ts'
import { signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'

const evil = 'https://evil.example'

t.test('a link with the attacker’s own code does not sign the victim in as the attacker', async (t) => {
  const { gateway, rogue } = await startRogueGateway(t)
  const attacker = new Browser()
  const login = await attacker.get(`${gateway.origin}/oidc/login`)
  const { location: link } = await attacker.get(login.location ?? '')

  for (const victim of [new Browser(), new Browser()]) {
    const answer = await victim.get(link ?? '', { from: evil })
    t.notOk(answer.setCookies.some((line) => /^doorward(\.\d)?=[^;]/.test(line)))
    t.equal(answer.location?.origin, rogue.issuer, 'the victim is asked to sign in as who they are')
  }
  t.equal(rogue.calls('token').length, 0, 'the code stays unused')

  const signedIn = new Browser()
  const before = await signedInCookie(gateway, signedIn)
  await signedIn.open(link ?? '', { from: evil })
  t.ok(signedIn.jar.header(new URL(gateway.origin))?.split('; ').includes(before), 'who is signed in stays who they are')
})

t.test('a link can’t bend the sign-in', async (t) => {
  const { gateway, rogue } = await startRogueGateway(t, { configuration: { provider: { authorizationParams: { resource: 'urn:app' } } } })
  const bent = new URLSearchParams({
    scope: 'admin',
    prompt: 'none',
    acr_values: 'low',
    max_age: '0',
    client_id: 'evil',
    redirect_uri: evil,
    response_type: 'token',
    response_mode: 'fragment',
    state: 'chosen',
    nonce: 'chosen',
    code_challenge: 'chosen',
    code_challenge_method: 'plain',
    target_link_uri: evil,
    login_hint: 'mallory',
    request: 'x',
    request_uri: evil,
    resource: 'urn:evil',
    auth_request_params: 'prompt=none'
  })
  const answer = await new Browser().get(`${gateway.origin}/oidc/login?${bent.toString()}`, { from: evil })
  const { origin, pathname, searchParams } = answer.location ?? new URL(evil)
  t.equal(origin + pathname, `${rogue.issuer}/authorize`)
  const { state, nonce, code_challenge: challenge, ...fixed } = Object.fromEntries(searchParams)
  t.strictSame(fixed, { resource: 'urn:app', client_id: 'doorward', redirect_uri: `${gateway.origin}/oidc/callback`, response_type: 'code', scope: 'openid email profile', code_challenge_method: 'S256' })
  t.notOk([state, nonce, challenge].includes('chosen'))
  t.match({ nonce, challenge }, { nonce: /^[\w-]{22}$/, challenge: /^[\w-]{43}$/ }, '128 random bits, and a SHA-256')
})

t.test('a link can’t name an identity provider of its own', async (t) => {
  const { gateway, rogue } = await startRogueGateway(t)
  for (const query of [{ iss: evil }, { iss: rogue.issuer, provider: 'evil' }, { provider: evil }, { provider: '' }, { iss: '' }, { iss: `${rogue.issuer}.evil.example` }]) {
    const answer = await new Browser().get(`${gateway.origin}/oidc/login?${new URLSearchParams({ ...query, target_link_uri: evil }).toString()}`, { from: evil })
    t.strictSame([answer.status, answer.setCookies], [400, []], JSON.stringify(query))
    t.match(answer.text, /<h1>Sign-in not known<\/h1>/)
    t.notMatch(answer.text, /evil/)
  }
  t.strictSame(gateway.audit, [], 'nothing was begun')
})

t.test('another site can’t sign anybody out without asking', async (t) => {
  const { gateway } = await startRogueGateway(t)
  const browser = new Browser()
  await signedInCookie(gateway, browser)
  const attempts = [
    { from: evil }, { from: evil, method: 'POST' }, { from: 'http://app.localhost' }, { headers: { 'sec-fetch-site': 'cross-site' } }, { headers: { 'sec-fetch-site': 'same-site' } }, { from: evil, program: true }
  ]
  for (const settings of attempts) {
    const answer = await browser.get(`${gateway.origin}/oidc/logout`, settings)
    t.match(answer.text, /Nothing has happened yet/, JSON.stringify(settings))
    t.strictSame(answer.setCookies, [])
  }
  const older = await browser.get(`${gateway.origin}/oidc/logout`, { headers: { 'sec-fetch-site': [], origin: evil } })
  t.match(older.text, /Nothing has happened yet/, 'a browser without fetch metadata')
  t.equal((await browser.get(`${gateway.origin}/oidc/session`)).status, 200)

  const question = await browser.get(`${gateway.origin}/oidc/logout`, { from: evil })
  t.match(await browser.submit(question), { status: 200, text: /You are signed out/ })
  t.equal((await browser.get(`${gateway.origin}/oidc/session`)).status, 401)
})

t.test('a foreign script or picture begins no sign-in and leaves no cookie behind', async (t) => {
  const { gateway } = await startRogueGateway(t)
  for (const mode of ['cors', 'no-cors', 'websocket', 'same-origin']) {
    const answer = await new Browser().get(`${gateway.origin}/oidc/login`, { headers: { 'sec-fetch-mode': mode }, from: evil })
    t.equal(answer.status, 401, mode)
    t.strictSame(answer.setCookies, [], mode)
  }
  t.equal((await new Browser().get(`${gateway.origin}/oidc/login?switch_account=true`, { from: evil })).status, 302)
})

t.test('another site can’t end a session by asking for another account', async (t) => {
  const { gateway } = await startRogueGateway(t)
  const browser = new Browser()
  await signedInCookie(gateway, browser)
  await browser.get(`${gateway.origin}/oidc/login?switch_account=true`, { from: evil })
  t.equal((await browser.get(`${gateway.origin}/oidc/session`)).status, 200)
})

t.test('on https no neighbour can plant our cookies, and no script can read them', async (t) => {
  const { gateway } = await startRogueGateway(t, { publicUrl: 'https://app.example.com' })
  const browser = new Browser({ balancer: { [gateway.origin]: gateway.port } })
  const page = await browser.open(`${gateway.origin}/`)
  t.equal(page.status, 200)
  const lines = page.chain.flatMap(({ setCookies }) => setCookies)
  t.ok(lines.length >= 3)
  for (const line of lines) {
    const [pair = '', ...attributes] = line.split('; ')
    t.match(pair, /^__Host-doorward/, 'RFC 6265bis section 4.1.3')
    const expected = attributes.filter((attribute) => !/^Max-Age=\d+$/.test(attribute)).sort()
    t.strictSame(expected, ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'], pair.slice(0, 30))
  }
})
