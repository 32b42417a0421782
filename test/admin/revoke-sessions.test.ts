/** An administrator ends sessions: by the API of the admin listener, and by `doorward sessions revoke`. */
import t, { type Test, test } from 'tap'
import { stringify } from 'yaml'
import { run } from '../../src/cli/index.ts'
import { startServe } from '../cli/serve-process.ts'
import { anotherBrowser, type Journey, startJourney } from '../flows/journey.ts'
import { type Browser } from '../support/browser.ts'
import { freePort } from '../support/gateway.ts'
import { startProvider } from '../support/provider.ts'
import { untilCounted } from './scrape.ts'

const provider = await startProvider(t)
const token = 'a token for administrators, of tests'.replaceAll(' ', '-')

interface Scene extends Journey {
  /** Bob at two computers, and alice. */
  readonly people: readonly [Browser, Browser, Browser]
  post (body: unknown, headers?: Record<string, string>): Promise<Response>
  /** Which of the people are signed in. */
  inside (): Promise<boolean[]>
}

async function scene (t: Test, admin: Record<string, string> = { token }): Promise<Scene> {
  const journey = await startJourney(t, { provider, configuration: { admin, headers: { profiles: ['mod_auth_openidc'] } } })
  const people = [journey.browser, anotherBrowser(journey), anotherBrowser(journey)] as const
  for (const [index, name] of ['bob', 'bob', 'alice'].entries()) await people[index]?.signIn(journey.url('/x'), name)
  return {
    ...journey,
    people,
    post: (body, headers = {}) => fetch(`${journey.gateway.admin}/api/sessions/revoke`, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers } }),
    inside: () => Promise.all(people.map(async (each) => (await each.get(journey.url('/x'))).status === 200))
  }
}

test('sessions end by the name of the user, the subject, the provider’s id and ours, and only those that are meant', async (t) => {
  const wishes: ReadonlyArray<readonly [wish: (ids: { sid: string, session: string }) => Record<string, string>, inside: boolean[]]> = [
    [() => ({ user: 'bob' }), [false, false, true]],
    [() => ({ sub: 'bob' }), [false, false, true]],
    [() => ({ sub: 'bob', provider: 'default' }), [false, false, true]],
    [({ sid }) => ({ sid }), [false, true, true]],
    [({ session }) => ({ session }), [false, true, true]],
    [() => ({ user: 'nobody' }), [true, true, true]]
  ]
  for (const [wish, inside] of wishes) {
    const all = await scene(t)
    const { gateway, people: [bob], post, upstream, url } = all
    const copy = bob.jar.header(new URL(url('/'))) ?? ''
    const body = wish({ sid: String(upstream.requests[0]?.headers['oidc_claim_sid']), session: String(gateway.audit[0]?.['session']) })
    const answer = await post(body)
    t.strictSame([answer.status, await answer.json()], [200, { status: 'revoked' }])
    t.equal(answer.headers.get('cache-control'), 'no-store')
    t.strictSame(await all.inside(), inside, JSON.stringify(body))
    t.equal((await anotherBrowser(all).get(url('/x'), { headers: { cookie: copy } })).status, inside[0] === true ? 200 : 302, 'a copy of the cookie is worth the same')
    await bob.open(url('/x'))
    t.equal((await bob.get(url('/x'))).status, 200, 'who signs in again is in')
  }
})

test('what administrators do is in the audit trail, and counted', async (t) => {
  const { gateway, post } = await scene(t)
  await post({ sub: 'bob' })
  await post({ user: 'alice' })
  const request = { id: /./, ip: '127.0.0.1', method: 'POST', path: '/api/sessions/revoke' }
  t.match(gateway.audit.slice(3), [
    { event: 'admin.change', outcome: 'success', request, metadata: { action: 'sessions.revoke', by: 'sub', value: 'bob', provider: 'default' } },
    { event: 'session.revoked', outcome: 'success', reason: 'admin', user: { sub: 'bob', provider: 'default' }, request, metadata: { by: 'sub', value: 'bob' } },
    { event: 'admin.change', metadata: { by: 'user', value: 'alice' } },
    { event: 'session.revoked', reason: 'admin', user: { user: 'alice' } }
  ])
  await untilCounted(gateway.admin, 'doorward_sessions_revoked_total', '{reason="admin"}', 2)
  await untilCounted(gateway.admin, 'doorward_logouts_total', '{initiator="admin"}', 2)
  t.notMatch([...gateway.logs, ...gateway.auditLines].join(''), token)
})

test('nobody without the token ends a session, and every try is in the audit trail', async (t) => {
  const { gateway, post, inside } = await scene(t)
  const tries = ['', 'Bearer', 'Bearer ', `Bearer ${token}x`, `Bearer ${token.slice(0, -1)}`, `Bearer ${token.toUpperCase()}`, `Basic ${token}`, token, `Bearer ${token} ${token}`, `Bearer x, Bearer ${token}`]
  for (const authorization of tries) {
    const answer = await post({ user: 'bob' }, { authorization })
    t.equal(answer.status, 401, authorization)
    t.match(answer.headers.get('www-authenticate'), /^Bearer realm="doorward admin"/)
    t.match(await answer.json(), { code: 'token_invalid' })
  }
  t.equal((await fetch(`${gateway.admin}/api/sessions/revoke?access_token=${token}`, { method: 'POST', body: '{"user":"bob"}', headers: { 'content-type': 'application/json' } })).status, 401)
  t.equal((await post('x'.repeat(1024 * 1024), { authorization: 'Bearer x' })).status, 401, 'before anything is read')
  t.strictSame(await inside(), [true, true, true])
  const failures = gateway.audit.slice(3)
  t.equal(failures.length, tries.length + 2)
  t.ok(failures.every(({ event, outcome, reason }) => `${String(event)} ${String(outcome)} ${String(reason)}` === 'admin.change failure token_rejected'))
  t.equal((await post({ user: 'bob' }, { authorization: `bearer  ${token}` })).status, 200, 'the scheme may be written in any case')
})

test('a wish that is not clear ends nobody’s session', async (t) => {
  const { gateway, post, inside } = await scene(t)
  const odd: unknown[] = ['', '{', 'null', '[]', '"bob"', '7', {}, { user: '' }, { user: 7 }, { user: ['bob'] }, { user: null }, { user: 'x'.repeat(300) }, { user: 'bob', sub: 'bob' }, { users: 'bob' }, { user: 'bob', all: true },
    { provider: 'default' }, { user: 'bob', provider: 'default' }, { sub: 'bob', provider: 'other' }, { sub: 'bob', provider: '' }, { sub: 'bob', provider: ['default'] }, '{"__proto__":{"user":"bob"}}', '{"user":"bob","constructor":1}']
  for (const body of odd) {
    const answer = await post(body)
    t.equal(answer.status, 400, JSON.stringify(body))
    t.match(await answer.json(), { code: 'request_invalid', detail: /./ })
  }
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', '']) t.equal((await post('{"user":"bob"}', { 'content-type': type })).status, 415, type)
  t.equal((await post({ user: 'bob', filler: 'x'.repeat(20_000) })).status, 413)
  for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
    const answer = await fetch(`${gateway.admin}/api/sessions/revoke`, { method, headers: { authorization: `Bearer ${token}` } })
    t.strictSame([answer.status, answer.headers.get('allow')], [405, 'POST'], method)
  }
  t.strictSame(await inside(), [true, true, true])
})

test('without a token in the configuration there is no API', async (t) => {
  const { gateway, post, inside } = await scene(t, {})
  for (const authorization of [`Bearer ${token}`, 'Bearer undefined', 'Bearer ', '']) t.equal((await post({ user: 'bob' }, { authorization })).status, 404, authorization)
  t.strictSame(await inside(), [true, true, true])
  t.equal(gateway.audit.length, 3)
  t.notMatch(gateway.routes.join(''), 'api', 'nor ever on the listener that people reach')
})

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** `doorward sessions revoke` with a configuration that has this section. */
async function revoke (t: Test, admin: Record<string, string>, ...args: string[]): Promise<Outcome> {
  const cwd = t.testdir({
    'doorward.yaml': stringify({ admin, server: { publicUrl: 'https://app.example.com' }, provider: { issuer: 'https://idp.example.com', clientId: 'app' }, upstream: { url: 'http://127.0.0.1:8080' } })
  })
  let [stdout, stderr] = ['', '']
  const host = { stdout: (text: string) => { stdout += text }, stderr: (text: string) => { stderr += text }, environment: {}, cwd, isTerminal: false, untilStopped: async () => {} }
  return { code: await run(['sessions', 'revoke', ...args], host), stdout, stderr }
}

test('the command line ends sessions at the Doorward that runs', async (t) => {
  const { gateway, inside } = await scene(t)
  const admin = { token, listen: new URL(gateway.admin).host }
  t.strictSame(await revoke(t, admin, '--user', 'alice'), { code: 0, stdout: 'revoked: user alice\n', stderr: '' })
  t.strictSame(await inside(), [true, true, false])
  t.strictSame(await revoke(t, { ...admin, listen: admin.listen.replace('127.0.0.1', '0.0.0.0') }, '--sub', 'bob', '--provider', 'default'), { code: 0, stdout: 'revoked: sub bob\n', stderr: '' })
  t.strictSame(await inside(), [false, false, false])
  t.match(gateway.audit.filter(({ event }) => event === 'admin.change').map(({ metadata }) => metadata), [{ by: 'user', value: 'alice' }, { by: 'sub', value: 'bob' }])
})

test('the command line says what keeps it from ending sessions', async (t) => {
  const { gateway } = await scene(t)
  const listen = new URL(gateway.admin).host
  const port = await freePort()
  const without = await startJourney(t, { provider })
  const said = 'doorward sessions revoke: '
  const cases: ReadonlyArray<readonly [admin: Record<string, string>, args: readonly string[], code: number, stderr: string]> = [
    [{ token, listen }, [], 2, `${said}expected one of --user, --sub, --sid and --session\n`],
    [{ token, listen }, ['--user', 'a', '--sub', 'b'], 2, `${said}expected one of --user, --sub, --sid and --session\n`],
    [{ token, listen }, ['--user', 'a', '--provider', 'b'], 2, `${said}--provider needs --sub or --sid, since --user is about all of them\n`],
    [{ token, listen }, ['--sub', 'a', '--provider', 'b'], 1, `${said}the Doorward at ${listen} answers with 400: Expected provider to be one of default.\n`],
    [{ token, listen }, ['--user', ''], 1, `${said}the Doorward at ${listen} answers with 400: Expected user to be text of 1 to 255 characters.\n`],
    [{ token: `${token}x`, listen }, ['--user', 'a'], 1, `${said}the Doorward at ${listen} has another admin.token\n`],
    [{ listen }, ['--user', 'a'], 1, `${said}admin.token is not given, so there is no admin API; \`doorward keygen\` prints a good one\n`],
    [{ token, listen: 'off' }, ['--user', 'a'], 1, `${said}admin.listen is off, so there is nobody to ask\n`],
    [{ token, listen: `127.0.0.1:${port}` }, ['--user', 'a'], 1, `${said}no Doorward answers at 127.0.0.1:${port} (ECONNREFUSED)\n`],
    [{ token, listen: 'unix:/nowhere/doorward.sock' }, ['--user', 'a'], 1, `${said}no Doorward answers at unix:/nowhere/doorward.sock (ENOENT)\n`],
    [{ token, listen: new URL(without.gateway.admin).host }, ['--user', 'a'], 1, `${said}the Doorward at ${new URL(without.gateway.admin).host} has no admin API: it was started without admin.token\n`],
    [{ token: 'short', listen }, ['--user', 'a'], 78, 'doorward.yaml:3:10 admin.token: expected at least 32 characters; `doorward keygen` prints a good one\n']
  ]
  for (const [admin, args, code, stderr] of cases) {
    const outcome = await revoke(t, admin, ...args)
    t.strictSame({ ...outcome, stderr: outcome.stderr.replace(/(?<=:)\d+:\d+(?= admin)/, '3:10') }, { code, stdout: '', stderr })
  }
})

test('the API is reached by a unix socket too', async (t) => {
  const listen = `unix:/tmp/doorward-revoke-${process.pid}.sock`
  const { logged } = await startServe(t, { admin: { listen, token } })
  await logged('started')
  t.match(await revoke(t, { token, listen }, '--session', 'x'), { code: 0, stdout: 'revoked: session x\n' })
})
