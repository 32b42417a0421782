/** What somebody who reads the logs could sign in with (CVE-2022-23469, mod_auth_openidc 2026-05-22 and 2026-07-03). */
import t, { type Test } from 'tap'
import { Browser } from '../support/browser.ts'
import { raw, withBrokenSignature } from '../support/rogue-provider.ts'
import { signedInCookie, startRogueGateway, type RogueGateway, type RogueGatewayOptions } from '../support/rogue-gateway.ts'
import { sawSecret, secretsIn, secretsSeen } from '../support/secrets-seen.ts'

/** Beside what every gateway of the tests is held against when it ends: that there were secrets to find. */
function assertSilent (t: Test, { auditLines, logs }: RogueGateway['gateway'], kinds: readonly string[]): void {
  t.ok(auditLines.length > 0)
  for (const kind of kinds) t.ok(secretsSeen().has(kind), `a secret was seen: ${kind}`)
  t.strictSame(secretsIn(logs.join('')), [], 'in the log')
  t.strictSame(secretsIn(auditLines.join('')), [], 'in the audit trail')
}

const ofSignIn = ['code', 'state', 'nonce', 'code_challenge', 'code_verifier', 'authorization', 'access_token', 'id_token']

t.test('a whole day leaves no secret behind: sign-in, refusal, replay, expiry, logout', async (t) => {
  const clock = { now: Date.now() }
  const { gateway } = await startRogueGateway(t, { now: () => clock.now, configuration: { access: { rules: [{ path: '/admin/**', require: { roles: ['admin'] } }] } } })
  const browser = new Browser({ now: () => clock.now })
  const first = await browser.open(`${gateway.origin}/wanted?token=a-secret-of-the-application`)
  t.equal(first.status, 200)
  const refused = await browser.open(`${gateway.origin}/admin/x?token=a-secret-of-the-application`)
  t.equal(refused.status, 403)
  const callback = first.chain.find(({ url }) => url.pathname === '/oidc/callback')
  await new Browser().open(callback?.url ?? '')
  clock.now += 10 * 60 * 1000
  const touched = await browser.open(`${gateway.origin}/again`)
  t.equal(touched.setCookies.length, 1, 'the session was written anew')
  clock.now += 31 * 60 * 1000
  await browser.open(`${gateway.origin}/again`)
  await browser.open(`${gateway.origin}/oidc/logout`)
  t.strictSame([...new Set(gateway.audit.map(({ event }) => event))].sort(), ['access.denied', 'login', 'logout', 'session.expired'])
  assertSilent(t, gateway, [...ofSignIn, 'cookie doorward', 'x-auth-assertion', 'token'])
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
    const { gateway } = await startRogueGateway(t, { rogue: rogue ?? {} })
    const page = await new Browser().open(`${gateway.origin}/`)
    t.ok(page.status >= 500, `the sign-in fails with ${page.status}`)
    assertSilent(t, gateway, ofSignIn)
    t.strictSame(secretsIn(page.text.replaceAll(/href="[^"]*"/g, '')), [], 'on the page')
  })
}

t.test('what a client sends where a secret belongs is not logged', async (t) => {
  const { gateway } = await startRogueGateway(t)
  const cookie = await signedInCookie(gateway)
  const sent = { authorization: 'Bearer a-token-of-the-application', cookie: `${cookie}; app=cookie-of-the-application`, 'x-api-key': 'key-of-the-application' }
  for (const value of Object.values(sent)) sawSecret('a header', value)
  for (const target of ['/', '/oidc/callback?code=code-from-somewhere&state=state-from-somewhere', '/oidc/login?return_to=//x', '/a%2fb']) await new Browser().get(`${gateway.origin}${target}`, { headers: sent })
  assertSilent(t, gateway, ['a header', 'code', 'state'])
})
