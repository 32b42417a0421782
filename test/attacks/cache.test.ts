/** One person's redirect, page or cookie that a cache hands to another (lua-resty-openidc 2018-05, RFC 9111 sections 3.5 and 5.2.2). */
import t from 'tap'
import { type Answer, Browser } from '../support/browser.ts'
import { signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'

t.test('nothing that Doorward says itself is stored', async (t) => {
  const { gateway, rogue, upstream } = await startRogueGateway(t, { configuration: { access: { rules: [{ path: '/admin/**', deny: true }] } } })
  const { origin } = gateway
  const stranger = new Browser()
  const person = new Browser()
  const signIn = await person.open(`${origin}/wanted`)
  await upstream.close()

  const answers: Readonly<Record<string, Answer | undefined>> = {
    'the redirect of a navigation': signIn.chain[0],
    'the redirect to the provider': signIn.chain[1],
    'the redirect that ends a sign-in': signIn.chain[3],
    'the redirect of a second callback': await person.get(signIn.chain[3]?.url ?? ''),
    'the answer to a program': await stranger.get(`${origin}/`, { program: true }),
    'a refusal': await person.get(`${origin}/admin/x`),
    'a refusal for a program': await person.get(`${origin}/admin/x`, { program: true }),
    'an address that is not accepted': await stranger.get(`${origin}/a%2fb`),
    'a return address that is not accepted': await stranger.get(`${origin}/oidc/login?return_to=//x`),
    'an unknown route': await stranger.get(`${origin}/oidc/other`),
    'an application that is gone': await person.get(`${origin}/`),
    'an application that is gone, for a program': await person.get(`${origin}/`, { program: true }),
    'the session': await person.get(`${origin}/oidc/session`),
    'no session': await stranger.get(`${origin}/oidc/session`),
    'the question before a logout': await person.get(`${origin}/oidc/logout`, { from: 'https://evil.example' }),
    'the goodbye': await person.get(`${origin}/oidc/logout`),
    'a method that is not accepted': await stranger.get(`${origin}/`, { method: 'TRACE' })
  }
  rogue.hooks.idToken = (claims) => ({ ...claims, aud: 'other' })
  const failed = await stranger.open(`${origin}/`)
  for (const [name, answer] of Object.entries({ ...answers, 'a failed sign-in': failed })) t.equal(answer?.headers['cache-control'], 'no-store', `${name} (${answer?.status})`)
  t.strictSame([...new Set(Object.values(answers).map((answer) => answer?.status))].sort(), [200, 302, 303, 400, 401, 403, 404, 405, 502], 'every kind of answer was looked at')
})

t.test('keys are public and may be stored', async (t) => {
  const { gateway } = await startRogueGateway(t)
  const answer = await new Browser().get(`${gateway.origin}/oidc/jwks`)
  t.equal(answer.headers['cache-control'], 'public, max-age=300')
  t.strictSame(answer.setCookies, [])
})

t.test('what the application says of caching stands, until a cookie of ours goes with it', async (t) => {
  const clock = { now: Date.now() }
  const { gateway } = await startRogueGateway(t, {
    now: () => clock.now,
    upstream: (_request, response) => { response.writeHead(200, { 'cache-control': 'public, max-age=3600', etag: '"1"', 'set-cookie': 'app=1' }).end('ok') }
  })
  const cookie = await signedInCookie(gateway)
  const browser = new Browser()
  const plain = await browser.get(`${gateway.origin}/`, { headers: { cookie } })
  t.equal(plain.headers['cache-control'], 'public, max-age=3600')
  t.strictSame(plain.setCookies, ['app=1'])

  clock.now += 10 * 60 * 1000
  const touched = await browser.get(`${gateway.origin}/`, { headers: { cookie } })
  t.match(touched.setCookies, ['app=1', /^doorward=/])
  t.match(touched.headers['cache-control'], /private, no-cache="set-cookie"/)
  t.equal(touched.headers.etag, '"1"')
})
