/** What somebody who reads the logs could sign in with (CVE-2022-23469, mod_auth_openidc 2026-05-22 and 2026-07-03). */
import t, { type Test } from 'tap'
import { type Answer, Browser } from '../support/browser.ts'
import { testSecret } from '../support/gateway.ts'
import { clientSecret } from '../support/provider.ts'
import { raw, withBrokenSignature } from '../support/rogue-provider.ts'
import { signedInCookie, startRogueGateway, type RogueGateway, type RogueGatewayOptions } from '../support/rogue-gateway.ts'

/** Everything secret that came by, by name. */
class Secrets {
  readonly #texts = new Map<string, string>()

  constructor () {
    this.add('the client secret', clientSecret)
    this.add('the client secret, encoded', encodeURIComponent(clientSecret))
    this.add('the session secret', testSecret)
  }

  add (name: string, text: string | null | undefined): void {
    if (text === null || text === undefined || text.length < 10) throw new Error(`${name} was not seen`)
    this.#texts.set(`${name} (${this.#texts.size})`, text)
  }

  /** Names of those that stand in the text, whole or as a piece long enough to be of use. */
  foundIn (text: string): string[] {
    return [...this.#texts].filter(([, secret]) => text.includes(secret) || (secret.length > 60 && text.includes(secret.slice(10, 50)))).map(([name]) => name)
  }
}

async function start (t: Test, options: RogueGatewayOptions = {}): Promise<RogueGateway & { secrets: Secrets }> {
  const setup = await startRogueGateway(t, options)
  const secrets = new Secrets()
  const hook = setup.rogue.hooks.token
  setup.rogue.hooks.token = async (answer, headers) => {
    secrets.add('the access token', String(answer['access_token']))
    secrets.add('the id_token', String(answer['id_token']))
    return await hook?.(answer, headers) ?? answer
  }
  return { ...setup, secrets }
}

/** Codes, states, nonces, challenges and cookies of a whole way through the sign-in. */
function addWay (secrets: Secrets, answers: readonly Answer[], { rogue, upstream }: RogueGateway): void {
  for (const { url, setCookies } of answers) {
    for (const name of ['code', 'state', 'nonce', 'code_challenge']) {
      const value = url.searchParams.get(name)
      if (value !== null && value !== '') secrets.add(`the ${name}`, value)
    }
    for (const line of setCookies) {
      const value = /^[^=]*=([^;]*)/.exec(line)?.[1] ?? ''
      if (value !== '') secrets.add('a cookie', value)
    }
  }
  for (const { form, headers } of rogue.calls('token')) {
    secrets.add('the code verifier', form.get('code_verifier'))
    secrets.add('the Basic credentials', headers.authorization?.replace('Basic ', ''))
  }
  for (const { headers } of upstream.requests) {
    const assertion = headers['x-auth-assertion']
    if (typeof assertion === 'string') secrets.add('the assertion', assertion)
  }
}

function assertSilent (t: Test, { gateway, secrets }: { gateway: RogueGateway['gateway'], secrets: Secrets }): void {
  t.ok(gateway.auditLines.length > 0)
  t.strictSame(secrets.foundIn(gateway.logs.join('\n')), [], 'in the log')
  t.strictSame(secrets.foundIn(gateway.auditLines.join('\n')), [], 'in the audit trail')
}

t.test('a whole day leaves no secret behind: sign-in, refusal, replay, expiry, logout', async (t) => {
  const clock = { now: Date.now() }
  const setup = await start(t, { now: () => clock.now, configuration: { access: { rules: [{ path: '/admin/**', require: { roles: ['admin'] } }] } } })
  const { gateway, secrets } = setup
  const browser = new Browser({ now: () => clock.now })
  const first = await browser.open(`${gateway.origin}/wanted?token=app-secret-in-the-query`)
  secrets.add('a secret of the application', 'app-secret-in-the-query')
  t.equal(first.status, 200)
  const refused = await browser.open(`${gateway.origin}/admin/x?token=app-secret-in-the-query`)
  t.equal(refused.status, 403)
  const callback = first.chain.find(({ url }) => url.pathname === '/oidc/callback')
  const replayed = await new Browser().open(callback?.url ?? '')
  clock.now += 10 * 60 * 1000
  const touched = await browser.open(`${gateway.origin}/again`)
  t.equal(touched.setCookies.length, 1, 'the session was written anew')
  clock.now += 31 * 60 * 1000
  const expired = await browser.open(`${gateway.origin}/again`)
  const goodbye = await browser.open(`${gateway.origin}/oidc/logout`)
  addWay(secrets, [first, refused, replayed, touched, expired, goodbye].flatMap(({ chain }) => chain), setup)
  t.strictSame([...new Set(gateway.audit.map(({ event }) => event))].sort(), ['access.denied', 'login', 'logout', 'session.expired'])
  assertSilent(t, setup)
})

/** Ways to fail, each of which holds something secret in its hands when it does. */
const failures: Readonly<Record<string, RogueGatewayOptions['rogue']>> = {
  'the provider’s error repeats the code': { token: (answer) => raw({ status: 400, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ error: 'invalid_grant', error_description: `bad ${String(answer['access_token'])}` }) }) },
  'the token answer is no JSON': { token: (answer) => raw({ body: `access_token=${String(answer['access_token'])}` }) },
  'the token answer lacks its type': { token: ({ token_type: _, ...answer }) => answer },
  'the token answer is an error page': { token: (answer) => raw({ status: 500, headers: { 'content-type': 'text/html' }, body: JSON.stringify(answer) }) },
  'the id_token is broken': { idToken: async (claims, header, keys) => withBrokenSignature(await keys.sign(claims, header)) },
  'the id_token is for somebody else': { idToken: (claims) => ({ ...claims, aud: 'other' }) },
  'the nonce is another': { idToken: (claims) => ({ ...claims, nonce: `${String(claims['nonce'])}x` }) },
  'the id_token is not one': { token: (answer) => ({ ...answer, id_token: `${String(answer['id_token'])}.x.y` }) },
  'userinfo is about somebody else': { userinfo: (claims) => ({ ...claims, sub: 'other' }) },
  'userinfo refuses the token': { userinfo: () => raw({ status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }) },
  'the keys can’t be had': { jwks: () => raw({ status: 500 }) },
  'the session is too large': { userinfo: (claims) => ({ ...claims, name: 'x'.repeat(20_000) }) }
}

for (const [name, rogue] of Object.entries(failures)) {
  t.test(`no secret is left behind when ${name}`, async (t) => {
    const setup = await start(t, { rogue: rogue ?? {} })
    const page = await new Browser().open(`${setup.gateway.origin}/`)
    t.ok(page.status >= 500, `the sign-in fails with ${page.status}`)
    addWay(setup.secrets, page.chain, setup)
    assertSilent(t, setup)
    t.strictSame(setup.secrets.foundIn(page.text.replaceAll(/href="[^"]*"/g, '')), [], 'on the page')
  })
}

t.test('what a client sends where a secret belongs is not logged', async (t) => {
  const { gateway, secrets } = await start(t)
  const cookie = await signedInCookie(gateway)
  const sent = { authorization: 'Bearer a-token-of-the-application', cookie: `${cookie}; app=cookie-of-the-application`, 'x-api-key': 'key-of-the-application' }
  for (const value of Object.values(sent)) secrets.add('a header', value)
  for (const target of ['/', '/oidc/callback?code=code-from-somewhere&state=state-from-somewhere', '/oidc/login?return_to=//x', '/a%2fb']) await new Browser().get(`${gateway.origin}${target}`, { headers: sent })
  secrets.add('a code', 'code-from-somewhere')
  secrets.add('a state', 'state-from-somewhere')
  assertSilent(t, { gateway, secrets })
})
