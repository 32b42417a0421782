/** Groups of people of Google Workspace, which come from the Directory API, or nobody is signed in. */
import { generateKeyPairSync } from 'node:crypto'
import t, { type Test } from 'tap'
import { check } from '../../src/cli/check.ts'
import { Browser } from '../support/browser.ts'
import { administrator, type GoogleDirectory, googleError, startGoogleDirectory, tokenError } from '../support/google-directory.ts'
import { type RogueGateway, type RogueGatewayOptions, startRogueGateway } from '../support/rogue-gateway.ts'

const sub = '110169484474386276334'
const person = { sub, email: 'robin@example.com', email_verified: true, hd: 'example.com' }
const roles = { mapping: { 'reports-users@example.com': { roles: ['reader'] }, 'reports-admins@example.com': { roles: ['admin'] } } }

interface Setup extends RogueGateway {
  readonly directory: GoogleDirectory
}

async function start (t: Test, { configuration, ...options }: RogueGatewayOptions = {}): Promise<Setup> {
  const directory = await startGoogleDirectory(t, options.now)
  directory.people.set(sub, ['reports-users@example.com', 'all@example.com'])
  const { url, tokenUrl, keyFile: serviceAccountKey } = directory
  const groupSource = { kind: 'google', url, tokenUrl, serviceAccountKey, admin: administrator }
  const setup = await startRogueGateway(t, { rogue: { claims: person }, configuration: { roles, claims: { user: 'email' }, ...configuration, provider: { groupSource, ...configuration?.['provider'] } }, ...options })
  return { ...setup, directory }
}

/** The status, and the groups and roles that the application was told. */
async function signIn ({ gateway, upstream }: RogueGateway) {
  upstream.requests.length = 0
  const page = await new Browser().open(`${gateway.origin}/wanted`)
  const { 'x-auth-groups': groups, 'x-auth-roles': roles } = upstream.requests[0]?.headers ?? {}
  return { status: page.status, groups, roles }
}

/** Nobody is signed in; the audit trail and the log say why. */
async function assertUnresolved (t: Test, setup: RogueGateway, { cause, status = 502, log = /./ }: { cause: string, status?: number, log?: RegExp }): Promise<void> {
  const { gateway, upstream } = setup
  const logged = gateway.logs.length
  t.strictSame(await signIn(setup), { status, groups: undefined, roles: undefined })
  t.match(gateway.audit.at(-1), { event: 'login', outcome: 'failure', reason: 'groups_overage_unresolved', user: { sub }, metadata: { cause } })
  const problems = gateway.logs.slice(logged).map((line) => JSON.parse(line) as { event?: string, err?: { code?: string, message?: string } }).filter(({ event, err }) => event === 'request.problem' && err !== undefined)
  t.match(problems, [{ err: { code: cause, message: log } }])
  t.strictSame(upstream.requests, [])
  t.notMatch(gateway.logs.join(''), /for-admin|PRIVATE KEY/)
}

t.test('groups come from the Directory API, by their addresses, in the name of the administrator', async (t) => {
  const setup = await start(t)
  const { directory } = setup
  t.strictSame(await signIn(setup), { status: 200, groups: 'reports-users@example.com,all@example.com', roles: 'reader' })
  t.strictSame(directory.requests.map(({ pathname, search }) => pathname + search), [`/admin/directory/v1/groups?userKey=${sub}&maxResults=200`])
  const { iat, exp, ...assertion } = directory.assertions[0] ?? {}
  t.strictSame(assertion, { iss: 'doorward@example-project.iam.gserviceaccount.com', sub: administrator, aud: directory.tokenUrl, scope: 'https://www.googleapis.com/auth/admin.directory.group.readonly', kid: '0123456789abcdef0123456789abcdef01234567' })
  t.equal(Number(exp) - Number(iat), 300)
})

for (const [count, pages] of [[0, 1], [200, 1], [201, 2], [3000, 15]] as const) {
  t.test(`${count} groups are found, page by page`, async (t) => {
    const setup = await start(t, { configuration: { groups: { filter: '^reports-' } } })
    const others = Array.from({ length: Math.max(0, count - 1) }, (_, index) => `group-${index}@example.com`)
    setup.directory.people.set(sub, count === 0 ? [] : [...others, 'reports-admins@example.com'])
    const last = count === 0 ? undefined : 'reports-admins@example.com'
    t.strictSame(await signIn(setup), { status: 200, groups: last, roles: last && 'admin' })
    t.equal(setup.directory.requests.length, pages)
  })
}

t.test('the service account’s token is fetched once, and again when it is about to expire', async (t) => {
  const clock = { now: Date.now() }
  const setup = await start(t, { now: () => clock.now })
  setup.rogue.hooks.idToken = (claims) => ({ ...claims, iat: Math.floor(clock.now / 1000), exp: Math.floor(clock.now / 1000) + 300 })
  for (const [advance, expected] of [[0, 1], [1_000, 1], [3_540_000, 2]] as const) {
    clock.now += advance
    t.match(await signIn(setup), { status: 200 })
    t.equal(setup.directory.assertions.length, expected)
  }
})

t.test('where Google gives the service account no token, the log says what to do', async (t) => {
  const setup = await start(t)
  const { instead } = setup.directory
  instead.token.push(tokenError(401, 'unauthorized_client', 'Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.'))
  await assertUnresolved(t, setup, { cause: 'google_delegation', log: /"401: unauthorized_client: Client is unauthorized.+Allow the service account’s client ID the scope https:\/\/www\.googleapis\.com\/auth\/admin\.directory\.group\.readonly/ })
  instead.token.push(tokenError(400, 'invalid_grant', 'Invalid email or User ID'))
  await assertUnresolved(t, setup, { cause: 'google_token', log: /"400: invalid_grant: Invalid email or User ID".+provider\.groupSource\.admin/ })
  instead.token.push({ status: 503, body: '<html>' })
  await assertUnresolved(t, setup, { cause: 'groups_no_answer', status: 503 })
  for (const body of ['no JSON', null, {}, { access_token: 7 }]) {
    instead.token.push({ body })
    await assertUnresolved(t, setup, { cause: 'google_token' })
  }
  t.match(await signIn(setup), { status: 200, roles: 'reader' }, 'and no failure is kept')
})

t.test('what the Directory API refuses signs nobody in', async (t) => {
  const setup = await start(t)
  const { instead } = setup.directory
  instead.groups.push(googleError(403, 'forbidden', 'Not Authorized to access this resource/api'))
  await assertUnresolved(t, setup, { cause: 'google_permission', log: /"403: forbidden: Not Authorized.+an administrator who may read groups/ })
  instead.groups.push(googleError(401, 'authError', 'Invalid Credentials'))
  await assertUnresolved(t, setup, { cause: 'google_permission' })
  t.equal(setup.directory.assertions.length, 1)
  for (const body of ['no JSON', [], {}, { kind: 'admin#directory#users' }, { kind: 'admin#directory#groups', groups: {} }, { kind: 'admin#directory#groups', groups: [null] }, { kind: 'admin#directory#groups', groups: [{ name: 'x' }] }]) {
    instead.groups.push({ body })
    await assertUnresolved(t, setup, { cause: 'groups_answer' })
  }
  t.equal(setup.directory.assertions.length, 2, 'a token that was refused is not used again')
  instead.groups.push(googleError(500, 'backendError', 'Backend Error'))
  await assertUnresolved(t, setup, { cause: 'groups_no_answer', status: 503 })
})

t.test('whom the directory does not know is not signed in', async (t) => {
  const setup = await start(t)
  setup.directory.people.clear()
  await assertUnresolved(t, setup, { cause: 'groups_person_unknown', log: /"404: notFound: Resource Not Found: userKey"/ })
  setup.directory.instead.groups.push(googleError(400, 'invalid', 'Invalid Input: memberKey'))
  await assertUnresolved(t, setup, { cause: 'groups_person_unknown' })
})

t.test('a quota that is used up is waited for, though Google says 403', async (t) => {
  const setup = await start(t)
  const { instead, requests } = setup.directory
  instead.groups.push({ ...googleError(403, 'userRateLimitExceeded', 'Rate Limit Exceeded'), headers: { 'retry-after': '0' } }, { ...googleError(429, 'rateLimitExceeded', 'Rate Limit Exceeded'), headers: { 'retry-after': new Date(0).toUTCString() } })
  t.match(await signIn(setup), { status: 200, roles: 'reader' })
  instead.groups.push(...Array.from({ length: 3 }, () => ({ ...googleError(403, 'quotaExceeded', 'Quota exceeded'), headers: { 'retry-after': '0' } })))
  await assertUnresolved(t, setup, { cause: 'groups_throttled', status: 503 })
  t.equal(requests.length, 6)
})

t.test('check reads the key file', async (t) => {
  const pem = (type: 'rsa' | 'ec') => (type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ec', { namedCurve: 'P-256' })).privateKey.export({ type: 'pkcs8', format: 'pem' })
  const file = (more: Readonly<Record<string, unknown>>) => JSON.stringify({ client_email: 'a@b.example', private_key: pem('rsa'), ...more })
  const expected = 'expected the JSON of a service account’s key file, with client_email and private_key'
  const cases: ReadonlyArray<readonly [text: string, problem: string | undefined]> = [
    [file({}), undefined],
    ['no JSON', expected],
    ['null', expected],
    [file({ client_email: undefined }), expected],
    [file({ private_key: 7 }), expected],
    [file({ private_key: 'nothing' }), 'expected a private key as PEM or JWK, without a passphrase'],
    [file({ private_key: pem('ec') }), `${expected}, which is an RSA key`]
  ]
  for (const [text, problem] of cases) {
    const cwd = t.testdir({ 'key.json': text, 'doorward.yaml': 'server: { publicUrl: "https://app.example.com" }\nprovider:\n  issuer: https://accounts.google.com\n  clientId: x\n  clientSecret: y\n  groupSource: { kind: google, admin: admin@example.com, serviceAccountKeyFile: key.json }\nupstream: { url: "http://127.0.0.1:1" }\n' })
    const printed: string[] = []
    const code = await check({}, { stdout () {}, stderr (line) { if (!line.startsWith('warning')) printed.push(line) }, environment: {}, cwd, isTerminal: false })
    t.strictSame([code, printed], problem === undefined ? [0, []] : [78, [`doorward.yaml:6:81 provider.groupSource.serviceAccountKeyFile: ${problem}\n`]])
  }
})
