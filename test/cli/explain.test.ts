import { type Test, test } from 'tap'
import { explain } from '../../src/cli/explain.ts'
import { type Terminal } from '../../src/cli/terminal.ts'

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
async function run (t: Test, args: Parameters<typeof explain>[0], claims: unknown = alice, yaml = configuration, terminal: Partial<Terminal> = {}): Promise<Outcome> {
  const cwd = t.testdir({ 'doorward.yaml': yaml, 'claims.json': typeof claims === 'string' ? claims : JSON.stringify(claims) })
  let stdout = ''
  let stderr = ''
  const code = await explain({ claims: 'claims.json', ...args }, {
    stdout: (text) => { stdout += text },
    stderr: (text) => { stderr += text },
    environment: {},
    cwd,
    isTerminal: false,
    ...terminal
  })
  return { code, stdout, stderr }
}

const aliceExplained = `Person
├─ user       alice
├─ sub        a-1
├─ email      alice@example.com
├─ name       Alice Example
├─ firstName  -
├─ lastName   -
└─ provider   default
Groups
├─ number in the claim groups ignored, expected text
├─ Cmdbsyncer-Admins  from the claim groups, renamed from 3f2a
│  ├─ role admin                    by roles.mapping.cmdbsyncer-admins
│  ├─ attribute global_admin: true  by roles.mapping.cmdbsyncer-admins
│  └─ attribute api_roles: all      by roles.mapping.cmdbsyncer-admins
├─ staff              from the claim groups, renamed from 3f2a, dropped by groups.filter
├─ data-scientists    from the claim groups
│  ├─ role log                           by roles.mapping.data-scientists
│  ├─ organization org-1: member, guest  by roles.mapping.data-scientists
│  └─ project p-1: read-only             by roles.mapping.data-scientists
└─ lunch              from the claim groups, dropped by groups.filter
Roles of the provider
├─ role auditor         from the claim /realm_access/roles
│  └─ role log  by roles.mapping.auditor
└─ role offline_access  from the claim /realm_access/roles, dropped by roles.allow
Everybody
├─ role user             by roles.default
└─ organization company  by organizations.default
Sum
├─ groups         Cmdbsyncer-Admins, data-scientists
├─ roles          user, auditor, admin, log
├─ organizations  company, org-1 (member, guest)
├─ projects       p-1 (read-only)
└─ attributes     global_admin (true), api_roles (all)
Sign-in
└─ admitted
   └─ met: groups.require  Staff
`

test('explain shows what claims become and the rule behind each thing', async (t) => {
  t.strictSame(await run(t, {}), { code: 0, stdout: aliceExplained, stderr: '' })
})

const bob = { ...alice, groups: ['3f2a'], department: 'sales', realm_access: {} }
const stranger = { ...alice, groups: ['lunch'] }

const vaultRefused = `GET /vault/x
└─ refused by access.rules[3] (/vault/**): needs a sign-in of the kind gold that is not older than 90 seconds
`
const requests: ReadonlyArray<[unknown, string, string | undefined, number, string]> = [
  [alice, '/admin/users?page=2', undefined, 0, `GET /admin/users?page=2
└─ allowed by access.rules[1] (/admin/**)
   ├─ met: require.roles              admin
   └─ met: require.claims.department  eng
`],
  // Some read `/admin/users` here, and some a folder that no rule is for.
  [bob, '/admin;v=1/users', undefined, 3, `GET /admin;v=1/users
└─ refused by access.rules[1] (/admin/**): needs the claim department to be eng
   ├─ met: require.roles                admin
   └─ unmet: require.claims.department  needs the claim department to be eng
`],
  [alice, '/', 'delete', 0, 'DELETE /\n└─ allowed by access.default\n'],
  [alice, '/public/x', 'HEAD', 0, 'HEAD /public/x\n└─ allowed to everybody by access.rules[0] (GET, HEAD /public/**)\n'],
  [alice, '/public/x', 'POST', 0, 'POST /public/x\n└─ allowed by access.default\n'],
  [alice, '/oidc/session', undefined, 0, 'GET /oidc/session\n└─ answered by Doorward itself, never by the application\n'],
  [alice, '/CLOSED/', undefined, 3, 'GET /CLOSED/\n└─ refused by access.rules[2] (/closed): is open to nobody\n'],
  [bob, '/admin', undefined, 3, `GET /admin
└─ refused by access.rules[1] (/admin/**): needs the claim department to be eng
   ├─ met: require.roles                admin
   └─ unmet: require.claims.department  needs the claim department to be eng
`],
  [alice, '/public/a%23', undefined, 3, 'GET /public/a%23\n└─ refused: the path holds an escaped ? or #, and access.rules[0] (GET, HEAD /public/**) is open to everybody\n'],
  [alice, '/public/../admin', undefined, 3, 'GET /public/../admin\n└─ refused before any rule: This address can be read in more than one way, so it was not passed on. Check it for double slashes, dots, backslashes or unusual escapes.\n'],
  [{ ...alice, acr: 'gold', auth_time: 1000, iat: 1090 }, '/vault/x', undefined, 0, `GET /vault/x
└─ allowed by access.rules[3] (/vault/**)
   ├─ met: require.acr     gold
   └─ met: require.maxAge  a sign-in that is not older than 90 seconds
`],
  [{ ...alice, acr: 'gold', auth_time: 1000, iat: 1091 }, '/vault/x', undefined, 3, `${vaultRefused}   ├─ met: require.acr       gold
   └─ unmet: require.maxAge  needs a sign-in that is not older than 90 seconds
`],
  [alice, '/vault/x', undefined, 3, `${vaultRefused}   ├─ unmet: require.acr     needs a sign-in of the kind gold
   └─ unmet: require.maxAge  needs a sign-in that is not older than 90 seconds
`],
  [stranger, '/', undefined, 3, 'GET /\n└─ refused by access.default: needs a sign-in\n'],
  [stranger, '/public/x', undefined, 3, 'GET /public/x\n└─ allowed to everybody by access.rules[0] (GET, HEAD /public/**)\n']
]

test('with a path, explain shows the decision, the rule and what is missing', async (t) => {
  for (const [claims, path, method, code, expected] of requests) {
    const outcome = await run(t, { path, method }, claims)
    t.equal(outcome.stdout.slice(outcome.stdout.indexOf(method?.toUpperCase() ?? 'GET')), expected)
    t.equal(outcome.code, code, expected)
  }
})

const nested = configuration.replace('publicUrl: https://app.example.com', 'publicUrl: https://app.example.com, hosts: [intranet.example.com]').replace(/ {2}rules:[^]*$/, `  rules:
    - { path: /inside/**, hosts: [intranet.example.com], clientAddresses: [10.0.0.0/8], allow: authenticated }
    - { path: /inside/**, deny: true }
    - { path: "/of/{organization}/**", require: { organizations: { "{organization}": [member] }, attributes: { api_roles: [log], global_admin: true } } }
    - path: /nested/**
      require:
        any: [{ roles: [admin], groups: [finance] }, { emailDomains: [example.com] }]
        all: [{ any: [{ groups: [finance] }, { claims: { department: { matches: "e.*" } } }] }]
        not: { groups: [banned] }
`)

test('a rule goes by host and client address where it says so', async (t) => {
  const asked = async (host: string | undefined, address: string | undefined) => {
    const { code, stdout } = await run(t, { path: '/inside/x', host, address }, alice, nested)
    return [code, stdout.slice(stdout.indexOf('GET'))]
  }
  const inside = 'access.rules[0] (/inside/** at intranet.example.com from 10.0.0.0/8)'
  t.strictSame(await asked(undefined, undefined), [3, 'GET /inside/x\n└─ refused by access.rules[1] (/inside/**): is open to nobody\n'])
  t.strictSame(await asked('Intranet.example.com', '10.1.2.3'), [0, `GET /inside/x at Intranet.example.com from 10.1.2.3\n└─ allowed by ${inside}\n`])
  t.strictSame(await asked('intranet.example.com', '::ffff:10.1.2.3'), [0, `GET /inside/x at intranet.example.com from ::ffff:10.1.2.3\n└─ allowed by ${inside}\n`])
  t.strictSame(await asked('intranet.example.com', undefined), [3, `GET /inside/x at intranet.example.com\n└─ refused by ${inside}: needs a client address that is known\n`])
})

test('each part of what a rule requires is met or unmet, also where it is nested or goes by the address', async (t) => {
  const asked = async (path: string) => {
    const { stdout } = await run(t, { path }, alice, nested)
    return stdout.slice(stdout.indexOf(`GET ${path}`))
  }
  t.equal(await asked('/nested/x'), `GET /nested/x
└─ refused by access.rules[3] (/nested/**): needs (the group finance or a verified e-mail address at example.com)
   ├─ met: require.all
   │  └─ met: require.all[0].any
   │     ├─ unmet: require.all[0].any[0].groups           needs the group finance
   │     └─ met: require.all[0].any[1].claims.department  { matches: e.* }
   ├─ unmet: require.any  needs (the group finance or a verified e-mail address at example.com)
   │  ├─ met: require.any[0].roles           admin
   │  ├─ unmet: require.any[0].groups        needs the group finance
   │  └─ unmet: require.any[1].emailDomains  needs a verified e-mail address at example.com
   └─ met: require.not    { groups: [banned] }
`)
  t.equal(await asked('/of/org-1/x'), `GET /of/org-1/x
└─ refused by access.rules[2] (/of/{organization}/**): needs the attribute api_roles to hold log
   ├─ met: require.organizations            { {organization}: [member] }
   ├─ unmet: require.attributes.api_roles   needs the attribute api_roles to hold log
   └─ met: require.attributes.global_admin  true
`)
  t.match(await asked('/of/org-2/x'), '   ├─ unmet: require.organizations          needs the role member in the organization that the address names\n')
})

test('a host that is not served is refused before any rule, and the spelling of one that is does not matter', async (t) => {
  const { code, stdout } = await run(t, { path: '/x', host: 'other.example.com', address: '2001:db8::1' })
  t.equal(code, 3)
  t.match(stdout, 'GET /x at other.example.com from 2001:db8::1\n└─ refused before any rule: This site does not answer under the host name')
  t.match(await run(t, { path: '/x', host: 'APP.example.com.:443' }), { code: 0, stdout: 'GET /x at APP.example.com.:443\n└─ allowed by access.default\n' })
})

test('a refused sign-in is refused, and says why', async (t) => {
  const { code, stdout } = await run(t, {}, stranger)
  t.equal(code, 3)
  t.match(stdout, 'Sign-in\n└─ refused: required_group_missing: needs membership of Staff\n   └─ unmet: groups.require  Staff; missing Staff\n')
})

test('each term of the sign-in is met, unmet, or not looked at any more', async (t) => {
  const strict = configuration.replace('require: [Staff]', 'require: [Staff, ops]\n  allow: [lunch, dinner]').replace('claims: {', 'claims: { requireEmail: true,')
  const { stdout } = await run(t, {}, alice, strict)
  t.match(stdout, `└─ refused: required_group_missing: needs membership of ops
   ├─ met: claims.requireEmail  email
   ├─ unmet: groups.require     Staff, ops; missing ops
   └─ met: groups.allow         lunch, dinner
`)
  const nameless = await run(t, {}, { ...alice, email: '' }, strict)
  t.match(nameless.stdout, `   ├─ unmet: claims.requireEmail   email; missing email
   ├─ not reached: groups.require  Staff, ops
   └─ not reached: groups.allow    lunch, dinner
`)
})

test('two groups that are renamed to one grant once, and a role that is a group too grants with the group', async (t) => {
  const yaml = configuration.replace('{ 3f2a: [Cmdbsyncer-Admins, staff] }', '{ a: data-scientists, b: data-scientists }').replace('  require: [Staff]\n', '').replace('allow: [auditor]', 'allow: [auditor, data-scientists]')
  const { stdout } = await run(t, {}, { ...alice, groups: ['a', 'b'], realm_access: { roles: ['data-scientists'] } }, yaml)
  t.match(stdout, `Groups
├─ data-scientists  from the claim groups, renamed from a
│  ├─ role log                           by roles.mapping.data-scientists
│  ├─ organization org-1: member, guest  by roles.mapping.data-scientists
│  └─ project p-1: read-only             by roles.mapping.data-scientists
└─ data-scientists  from the claim groups, renamed from b
Roles of the provider
└─ role data-scientists  from the claim /realm_access/roles
Everybody
`)
})

test('colours are for a person at a terminal who has not asked for none', async (t) => {
  const shown = async (isTerminal: boolean, environment = {}) => (await run(t, { path: '/closed' }, alice, configuration, { isTerminal, environment })).stdout
  const plain = await shown(false)
  t.notMatch(plain, '\u001b')
  for (const environment of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) t.equal(await shown(true, environment), plain)
  const coloured = await shown(true, { NO_COLOR: '', TERM: 'xterm' })
  t.match(coloured, '\u001b[1mGroups\u001b[22m\n')
  t.match(coloured, '└─ \u001b[31mrefused by access.rules[2] (/closed): is open to nobody\u001b[39m\n')
  // eslint-disable-next-line no-control-regex -- what colours are made of
  t.equal(coloured.replace(/\u001b\[\d+m/g, ''), plain, 'and the same text')
})

test('claims that are absent are named, and a subject is not needed', async (t) => {
  const { code, stdout } = await run(t, {}, {}, configuration.replace('require: [Staff]', ''))
  t.equal(code, 0)
  t.match(stdout, 'sub        unknown\n')
  t.match(stdout, 'Groups\n└─ the provider sent no claim groups\nRoles of the provider\n└─ the provider sent no claim /realm_access/roles\nEverybody\n├─ role user ')
  t.match(stdout, '├─ projects       none\n')
  t.match((await run(t, {}, { groups: [] }, configuration.replace('require: [Staff]', ''))).stdout, 'Groups\n└─ none\n')
})

test('what claims hold can’t steer the terminal', async (t) => {
  const { stdout } = await run(t, { path: '/\u001b[2J' }, { ...alice, name: 'A\u001b[31m\u202e\nRoles', groups: ['cmdb\u009b1m'] })
  t.notMatch(stdout, /[^\n\x20-\x7e├└│─]/)
  t.match(stdout, 'A\\u{1b}[31m\\u{202e}\\u{a}Roles')
  t.notMatch((await run(t, { json: true }, { ...alice, groups: ['cmdb\u009b1m\u202e\u001b'] })).stdout, /[^\n\x20-\x7e]/)
})

test('with --json, explain prints the same for programs', async (t) => {
  const { code, stdout } = await run(t, { json: true, path: '/admin' }, bob)
  t.equal(code, 3)
  const explanation = JSON.parse(stdout) as Record<string, unknown>
  t.strictSame(Object.keys(explanation), ['outcome', 'identity', 'trace', 'terms', 'request'])
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
    unmet: { claims: { department: ['eng'] } },
    requirements: [
      { setting: 'require.roles', expects: ['admin'], met: true },
      { setting: 'require.claims.department', expects: ['eng'], met: false, missing: 'needs the claim department to be eng' }
    ]
  })
  t.strictSame(explanation['terms'], [{ setting: 'groups.require', expects: ['Staff'], outcome: 'met' }])
  t.match(JSON.parse((await run(t, { json: true }, stranger)).stdout), { outcome: 'refused', refusal: { reason: 'required_group_missing' } })
  t.match(JSON.parse((await run(t, { json: true }, alice)).stdout), { outcome: 'allowed' })
})

const misuses: ReadonlyArray<[Parameters<typeof explain>[0], unknown, RegExp]> = [
  [{ claims: undefined }, alice, /^doorward explain: expected --claims FILE\.json, or - for standard input\n$/],
  [{ method: 'GET' }, alice, /^doorward explain: --method needs --path\n$/],
  [{ host: 'app.example.com' }, alice, /^doorward explain: --host needs --path\n$/],
  [{ address: '10.0.0.1' }, alice, /^doorward explain: --address needs --path\n$/],
  [{ path: '/', address: '10.0.0' }, alice, /^doorward explain: expected --address, an IP address; found "10\.0\.0"\n$/],
  [{ claims: 'none.json' }, alice, /^doorward explain: none\.json: can’t be read\n$/],
  [{}, '{ "sub": ', /^doorward explain: claims\.json: not valid JSON: .+\n$/],
  [{}, '["a"]', /^doorward explain: claims\.json: expected a JSON object that holds claims\n$/],
  [{}, 'null', /expected a JSON object/],
  [{}, { sub: 7 }, /^doorward explain: claims\.json: expected the claim sub to be text\n$/]
]

test('claims come from standard input with --claims -', async (t) => {
  const from = async (text: string) => await run(t, { claims: '-' }, 'not read', configuration, { stdin: async () => text })
  t.strictSame(await from(`\uFEFF${JSON.stringify(alice)}`), { code: 0, stdout: aliceExplained, stderr: '' })
  t.match(await from('{'), { code: 2, stderr: /^doorward explain: standard input: not valid JSON: / })
  t.match(await run(t, { claims: '-' }), { code: 2, stderr: /^doorward explain: standard input: not valid JSON: / }, 'where there is none')
})

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
