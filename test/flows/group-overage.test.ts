/** Groups that the provider keeps elsewhere, in each place where claims are decided on: sign-ins, refreshes, bearer tokens. */
import t, { type Test } from 'tap'
import { Browser } from '../support/browser.ts'
import { type Graph, graphError, group, groupId, startGraph, throttled } from '../support/graph.ts'
import { type RogueGateway, type RogueGatewayOptions, startRogueGateway } from '../support/rogue-gateway.ts'
import { type Claims } from '../support/rogue-hooks.ts'

const oid = '66666666-7777-8888-9999-000000000000'
const person = { sub: 'rogue-1', oid, preferred_username: 'robin@example.com' }
const overage = { ...person, _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://graph.windows.net/x' } } }
const due = 59 * 60 * 1000
const roles = { mapping: { [groupId(1)]: { roles: ['reader'] }, [groupId(2)]: { roles: ['admin'] } } }

interface Setup extends RogueGateway {
  readonly graph: Graph
  readonly clock: { now: number }
  /** Changes what the provider says of the person from now on. */
  says (claims: Claims): void
  /** What the application was told of roles, or the status of the answer. */
  ask (): Promise<unknown>
  /** The audit trail after the sign-in, in short. */
  told (): unknown[]
}

async function start (t: Test, { configuration, rogue, ...options }: RogueGatewayOptions = {}): Promise<Setup> {
  const clock = { now: Date.now() }
  let claims: Claims = { ...person, groups: [groupId(1)] }
  const graph = await startGraph(t)
  graph.tokens.set('of-the-application', { permissions: ['User.ReadBasic.All', 'GroupMember.Read.All'] })
  graph.people.set(oid, [group(1), group(2)])
  const setup = await startRogueGateway(t, {
    now: () => clock.now,
    rogue: { claims: person, refreshes: true, idToken: (signed) => ({ ...signed, ...claims }), clientCredentials: () => ({ token_type: 'Bearer', expires_in: 3599, access_token: 'of-the-application' }), ...rogue },
    configuration: { roles, session: { idleTimeout: '8h' }, ...configuration, provider: { groupSource: { kind: 'entra', url: graph.url }, userinfo: false, ...configuration?.['provider'] } },
    ...options
  })
  const { browser, gateway, upstream } = setup
  return {
    ...setup,
    graph,
    clock,
    says (next) { claims = next },
    async ask () {
      upstream.requests.length = 0
      const { status } = await browser.get(`${gateway.origin}/wanted`)
      return status === 200 ? upstream.requests[0]?.headers['x-auth-roles'] : status
    },
    told: () => gateway.audit.slice(1).map(({ event, outcome, reason, metadata }) => [event, outcome, reason, (metadata as { cause?: string } | undefined)?.cause].filter((part) => part !== undefined).join(' '))
  }
}

/** Where nothing is said of a directory. */
const withoutSource = { groupSource: { kind: 'none' } }

t.test('without a directory to ask, whoever is in too many groups is not signed in, and the log says what to do', async (t) => {
  for (const mark of [{ _claim_names: { groups: 'src1' } }, { hasgroups: true }]) {
    const { browser, gateway, upstream } = await startRogueGateway(t, { rogue: { claims: { ...person, ...mark } } })
    const page = await browser.open(`${gateway.origin}/wanted`)
    t.equal(page.status, 502)
    t.match(page.text, /<h1>Sign-in could not be completed<\/h1>/)
    t.match(gateway.audit, [{ event: 'login', outcome: 'failure', reason: 'groups_overage_unresolved', user: { sub: 'rogue-1', provider: 'default' }, metadata: { cause: 'groups_elsewhere' } }])
    t.match(gateway.logs.join(''), /The person is in more groups than the provider puts into a token\. Set provider\.groupSource/)
    t.strictSame(upstream.requests, [])
  }
})

t.test('a claim that is elsewhere matters where groups or roles are read from it, and nowhere else', async (t) => {
  const cases: ReadonlyArray<readonly [mark: Claims, claims: Claims, status: number]> = [
    [{ _claim_names: { groups: 'src1' }, hasgroups: true }, { groups: 'wids' }, 200],
    [{ _claim_names: { shipping_address: 'src1' } }, {}, 200],
    [{ _claim_names: { groups: 'src1' }, hasgroups: true, groups: ['sent'] }, {}, 200],
    [{ hasgroups: false, _claim_names: {} }, {}, 200],
    [{ _claim_names: null }, {}, 200],
    [{ _claim_names: { groups: 'src1' }, groups: ' ' }, {}, 502],
    [{ hasgroups: true }, { groups: 'wids', roles: 'groups' }, 502],
    [{ _claim_names: { realm_access: 'src1' } }, { groups: '/realm_access/roles' }, 502],
    [{ _claim_names: { 'a/b': 'src1' } }, { groups: '/a~1b/c' }, 502],
    [{ _claim_names: { roles: 'src1' } }, { roles: 'roles' }, 502]
  ]
  for (const [mark, claims, status] of cases) {
    const { browser, gateway } = await startRogueGateway(t, { rogue: { claims: { ...person, ...mark } }, configuration: { claims } })
    t.equal((await browser.open(`${gateway.origin}/wanted`)).status, status, JSON.stringify([mark, claims]))
  }
})

t.test('a claim that no directory has is missing with a directory, too', async (t) => {
  const setup = await start(t, { configuration: { claims: { roles: 'roles' }, roles: {} } })
  setup.says({ ...overage, _claim_names: { roles: 'src1' } })
  t.equal((await setup.browser.open(`${setup.gateway.origin}/wanted`)).status, 502)
  t.match(setup.gateway.logs.join(''), /The provider keeps the claim \\"roles\\" elsewhere/)
})

t.test('groups of the directory let in, and keep out, like groups of the token', async (t) => {
  for (const [allow, status] of [[groupId(2), 200], [groupId(3), 403]] as const) {
    const setup = await start(t, { configuration: { groups: { allow: [allow] } } })
    setup.says(overage)
    t.equal((await setup.browser.open(`${setup.gateway.origin}/wanted`)).status, status)
  }
})

t.test('a refresh after which the person is in too many groups brings those of the directory, at once', async (t) => {
  const { browser, gateway, graph, clock, says, ask, told } = await start(t)
  await browser.open(`${gateway.origin}/wanted`)
  t.equal(await ask(), 'reader')
  says(overage)
  clock.now += due
  t.equal(await ask(), 'reader,admin')
  graph.people.set(oid, [group(2)])
  clock.now += due
  t.equal(await ask(), 'admin', 'and whoever was taken out of one loses its role')
  graph.people.set(oid, [])
  clock.now += due
  t.equal(await ask(), undefined)
  t.strictSame(told(), Array(3).fill('session.refresh success'))
})

t.test('while the directory can’t say, a refresh leaves roles as they were', async (t) => {
  const { browser, gateway, graph, clock, says, ask, told, rogue } = await start(t)
  await browser.open(`${gateway.origin}/wanted`)
  says(overage)
  graph.instead.push(throttled('3600'))
  clock.now += due
  t.equal(await ask(), 'reader')
  graph.instead.push(graphError(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.'))
  clock.now += due
  t.equal(await ask(), 'reader', 'it is not the person’s doing that Doorward may not ask')
  t.strictSame(told(), Array(2).fill('session.refresh success'), 'the tokens are new')
  t.strictSame(gateway.audit.slice(1).map(({ metadata }) => (metadata as { unread?: string }).unread), Array(2).fill('groups_overage_unresolved'))
  t.equal(rogue.requests.filter(({ form }) => form.get('grant_type') === 'refresh_token').length, 2)
  t.match(gateway.logs.join(''), /"event":"refresh.failed".+Grant the client the application permissions User\.ReadBasic\.All and GroupMember\.Read\.All/)
  clock.now += due
  t.equal(await ask(), 'reader,admin')
})

t.test('a refresh ends the session of somebody who could not sign in any more', async (t) => {
  const ends: Readonly<Record<string, (graph: Graph) => void>> = {
    groups_person_unknown: (graph) => { graph.people.clear() },
    groups_too_many: (graph) => { graph.people.set(oid, Array.from({ length: 10_001 }, (_, index) => group(index))) }
  }
  for (const [cause, happen] of Object.entries(ends)) {
    const { browser, gateway, graph, clock, says, ask, told } = await start(t)
    await browser.open(`${gateway.origin}/wanted`)
    says(overage)
    happen(graph)
    clock.now += due
    t.equal(await ask(), 302)
    t.strictSame(told(), [`session.refresh failure refresh_rejected ${cause}`, 'session.revoked success refresh_rejected'])
  }
  const { browser, gateway, clock, says, ask } = await start(t, { configuration: { provider: withoutSource } })
  await browser.open(`${gateway.origin}/wanted`)
  says(overage)
  clock.now += due
  t.equal(await ask(), 302, 'without a directory')
})

const bearer = { bearer: { audiences: ['api://reports'] } }
const access = { rules: [{ path: '/api/**', bearer: true }] }

/** What a program with an access token for the person is answered. */
async function call ({ gateway, rogue, upstream }: Setup, more: Claims) {
  const now = Math.floor(Date.now() / 1000)
  const token = await rogue.keys.sign({ iss: rogue.issuer, aud: 'api://reports', sub: 'rogue-1', scp: 'read', iat: now, exp: now + 3000, jti: Math.random(), ...more }, { ...rogue.keys.header, typ: 'at+jwt' })
  upstream.requests.length = 0
  const answer = await new Browser().get(`${gateway.origin}/api/x`, { program: true, headers: { authorization: `Bearer ${token}` } })
  return { status: answer.status, roles: upstream.requests[0]?.headers['x-auth-roles'], audit: gateway.audit.at(-1) }
}

t.test('an access token of somebody in too many groups brings those of the directory', async (t) => {
  const setup = await start(t, { configuration: { access, provider: bearer } })
  t.match(await call(setup, overage), { status: 200, roles: 'reader,admin' })
  t.match(await call(setup, { ...person, groups: [groupId(1)] }), { status: 200, roles: 'reader' })
  t.equal(setup.graph.requests.length, 1)
  t.equal(setup.graph.requests[0]?.headers.authorization, 'Bearer of-the-application', 'the token itself goes nowhere')
})

t.test('an access token whose groups can’t be had opens nothing', async (t) => {
  await t.test('since there is no directory, or the person is not in it: 401', async (t) => {
    const setup = await start(t, { configuration: { access, provider: { ...bearer, ...withoutSource } } })
    t.match(await call(setup, overage), { status: 401, roles: undefined, audit: { event: 'access.denied', reason: 'token_rejected', metadata: { cause: 'groups_overage_unresolved' } } })
    t.match(setup.gateway.logs.join(''), /"event":"token.groups_unresolved".+Set provider\.groupSource/)
    const other = await start(t, { configuration: { access, provider: bearer } })
    t.match(await call(other, { ...overage, oid: '99999999-7777-8888-9999-000000000000' }), { status: 401, roles: undefined })
  })
  await t.test('since the directory does not say: 503', async (t) => {
    const setup = await start(t, { configuration: { access, provider: bearer } })
    setup.graph.instead.push(graphError(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.'), throttled('60'))
    t.match(await call(setup, overage), { status: 503, roles: undefined })
    t.match(await call(setup, overage), { status: 503, roles: undefined })
    t.match(setup.gateway.logs.join(''), /"code":"token_unverifiable".+GroupMember\.Read\.All/)
  })
  await t.test('since only people’s own tokens ask: 503, and the directory never sees this one', async (t) => {
    const graph = await startGraph(t)
    const setup = await start(t, { configuration: { access, provider: { ...bearer, groupSource: { kind: 'entra', url: graph.url, credentials: 'user' } } } })
    t.match(await call(setup, overage), { status: 503, roles: undefined })
    t.strictSame(graph.requests, [])
    t.match(setup.gateway.logs.join(''), /set provider\.groupSource\.credentials to client/)
  })
})
