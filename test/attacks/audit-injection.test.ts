/** Text of strangers that means to end the line of the audit trail, forge another, or steer the terminal it is read on (CVE-2024-45808). */
import { CompactSign, exportJWK, generateKeyPair } from 'jose'
import t from 'tap'
import { Browser } from '../support/browser.ts'
import { exchange, requestText, statusOf } from '../support/raw-socket.ts'
import { signedInCookie, startRogueGateway, type RogueGateway } from '../support/rogue-gateway.ts'

/** Nothing but a newline at the end; no control character, and nothing that some reader takes for a line break. */
// eslint-disable-next-line no-control-regex -- controls are what must not be there
const oneLine = /^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+\n$/

const forged = '{"event":"login","outcome":"success","user":{"user":"admin"}}'
const hostile = [`a\n${forged}`, `a\r\n${forged}`, `a\u2028${forged}`, `a\u2029${forged}`, `a\u0085${forged}`, '\x1b[2J\x1b[31mred', '\x9b31mred', 'a\0b', '\x7f\x08\x08', '"},"outcome":"success","x":{"', '\ud800', '\\', '\\u000a']

function assertOneLineEach (t: { match: (text: unknown, pattern: RegExp, title: string) => unknown }, { gateway }: Pick<RogueGateway, 'gateway'>): void {
  for (const line of [...gateway.auditLines, ...gateway.logs]) t.match(line, oneLine, encodeURIComponent(line.toWellFormed()).slice(0, 60))
}

t.test('a header of a client stays in its field', async (t) => {
  const { gateway } = await startRogueGateway(t, { configuration: { access: { rules: [{ path: '/admin/**', deny: true }] } } })
  const agents = hostile.map((text) => Buffer.from(text).toString('latin1'))
  const statuses = []
  for (const agent of agents) statuses.push(statusOf(await exchange(gateway.port, requestText('GET', '/admin/x', [['User-Agent', agent]]))))
  t.ok(statuses.includes(403) && statuses.includes(400), 'some are no HTTP, some come through')
  t.equal(gateway.audit.length, statuses.filter((status) => status === 403).length)
  assertOneLineEach(t, { gateway })
  t.ok(gateway.audit.every(({ event, outcome }) => event === 'access.denied' && outcome === 'failure'))
})

t.test('an address stays in its field', async (t) => {
  const { gateway } = await startRogueGateway(t, { configuration: { access: { default: 'deny' } } })
  for (const text of hostile) {
    await exchange(gateway.port, requestText('GET', `/${Buffer.from(text).toString('latin1')}`))
    await exchange(gateway.port, requestText('GET', `/${encodeURIComponent(text.toWellFormed())}`))
    await exchange(gateway.port, requestText('GET', `/oidc/callback?state=x&error=${encodeURIComponent(text.toWellFormed())}`))
  }
  t.ok(gateway.audit.length > hostile.length)
  assertOneLineEach(t, { gateway })
})

t.test('a claim stays in its field', async (t) => {
  const { gateway, rogue } = await startRogueGateway(t)
  for (const text of hostile) {
    rogue.hooks.userinfo = () => ({ sub: 'rogue-1', preferred_username: text, email: text, name: text, groups: [text] })
    await signedInCookie(gateway)
    t.strictSame((gateway.audit.at(-1) as { user: unknown }).user, { sub: 'rogue-1', user: text, email: text, provider: 'default' }, 'and can be read back')
  }
  assertOneLineEach(t, { gateway })
})

t.test('the provider’s words stay in their field', async (t) => {
  const { gateway, rogue } = await startRogueGateway(t)
  for (const text of hostile) {
    rogue.hooks.authorize = ({ state = '', iss = '' }) => ({ state, iss, error: text.toWellFormed(), error_description: text.toWellFormed() })
    await new Browser().open(`${gateway.origin}/`)
  }
  t.match(gateway.audit.at(-1), { event: 'login', outcome: 'failure', reason: 'idp_error', metadata: { error: '\\u000a' } })
  assertOneLineEach(t, { gateway })
})

t.test('no text makes a line endless', async (t) => {
  const long = 'x'.repeat(10_000)
  const { gateway } = await startRogueGateway(t, { configuration: { access: { rules: [{ path: '/admin/**', deny: true }] } }, rogue: { claims: { sub: 'rogue-1', name: 'Robin', preferred_username: 'u'.repeat(3_000), email: 'e'.repeat(3_000) } } })
  await signedInCookie(gateway)
  await exchange(gateway.port, requestText('GET', `/admin/${'y'.repeat(7_000)}`, [['User-Agent', long]]))
  t.equal(gateway.audit.length, 2)
  for (const line of gateway.auditLines) t.ok(line.length < 3_000, `${line.length} characters`)
})

t.test('nor a line of the log, which could crowd the audit trail out of an output that both share', async (t) => {
  const { gateway } = await startRogueGateway(t)
  // Each of these characters is written as six.
  await exchange(gateway.port, requestText('GET', `/oidc/${'y'.repeat(1_000)}`, [['User-Agent', '\x80'.repeat(12_000)]]))
  const problems = gateway.logs.filter((line) => line.includes('"request.problem"')).map((line) => JSON.parse(line) as unknown)
  t.match(problems, [{ code: 'not_found', request: { userAgent: /^\x80{512}…$/, path: /^\/oidc\/y{506}…$/ } }])
  for (const line of gateway.logs) t.ok(line.length < 8_000, `${line.length} characters`)
})

t.test('a claim that is nested as deep as it fits is cut, and the failed sign-in is told', async (t) => {
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const key = { ...await exportJWK(publicKey), kid: 'nested', alg: 'RS256', use: 'sig' }
  const { gateway, rogue } = await startRogueGateway(t, { rogue: { jwks: ({ keys }) => ({ keys: [...keys, key] }) } })
  for (const depth of [2_500, 100_000]) {
    rogue.hooks.idToken = async (claims) => {
      const text = JSON.stringify(claims).replace(/"aud":"[^"]*"/, `"aud":${'['.repeat(depth)}${']'.repeat(depth)}`)
      return await new CompactSign(Buffer.from(text)).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: 'nested' }).sign(privateKey)
    }
    const { status } = await new Browser().open(`${gateway.origin}/`)
    t.equal(status, 502, `${depth} deep`)
    t.match(gateway.audit.at(-1), { event: 'login', outcome: 'failure', reason: 'id_token_invalid', metadata: { claim: 'aud' } })
  }
  t.equal(gateway.audit.length, 2)
  for (const line of gateway.auditLines) t.ok(line.length < 3_000, `${line.length} characters`)
})
