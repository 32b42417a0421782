import { type Test, test } from 'tap'
import { explain } from '../../src/cli/explain.ts'

const configuration = `
server: { publicUrl: https://app.example.com }
provider: { issuer: https://idp.example.com, clientId: app, clientSecret: secret }
upstream: { url: http://127.0.0.1:8080 }
session: { secret: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= }
claims: { roles: /realm_access/roles }
groups:
  rename: { 3f2a: [Cmdbsyncer-Admins, staff] }
  filter: ^([Cc]mdb|data)
  require: [Staff]
roles:
  default: [user]
  allow: [auditor]
  mapping:
    cmdbsyncer-admins: { roles: [admin], attributes: { global_admin: true, api_roles: [all] } }
    auditor: { roles: [log] }
    data-scientists: { roles: [log], organizations: { org-1: [member, guest] }, projects: { p-1: [read-only] } }
organizations: { default: company }
access:
  rules:
    - { path: /public/**, methods: [GET, HEAD], allow: anonymous }
    - { path: /admin/**, require: { roles: [admin], claims: { department: [eng] } } }
    - { path: /closed, deny: true }
    - { path: /vault/**, require: { acr: [gold], maxAge: 90s } }
`

const alice = {
  sub: 'a-1',
  preferred_username: 'alice',
  email: 'alice@example.com',
  name: 'Alice Example',
  department: 'eng',
  groups: ['3f2a', 'data-scientists', 'lunch', 7],
  realm_access: { roles: ['auditor', 'offline_access'] }
}

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command in a folder of its own, as a person would. */
async function run (t: Test, args: Parameters<typeof explain>[0], claims: unknown = alice, yaml = configuration): Promise<Outcome> {
  const cwd = t.testdir({ 'doorward.yaml': yaml, 'claims.json': typeof claims === 'string' ? claims : JSON.stringify(claims) })
  let stdout = ''
  let stderr = ''
  const code = await explain({ claims: 'claims.json', ...args }, {
    stdout: (text) => { stdout += text },
    stderr: (text) => { stderr += text },
    environment: {},
    cwd,
    isTerminal: false
  })
  return { code, stdout, stderr }
}

const aliceExplained = `Person
  user       alice
  sub        a-1
  email      alice@example.com
  name       Alice Example
  firstName  -
  lastName   -
  provider   default
Sign-in
  admitted
Groups
  -                  number in the claim groups ignored, expected text
  Cmdbsyncer-Admins  from the claim groups, renamed from 3f2a
  staff              from the claim groups, renamed from 3f2a, dropped by groups.filter
  data-scientists    from the claim groups
  lunch              from the claim groups, dropped by groups.filter
Roles
  user            by roles.default
  auditor         from the claim /realm_access/roles
  offline_access  from the claim /realm_access/roles, dropped by roles.allow
  admin           by roles.mapping.cmdbsyncer-admins, matched Cmdbsyncer-Admins
  log             by roles.mapping.auditor; by roles.mapping.data-scientists
Organizations
  company  no role, by organizations.default
  org-1    member, guest, by roles.mapping.data-scientists
Projects
  p-1  read-only, by roles.mapping.data-scientists
Attributes
  global_admin  true, by roles.mapping.cmdbsyncer-admins, matched Cmdbsyncer-Admins
  api_roles     all, by roles.mapping.cmdbsyncer-admins, matched Cmdbsyncer-Admins
`

test('explain shows what claims become and the rule behind each thing', async (t) => {
  t.strictSame(await run(t, {}), { code: 0, stdout: aliceExplained, stderr: '' })
})

const bob = { ...alice, groups: ['3f2a'], department: 'sales', realm_access: {} }
const stranger = { ...alice, groups: ['lunch'] }

const requests: ReadonlyArray<[unknown, string, string | undefined, number, string]> = [
  [alice, '/admin/users?page=2', undefined, 0, 'GET /admin/users?page=2\n  allowed  by access.rules[1] (/admin/**)\n'],
  [alice, '/', 'delete', 0, 'DELETE /\n  allowed  by access.default\n'],
  [alice, '/public/x', 'HEAD', 0, 'HEAD /public/x\n  allowed  to everybody, by access.rules[0] (GET, HEAD /public/**)\n'],
  [alice, '/public/x', 'POST', 0, 'POST /public/x\n  allowed  by access.default\n'],
  [alice, '/oidc/session', undefined, 0, 'GET /oidc/session\n  answered  by Doorward itself, never by the application\n'],
  [alice, '/CLOSED/', undefined, 3, 'GET /CLOSED/\n  refused  by access.rules[2] (/closed): is open to nobody\n'],
  [bob, '/admin', undefined, 3, 'GET /admin\n  refused  by access.rules[1] (/admin/**): needs the claim department to be eng\n'],
  [alice, '/public/a%23', undefined, 3, 'GET /public/a%23\n  refused  the path holds an escaped ? or #, and access.rules[0] (GET, HEAD /public/**) is open to everybody\n'],
  [alice, '/public/../admin', undefined, 3, 'GET /public/../admin\n  refused  before any rule: This address can be read in more than one way, so it was not passed on. Check it for double slashes, dots, backslashes or unusual escapes.\n'],
  [{ ...alice, acr: 'gold', auth_time: 1000, iat: 1090 }, '/vault/x', undefined, 0, 'GET /vault/x\n  allowed  by access.rules[3] (/vault/**)\n'],
  [{ ...alice, acr: 'gold', auth_time: 1000, iat: 1091 }, '/vault/x', undefined, 3, 'GET /vault/x\n  refused  by access.rules[3] (/vault/**): needs a sign-in of the kind gold that is not older than 90 seconds\n'],
  [alice, '/vault/x', undefined, 3, 'GET /vault/x\n  refused  by access.rules[3] (/vault/**): needs a sign-in of the kind gold that is not older than 90 seconds\n'],
  [stranger, '/', undefined, 3, 'GET /\n  refused  by access.default: needs a sign-in\n'],
  [stranger, '/public/x', undefined, 3, 'GET /public/x\n  allowed  to everybody, by access.rules[0] (GET, HEAD /public/**)\n']
]

test('with a path, explain shows the decision, the rule and what is missing', async (t) => {
  for (const [claims, path, method, code, expected] of requests) {
    const outcome = await run(t, { path, method }, claims)
    t.equal(outcome.stdout.slice(outcome.stdout.indexOf(method?.toUpperCase() ?? 'GET')), expected)
    t.equal(outcome.code, code, expected)
  }
})

test('a refused sign-in is refused, and says why', async (t) => {
  const { code, stdout } = await run(t, {}, stranger)
  t.equal(code, 3)
  t.match(stdout, 'Sign-in\n  refused  required_group_missing: needs membership of Staff\n')
})

test('claims that are absent are named, and a subject is not needed', async (t) => {
  const { code, stdout } = await run(t, {}, {}, configuration.replace('require: [Staff]', ''))
  t.equal(code, 0)
  t.match(stdout, 'sub        unknown\n')
  t.match(stdout, 'Groups\n  -  the provider sent no claim groups\nRoles\n  -     the provider sent no claim /realm_access/roles\n  user  by roles.default\n')
  t.match(stdout, 'Projects\n  none\n')
})

test('what claims hold can’t steer the terminal', async (t) => {
  const { stdout } = await run(t, { path: '/\u001b[2J' }, { ...alice, name: 'A\u001b[31m\u202e\nRoles', groups: ['cmdb\u009b1m'] })
  t.notMatch(stdout, /[^\n\x20-\x7e]/)
  t.match(stdout, 'A\\u{1b}[31m\\u{202e}\\u{a}Roles')
})

test('with --json, explain prints the same for programs', async (t) => {
  const { code, stdout } = await run(t, { json: true, path: '/admin' }, bob)
  t.equal(code, 3)
  const explanation = JSON.parse(stdout) as Record<string, unknown>
  t.strictSame(Object.keys(explanation), ['outcome', 'identity', 'trace', 'request'])
  t.match(explanation, {
    outcome: 'refused',
    identity: { user: 'alice', groups: ['Cmdbsyncer-Admins'], roles: ['user', 'admin'], claims: { department: 'sales' } },
    trace: [{ what: 'group', value: 'Cmdbsyncer-Admins', claim: 'groups', renamedFrom: '3f2a' }]
  })
  t.strictSame(explanation['request'], {
    method: 'GET',
    path: '/admin',
    outcome: 'deny',
    rule: { index: 1, path: '/admin/**' },
    missing: 'needs the claim department to be eng',
    unmet: { claims: { department: ['eng'] } }
  })
  t.match(JSON.parse((await run(t, { json: true }, stranger)).stdout), { outcome: 'refused', refusal: { reason: 'required_group_missing' } })
  t.match(JSON.parse((await run(t, { json: true }, alice)).stdout), { outcome: 'allowed' })
})

const misuses: ReadonlyArray<[Parameters<typeof explain>[0], unknown, RegExp]> = [
  [{ claims: undefined }, alice, /^doorward explain: expected --claims FILE\.json\n$/],
  [{ method: 'GET' }, alice, /^doorward explain: --method needs --path\n$/],
  [{ claims: 'none.json' }, alice, /^doorward explain: none\.json: can’t be read\n$/],
  [{}, '{ "sub": ', /^doorward explain: claims\.json: not valid JSON: .+\n$/],
  [{}, '["a"]', /^doorward explain: claims\.json: expected a JSON object that holds claims\n$/],
  [{}, 'null', /expected a JSON object/],
  [{}, { sub: 7 }, /^doorward explain: claims\.json: expected the claim sub to be text\n$/]
]

test('a misuse is exit code 2 and says what was expected', async (t) => {
  for (const [args, claims, expected] of misuses) {
    const { code, stdout, stderr } = await run(t, args, claims)
    t.strictSame([code, stdout], [2, ''])
    t.match(stderr, expected)
  }
})

test('an invalid configuration is exit code 78 and names every problem', async (t) => {
  const { code, stdout, stderr } = await run(t, {}, alice, configuration.replace('/closed, deny: true', 'closed, deny: false'))
  t.strictSame([code, stdout], [78, ''])
  t.match(stderr, /doorward\.yaml:\d+:\d+ access\.rules\S*path: .+\n/)
  t.match(stderr, /deny/)
})

test('the configuration is the file that --config names', async (t) => {
  const { code, stderr } = await run(t, { config: 'other.yaml' })
  t.equal(code, 78)
  t.match(stderr, 'other.yaml')
})

test('explain needs to know which of several providers sent the claims', async (t) => {
  const several = configuration.replace(/^provider: .*$/m, `providers:
  - { id: corp, label: One, issuer: https://idp.example.com, clientId: app }
  - { id: partner, label: Two, issuer: https://idp.partner.example, clientId: app, claims: { user: upn }, groups: { require: [partners] } }`)
  t.strictSame(await run(t, {}, alice, several), { code: 2, stdout: '', stderr: 'doorward explain: expected --provider, one of corp, partner\n' })
  t.equal((await run(t, { provider: 'other' }, alice, several)).code, 2)
  t.equal((await run(t, { provider: 'other' })).code, 2, 'also where there is but one')
  t.match(await run(t, { provider: 'default' }), { code: 0, stdout: /provider +default/ })
  t.match(await run(t, { provider: 'corp' }, alice, several), { code: 0, stdout: /user +alice\n[^]*provider +corp\n/ })
  t.match(await run(t, { provider: 'partner' }, { ...alice, upn: 'alice@partner' }, several), { code: 3, stdout: /user +alice@partner\n[^]*provider +partner\n[^]*needs membership of partners/ })
})

test('explain says what `when` has dropped, and for whom it is', async (t) => {
  const several = configuration.replace(/^provider: .*$/m, `providers:
  - { id: corp, label: One, issuer: https://idp.example.com, clientId: app }
  - { id: partner, label: Two, issuer: https://idp.partner.example, clientId: app }`)
    .replace('allow: [auditor]', 'allow: [auditor, admin]')
    .replace('cmdbsyncer-admins: {', 'cmdbsyncer-admins: { when: { provider: corp },')
  const { code, stdout } = await run(t, { provider: 'partner' }, { ...alice, realm_access: { roles: ['admin'] } }, several)
  t.equal(code, 0)
  t.match(stdout, /admin.* from the claim \/realm_access\/roles, dropped by when.*corp/)
  t.match(stdout, /admin.* by roles\.mapping\.cmdbsyncer-admins.*dropped by when.*corp/)
  t.match(stdout, /global_admin.* by roles\.mapping\.cmdbsyncer-admins.*dropped by when.*corp/)
})
