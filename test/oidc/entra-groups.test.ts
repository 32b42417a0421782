/** People in more groups than Entra ID puts into a token: the groups come from Microsoft Graph, or nobody is signed in. */
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import t, { type Test } from 'tap'
import { listenOnLoopback } from '../../demo/loopback.ts'
import { Browser } from '../support/browser.ts'
import { type Graph, graphError, group, groupId, type GraphObject, startGraph, throttled } from '../support/graph.ts'
import { type RogueGateway, type RogueGatewayOptions, startRogueGateway } from '../support/rogue-gateway.ts'
import { raw } from '../support/rogue-provider.ts'

const oid = '66666666-7777-8888-9999-000000000000'
const person = { sub: 'rogue-1', oid, preferred_username: 'robin@example.com' }
/** As Entra ID sends it, in the code flow: the address is that of a service that is gone, and nobody's to follow. */
const overage = { ...person, _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: `https://graph.windows.net/11111111-2222-3333-4444-555555555555/users/${oid}/getMemberObjects` } } }

/** As the guide has it: the few that mean something here have names. */
const groups = { rename: { [groupId(1)]: 'reports-users', [groupId(3000)]: 'reports-admins', [groupId(201)]: 'reports-editors' }, filter: '^reports-' }
const roles = { mapping: { 'reports-users': { roles: ['reader'] }, 'reports-editors': { roles: ['editor'] }, 'reports-admins': { roles: ['admin'] } } }

interface Setup extends RogueGateway {
  readonly graph: Graph
}

interface SetupOptions extends RogueGatewayOptions {
  /** Over the usual `provider.groupSource`. */
  readonly source?: Readonly<Record<string, string>>
}

/** The permissions that the guide asks for. */
const permissions = ['User.ReadBasic.All', 'GroupMember.Read.All']

/** Entra ID gives the client a token that may read groups, and the person is in three of them; unless a test says otherwise. */
async function start (t: Test, { rogue, configuration, source, ...options }: SetupOptions = {}): Promise<Setup> {
  const graph = await startGraph(t)
  graph.tokens.set('of-the-application', { permissions })
  graph.people.set(oid, [group(1), group(2), group(201)])
  const setup = await startRogueGateway(t, {
    rogue: { claims: overage, clientCredentials: () => ({ token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599, access_token: 'of-the-application' }), ...rogue },
    configuration: { groups, roles, ...configuration, provider: { groupSource: { kind: 'entra', url: graph.url, ...source }, userinfo: false, ...configuration?.['provider'] } },
    ...options
  })
  return { ...setup, graph }
}

/** The status, and the groups and roles that the application was told. */
async function signIn ({ gateway, upstream }: RogueGateway, browser = new Browser()) {
  upstream.requests.length = 0
  const page = await browser.open(`${gateway.origin}/wanted`)
  const { 'x-auth-groups': groups, 'x-auth-roles': roles } = upstream.requests[0]?.headers ?? {}
  return { status: page.status, groups, roles }
}

/** Nobody is signed in; the audit trail and the log say why, the page and the application nothing. */
async function assertUnresolved (t: Test, setup: RogueGateway, { cause, status = 502, log = /./ }: { cause: string, status?: number, log?: RegExp }): Promise<void> {
  const { gateway, upstream, browser } = setup
  const logged = gateway.logs.length
  upstream.requests.length = 0
  const page = await browser.open(`${gateway.origin}/wanted`)
  t.equal(page.status, status)
  t.match(page.text, /<h1>.+<a class="button/s, 'the page has a way on')
  t.equal(/GroupMember\.Read\.All/.test(page.text), cause === 'graph_permission', 'what is missing is told for the administrator')
  t.notMatch(page.text, /localhost:\d+\/v1\.0|Authorization_RequestDenied/)
  t.match(gateway.audit.at(-1), { event: 'login', outcome: 'failure', reason: 'groups_overage_unresolved', user: { sub: 'rogue-1', provider: 'default' }, metadata: { cause } })
  const problems = gateway.logs.slice(logged).map((line) => JSON.parse(line) as { event?: string, err?: { code?: string, message?: string } }).filter(({ event, err }) => event === 'request.problem' && err !== undefined)
  t.match(problems, [{ err: { code: cause, message: log } }])
  t.equal((await browser.get(`${gateway.origin}/oidc/session`)).status, 401)
  t.strictSame(upstream.requests, [])
  t.notMatch(gateway.logs.join(''), /of-the-application/)
}

t.test('with 200 groups in the token, Graph is not asked', async (t) => {
  const sent = Array.from({ length: 200 }, (_, index) => groupId(index + 1))
  const setup = await start(t, { rogue: { claims: { ...person, groups: sent } } })
  t.strictSame(await signIn(setup), { status: 200, groups: 'reports-users', roles: 'reader' })
  t.strictSame(setup.graph.requests, [])
})

for (const [count, source, expected, pages] of [[201, {}, 'reader,editor', 1], [3000, {}, 'reader,editor,admin', 1], [201, { groups: 'all' }, 'reader,editor', 1], [3000, { groups: 'all' }, 'reader,editor,admin', 7]] as const) {
  t.test(`${count} groups come from Graph${pages === 1 ? '' : ', page by page'}, and count like groups of the token (${JSON.stringify(source)})`, async (t) => {
    const setup = await start(t, { source })
    const role: GraphObject = { '@odata.type': '#microsoft.graph.directoryRole', id: groupId(9000), displayName: 'Global Reader' }
    setup.graph.people.set(oid, [role, ...Array.from({ length: count }, (_, index) => group(index + 1))])
    t.strictSame(await signIn(setup), { status: 200, groups: expected.replace('reader', 'reports-users').replace('editor', 'reports-editors').replace('admin', 'reports-admins'), roles: expected })
    t.equal(setup.graph.requests.length, pages)
    const [asked] = setup.rogue.requests.filter(({ form }) => form.get('grant_type') === 'client_credentials')
    t.equal(asked?.form.get('scope'), `${new URL(setup.graph.url).origin}/.default`)
  })
}

t.test('what Graph is asked depends on what is wanted', async (t) => {
  const security = { method: 'POST', path: '/getMemberObjects', body: { securityEnabledOnly: true } }
  const list = (fields: string) => ({ method: 'GET', path: `/transitiveMemberOf?$select=${fields}&$top=500`, body: undefined })
  for (const [source, expected] of [[{}, [security]], [{ groups: 'all' }, [list('id')]], [{ names: 'displayName' }, [security, list('id,displayName')]], [{ groups: 'all', names: 'displayName' }, [list('id,displayName')]]] as const) {
    const setup = await start(t, { source })
    t.match(await signIn(setup), { status: 200 })
    t.strictSame(setup.graph.requests.map(({ method, url, body }) => ({ method, path: url.href.replace(`${setup.graph.url}/users/${oid}`, ''), body })), expected)
  }
})

t.test('every one of 201 groups is told, in the order of Graph', async (t) => {
  const setup = await start(t, { configuration: { groups: {}, session: { store: 'memory' } } })
  const ids = Array.from({ length: 201 }, (_, index) => groupId(index + 1))
  setup.graph.people.set(oid, ids.map((_, index) => group(index + 1)))
  const { browser, gateway } = setup
  t.match((await browser.open(`${gateway.origin}/oidc/login?return_to=/oidc/session`)).json(), { groups: ids })
})

t.test('whoever is in more groups than a token holds is told by any of Entra ID’s marks', async (t) => {
  const marks = { hasgroups: { hasgroups: true }, 'hasgroups as text': { hasgroups: 'true' }, 'and an empty list': { hasgroups: true, groups: [] }, '_claim_names alone': { _claim_names: { groups: 'src1' } } }
  for (const [name, mark] of Object.entries(marks)) {
    await t.test(name, async (t) => {
      t.strictSame(await signIn(await start(t, { rogue: { claims: { ...person, ...mark } } })), { status: 200, groups: 'reports-users,reports-editors', roles: 'reader,editor' })
    })
  }
})

t.test('userinfo can take no mark away, and does not say whose groups they are', async (t) => {
  const setup = await start(t, { rogue: { userinfo: () => ({ sub: 'rogue-1', oid: '99999999-7777-8888-9999-000000000000', _claim_names: {}, hasgroups: false }) }, configuration: { provider: { userinfo: true } } })
  t.match(await signIn(setup), { status: 200, roles: 'reader,editor' })
  t.equal(setup.graph.requests[0]?.url.pathname, `/v1.0/users/${oid}/getMemberObjects`)
})

t.test('only groups that security groups alone lead to count, unless all are wanted', async (t) => {
  // Whoever joins a list that is in a security group is not in that one by the rule of Entra ID's tokens.
  const memberships = [group(1, { securityEnabled: false }), group(3000, { throughList: true }), group(201)]
  for (const [source, expected] of [[{}, 'editor'], [{ groups: 'all' }, 'reader,editor,admin']] as const) {
    const setup = await start(t, { source })
    setup.graph.people.set(oid, memberships)
    t.match(await signIn(setup), { status: 200, roles: expected })
  }
  const named = await start(t, { source: { names: 'displayName' }, configuration: { groups: {} } })
  named.graph.people.set(oid, memberships)
  t.match(await signIn(named), { status: 200, groups: 'Group 201' })
})

t.test('ids need no permission to read groups', async (t) => {
  for (const source of [{}, { groups: 'all' }]) {
    const setup = await start(t, { source })
    setup.graph.tokens.set('of-the-application', { permissions: ['User.Read.All'] })
    t.match(await signIn(setup), { status: 200, roles: 'reader,editor' })
  }
})

t.test('with names in place of ids, Graph is asked about everybody', async (t) => {
  const setup = await start(t, { rogue: { claims: { ...person, groups: [groupId(2)] } }, source: { names: 'displayName' }, configuration: { groups: {}, roles: { mapping: { 'Group 2': { roles: ['reader'] } } } } })
  setup.graph.people.set(oid, [group(2), group(3, { displayName: 'Bücher, & mehr' })])
  t.strictSame(await signIn(setup), { status: 200, groups: 'Group 2,B%C3%BCcher%2C & mehr', roles: 'reader' })
  setup.graph.tokens.set('of-the-application', { permissions: ['User.Read.All'] })
  await assertUnresolved(t, setup, { cause: 'graph_permission', log: /without their names/ })
  setup.graph.tokens.set('of-the-application', { permissions })
  setup.graph.instead.push({ body: { value: [groupId(2), groupId(4)] } })
  await assertUnresolved(t, setup, { cause: 'groups_answer', log: /groups of which it has no name/ })
})

t.test('without the permission nobody is signed in, and the log names it', async (t) => {
  const setup = await start(t)
  for (const fewer of [[], ['User.ReadBasic.All'], ['GroupMember.Read.All']]) {
    setup.graph.tokens.set('of-the-application', { permissions: fewer })
    await assertUnresolved(t, setup, { cause: 'graph_permission', log: /^Microsoft Graph .+\. Grant the client the application permissions User\.ReadBasic\.All and GroupMember\.Read\.All of Microsoft Graph/ })
  }
  setup.graph.tokens.set('of-the-application', { permissions })
  t.match(await signIn(setup), { status: 200, roles: 'reader,editor' }, 'once it is granted')
})

t.test('the person’s own access token asks where the settings say so', async (t) => {
  const own = await start(t, { rogue: { token: (answer) => ({ ...answer, access_token: 'of-robin' }) }, source: { credentials: 'user' } })
  const { graph } = own
  await t.test('which is for another API', async (t) => {
    await assertUnresolved(t, own, { cause: 'graph_audience', log: /^Microsoft Graph says "401: InvalidAuthenticationToken: .+take that API’s scopes out of provider\.scopes/ })
  })
  await t.test('which may sign people in and no more', async (t) => {
    graph.tokens.set('of-robin', { me: oid, permissions: ['openid', 'profile', 'email'] })
    await assertUnresolved(t, own, { cause: 'graph_scope', log: /^Microsoft Graph says "403: Authorization_RequestDenied: Insufficient privileges.+Add https:\/\/graph\.microsoft\.com\/User\.Read to provider\.scopes/ })
  })
  await t.test('which may read who the person is', async (t) => {
    graph.tokens.set('of-robin', { me: oid, permissions: ['openid', 'profile', 'User.Read'] })
    t.strictSame(await signIn(own), { status: 200, groups: 'reports-users,reports-editors', roles: 'reader,editor' })
    t.equal(graph.requests.at(-1)?.url.pathname, '/v1.0/me/getMemberObjects')
    t.equal(own.rogue.requests.filter(({ form }) => form.get('grant_type') === 'client_credentials').length, 0)
  })
})

t.test('the client asks for its token as it authenticates everywhere, with its key too', async (t) => {
  const clientKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const graph = await startGraph(t)
  graph.tokens.set('of-the-application', { permissions })
  graph.people.set(oid, [group(1)])
  const keyed = await start(t, { configuration: { provider: { groupSource: { kind: 'entra', url: graph.url }, clientSecret: undefined, clientKey, clientAuth: 'private_key_jwt' } } })
  t.match(await signIn(keyed), { status: 200, roles: 'reader' })
  const [asked] = keyed.rogue.requests.filter(({ form }) => form.get('grant_type') === 'client_credentials')
  const jwks = (await new Browser().get(`${keyed.gateway.origin}/oidc/client-jwks`)).json() as JSONWebKeySet
  const { payload } = await jwtVerify(asked?.form.get('client_assertion') ?? '', createLocalJWKSet(jwks), { audience: keyed.rogue.issuer })
  t.equal(payload.sub, 'doorward')
})

t.test('the client’s token is fetched once, again when it is about to expire, and again when Graph refuses it', async (t) => {
  const clock = { now: Date.now() }
  const setup = await start(t, { now: () => clock.now })
  const fetched = () => setup.rogue.requests.filter(({ form }) => form.get('grant_type') === 'client_credentials').length
  for (const [advance, expected] of [[0, 1], [3_530_000, 1], [10_000, 2]] as const) {
    clock.now += advance
    // The provider's clock stands still.
    setup.rogue.hooks.idToken = (claims) => ({ ...claims, iat: Math.floor(clock.now / 1000), exp: Math.floor(clock.now / 1000) + 300 })
    t.match(await signIn(setup), { status: 200 })
    t.equal(fetched(), expected)
  }
  setup.graph.instead.push(graphError(401, 'InvalidAuthenticationToken', 'Lifetime validation failed, the token is expired.'))
  await assertUnresolved(t, setup, { cause: 'graph_token' })
  t.match(await signIn(setup), { status: 200 })
  t.equal(fetched(), 3)
})

t.test('where Entra ID gives the client no token, the log has its words', async (t) => {
  const setup = await start(t, { rogue: { clientCredentials: () => raw({ status: 401, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ error: 'unauthorized_client', error_description: 'AADSTS700016: Application with identifier was not found in the directory.' }) }) } })
  await assertUnresolved(t, setup, { cause: 'graph_token', log: /^Entra ID gives no token for Microsoft Graph: "unauthorized_client: AADSTS700016/ })
})

t.test('Graph is given the time that it asks for, where somebody can wait for it', async (t) => {
  const setup = await start(t)
  setup.graph.instead.push(throttled('1'), { ...throttled('0'), status: 503 })
  t.match(await signIn(setup), { status: 200, roles: 'reader,editor' })
  t.equal(setup.graph.requests.length, 3)
})

t.test('where Graph asks for more, nobody else asks meanwhile', async (t) => {
  const clock = { now: Date.now() }
  const setup = await start(t, { now: () => clock.now })
  setup.graph.instead.push(throttled('86400'))
  await assertUnresolved(t, setup, { cause: 'groups_throttled', status: 503 })
  clock.now += 119_000
  await assertUnresolved(t, setup, { cause: 'groups_throttled', status: 503 })
  t.equal(setup.graph.requests.length, 1)
  const refused = await new Browser().open(`${setup.gateway.origin}/wanted`)
  t.equal(refused.headers['retry-after'], '1')
  clock.now += 1_000
  t.match(await signIn(setup), { status: 200, roles: 'reader,editor' }, 'two minutes are the longest')
})

t.test('the next page is fetched from Graph and nowhere else', async (t) => {
  const elsewhere: string[] = []
  const server = createServer((request, response) => {
    elsewhere.push(request.headers.authorization ?? '')
    response.end('{"value":[]}')
  })
  const { port, close } = await listenOnLoopback(server, 0)
  t.teardown(close)
  const setup = await start(t, { source: { groups: 'all' } })
  for (const next of [`http://localhost:${port}/v1.0/users`, `http://localhost:${port}@evil.example/`, '/v1.0/users', '//evil.example/', 7, 'javascript:alert(1)', '']) {
    setup.graph.instead.push({ body: { value: [], '@odata.nextLink': next } })
    await assertUnresolved(t, setup, { cause: 'groups_answer' })
  }
  t.strictSame(elsewhere, [])
})

t.test('the address beside the claim’s name is not followed', async (t) => {
  const asked: unknown[] = []
  const server = createServer((request, response) => {
    asked.push(request.headers)
    response.end('{"value":[]}')
  })
  const { port, close } = await listenOnLoopback(server, 0)
  t.teardown(close)
  const setup = await start(t, { rogue: { claims: { ...overage, _claim_sources: { src1: { endpoint: `http://localhost:${port}/`, access_token: 'x' } } } } })
  t.match(await signIn(setup), { status: 200, roles: 'reader,editor' })
  t.strictSame(asked, [])
})

const oddLists = [[], 'no JSON', '', null, {}, { value: null }, { value: {} }, { value: [null] }, { value: [7] }]
const oddAnswers: ReadonlyArray<readonly [source: Readonly<Record<string, string>>, bodies: readonly unknown[]]> = [
  [{}, [...oddLists, { value: [{}] }]],
  [{ groups: 'all' }, [...oddLists, { value: ['x'] }, { value: [{ id: groupId(1) }] }, { value: [{ '@odata.type': '#microsoft.graph.group', id: 7 }] }]]
]

t.test('answers that are not Graph’s sign nobody in', async (t) => {
  for (const [source, bodies] of oddAnswers) {
    const setup = await start(t, { source })
    for (const body of bodies) {
      setup.graph.instead.push({ body })
      await assertUnresolved(t, setup, { cause: 'groups_answer' })
    }
  }
})

t.test('errors of Graph sign nobody in, and the log has its words', async (t) => {
  const setup = await start(t)
  setup.graph.instead.push(graphError(400, 'Request_UnsupportedQuery', 'Unsupported Query.'))
  await assertUnresolved(t, setup, { cause: 'groups_answer', log: /"400: Request_UnsupportedQuery: Unsupported Query\."/ })
  setup.graph.instead.push({ status: 302, headers: { location: 'http://localhost:1/' }, body: '' })
  await assertUnresolved(t, setup, { cause: 'groups_answer' })
  setup.graph.instead.push(graphError(500, 'InternalServerError', 'Oops'))
  await assertUnresolved(t, setup, { cause: 'groups_no_answer', status: 503 })
  setup.graph.instead.push({ body: { value: [], filler: 'x'.repeat(1024 * 1024) } })
  await assertUnresolved(t, setup, { cause: 'groups_no_answer', status: 503, log: /UND_ERR_RES_EXCEEDED_MAX_SIZE/ })
})

t.test('where Graph or the token endpoint is away, the sign-in is worth another attempt', async (t) => {
  await assertUnresolved(t, await start(t, { source: { url: 'http://localhost:9/v1.0' } }), { cause: 'groups_no_answer', status: 503, log: /ECONNREFUSED.+Try provider\.groupSource\.url/ })
  const setup = await start(t, { rogue: { clientCredentials: () => raw({ status: 503 }) } })
  await assertUnresolved(t, setup, { cause: 'groups_no_answer', status: 503, log: /^The token endpoint can’t be reached/ })
})

t.test('more groups than anybody is in, and pages without end, sign nobody in', async (t) => {
  const setup = await start(t)
  for (const [count, log] of [[10_001, /more than 10000 groups/], [11_001, /"400: Directory_ResultSizeLimitExceeded/]] as const) {
    setup.graph.people.set(oid, Array.from({ length: count }, (_, index) => group(index)))
    await assertUnresolved(t, setup, { cause: 'groups_too_many', log })
  }
  const before = setup.graph.requests.length
  setup.graph.instead.push(...Array.from({ length: 200 }, () => ({ body: { value: [], '@odata.nextLink': `${setup.graph.url}/users` } })))
  await assertUnresolved(t, setup, { cause: 'groups_too_many', log: /more than 110 pages/ })
  t.equal(setup.graph.requests.length, before + 110)
})

t.test('whom Graph does not know is not signed in', async (t) => {
  const setup = await start(t)
  setup.graph.people.clear()
  await assertUnresolved(t, setup, { cause: 'groups_person_unknown', log: /"404: Request_ResourceNotFound/ })
})

t.test('without an object ID nobody is looked for, and the log says which scope brings one', async (t) => {
  for (const odd of [undefined, 7, '../me', `${oid}/../../groups`, '']) {
    const setup = await start(t, { rogue: { claims: { ...overage, oid: odd } } })
    await assertUnresolved(t, setup, { cause: 'graph_no_oid', log: /^The token has no object ID/ })
    t.match(setup.gateway.logs.join(''), /Add profile to provider\.scopes/)
    t.strictSame(setup.graph.requests, [])
  }
})
