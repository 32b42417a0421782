/** `doorward test`: expectations in a file, held against a configuration. */
import { readFileSync } from 'node:fs'
import { type Test, test } from 'tap'
import { z } from 'zod'
import { run } from '../../src/cli/index.ts'
import { expectationsSchema } from '../../src/config/schema-expectations.ts'

const configuration = `
server: { publicUrl: https://app.example.com, hosts: [intranet.example.com] }
provider: { issuer: https://idp.example.com, clientId: app, clientSecret: secret }
upstream: { url: http://127.0.0.1:8080 }
session: { secret: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= }
claims: { roles: app_roles }
groups: { rename: { 3f2a: [admins, staff] }, filter: "^[^l]", require: [Staff] }
roles:
  default: [user]
  allow: [auditor]
  mapping:
    admins: { roles: [admin], attributes: { global_admin: true, api_roles: [all, log] } }
    auditor: { roles: [log] }
    scientists: { organizations: { org-1: [member, guest] }, projects: { p-1: [read-only] } }
organizations: { default: company }
access:
  rules:
    - { path: /public/**, allow: anonymous }
    - { path: /admin/**, require: { roles: [admin] } }
    - { path: /vault/**, require: { acr: [gold] } }
    - { path: /closed, deny: true }
    - { path: /inside/**, hosts: [intranet.example.com], clientAddresses: [10.0.0.0/8], allow: anonymous }
`

const people = `
people:
  alice: { preferred_username: alice, email: alice@example.com, groups: [3f2a, Scientists, lunch], app_roles: [auditor, root] }
  bob: { preferred_username: bob, groups: [staff] }
  carol: { groups: [] }
`

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs `doorward test` in a folder of its own, as a person would. */
async function testPolicy (t: Test, expectations: string | undefined, args: readonly string[] = [], yaml = configuration, isTerminal = false): Promise<Outcome> {
  const cwd = t.testdir({ 'doorward.yaml': yaml, ...expectations !== undefined && { 'policy.yaml': expectations } })
  let [stdout, stderr] = ['', '']
  const code = await run(['test', 'policy.yaml', ...args], {
    stdout: (text) => { stdout += text },
    stderr: (text) => { stderr += text },
    environment: {},
    cwd,
    isTerminal,
    untilStopped: async () => { throw new Error('nothing was expected to be served') }
  })
  return { code, stdout, stderr }
}

/** Cases, each the inside of a flow map. */
function cases (...entries: readonly string[]): string {
  return `${people}cases:\n${entries.map((entry, index) => `  - { name: case ${index}, ${entry} }\n`).join('')}`
}

const fulfilled = [
  'path: /public/x, expect: { decision: allowed, rule: /public/** }',
  'path: /public/x, method: delete, expect: { decision: allowed, rule: "access.rules[0]" }',
  'path: /x, expect: { decision: sign_in, rule: access.default }',
  'path: /closed, expect: { decision: refused }',
  'path: /oidc/session, expect: { decision: own_route }',
  'path: /public/../x, expect: { decision: bad_request }',
  'path: /public/a%23, expect: { decision: bad_request }',
  'path: /x, host: other.example.com, expect: { decision: bad_request }',
  'path: /inside/x, host: intranet.example.com, address: 10.1.2.3, expect: { decision: allowed, rule: /inside/** }',
  'path: /inside/x, host: intranet.example.com, expect: { decision: refused }',
  'path: /inside/x, expect: { decision: sign_in, rule: access.default }',
  'person: alice, expect: { decision: allowed, user: alice, email: alice@example.com }',
  'person: alice, path: /admin, expect: { decision: allowed, roles: [log, admin, auditor, user] }',
  'person: alice, path: /vault, expect: { decision: step_up, rule: /vault/** }',
  'claims: { groups: [staff], acr: gold }, path: /vault, expect: { decision: allowed }',
  'person: alice, expect: { groups: [staff, admins, Scientists] }',
  'person: alice, expect: { organizations: [org-1, company], projects: { p-1: [read-only] } }',
  'person: alice, expect: { organizations: { company: [], org-1: [guest, member] }, projects: [p-1] }',
  'person: alice, expect: { attributes: { api_roles: [log, all], global_admin: true } }',
  'person: bob, path: /admin/users, expect: { decision: refused, rule: /admin/** }',
  'person: bob, expect: { roles: [user], projects: [], attributes: {} }',
  'person: carol, expect: { decision: refused, reason: required_group_missing }',
  'person: carol, path: /x, expect: { decision: refused }',
  'person: carol, path: /public/x, expect: { decision: allowed }'
]

test('what is named is compared, lists in any order, and nothing else', async (t) => {
  t.strictSame(await testPolicy(t, cases(...fulfilled)), { code: 0, stdout: `${fulfilled.length} cases, all as expected\n`, stderr: '' })
  for (const entry of fulfilled) t.strictSame(await testPolicy(t, cases(entry)), { code: 0, stdout: '1 case, all as expected\n', stderr: '' }, entry)
})

const failures: ReadonlyArray<readonly [string, string]> = [
  ['person: bob, path: /admin, expect: { decision: allowed }', `  decision: expected allowed; found refused
    refused by access.rules[1] (/admin/**): needs the role admin
`],
  ['path: /public/x, expect: { decision: sign_in, rule: /admin/** }', `  decision: expected sign_in; found allowed
    allowed to everybody by access.rules[0] (/public/**)
  rule: expected /admin/**; found /public/**
    allowed to everybody by access.rules[0] (/public/**)
`],
  ['person: carol, path: /x, expect: { decision: allowed, reason: no_email_claim }', `  decision: expected allowed; found refused
    the sign-in is refused: required_group_missing: needs membership of Staff
    refused by access.default: needs a sign-in
  reason: expected no_email_claim; found required_group_missing
    the sign-in is refused: required_group_missing: needs membership of Staff
`],
  ['person: bob, expect: { reason: no_email_claim, email: b@example.com, user: rob }', `  reason: expected no_email_claim; found none
  user: expected rob; found bob
  email: expected b@example.com; found none
`],
  ['person: bob, expect: { roles: [user, user, admin] }', `  roles: expected user, user, admin; found user
    nothing gives the role admin
`],
  ['person: alice, expect: { organizations: { org-1: [member, guest] }, attributes: { global_admin: true } }', `  organizations: expected org-1 (member, guest); found company, org-1 (member, guest)
    organization company, by organizations.default
  attributes: expected global_admin (true); found global_admin (true), api_roles (all, log)
    attribute api_roles: all, log, by roles.mapping.admins
`],
  ['person: alice, expect: { roles: [user, root, admin, boss], groups: [lunch, staff, admins] }', `  groups: expected lunch, staff, admins; found admins, staff, Scientists
    group lunch, from the claim groups, dropped by groups.filter
    group Scientists, from the claim groups
  roles: expected user, root, admin, boss; found user, auditor, admin, log
    role root, from the claim app_roles, dropped by roles.allow
    nothing gives the role boss
    role auditor, from the claim app_roles
    role log, by roles.mapping.auditor
`],
  ['person: alice, expect: { organizations: { org-1: [member], org-2: [] }, projects: [], attributes: { global_admin: false, api_roles: [all] } }', `  organizations: expected org-1 (member), org-2; found company, org-1 (member, guest)
    organization org-1: member, guest, by roles.mapping.scientists, held as Scientists
    nothing gives the organization org-2
    organization company, by organizations.default
  projects: expected none; found p-1
    project p-1: read-only, by roles.mapping.scientists, held as Scientists
  attributes: expected global_admin (false), api_roles (all); found global_admin (true), api_roles (all, log)
    attribute global_admin: true, by roles.mapping.admins
    attribute api_roles: all, log, by roles.mapping.admins
`]
]

test('a failure says what was expected, what was found, and why it is so', async (t) => {
  for (const [entry, expected] of failures) {
    const { code, stdout } = await testPolicy(t, cases(entry))
    t.equal(code, 1)
    t.equal(stdout, `FAILED policy.yaml:7:5 case 0\n${expected}\n1 case, 1 failed\n`)
  }
  const { stdout } = await testPolicy(t, cases(...failures.map(([entry]) => entry), ...fulfilled))
  t.match(stdout, `\n${failures.length + fulfilled.length} cases, ${failures.length} failed\n`)
  t.strictSame(stdout.match(/^FAILED .*$/gm), failures.map((_, index) => `FAILED policy.yaml:${index + 7}:5 case ${index}`))
})

test('with --json, scripts get the same', async (t) => {
  const { code, stdout } = await testPolicy(t, cases('person: bob, path: /admin, expect: { decision: allowed, user: "\\e[1mbob", email: x }', 'path: /closed, expect: { decision: refused }'), ['--json'])
  t.equal(code, 1)
  t.notMatch(stdout, /[^\n\x20-\x7e]/)
  t.strictSame(JSON.parse(stdout), {
    outcome: 'failed',
    passed: 1,
    failed: 1,
    cases: [
      {
        name: 'case 0',
        outcome: 'failed',
        file: 'policy.yaml',
        line: 7,
        column: 5,
        failures: [
          { what: 'decision', expected: 'allowed', found: 'refused', because: ['refused by access.rules[1] (/admin/**): needs the role admin'] },
          { what: 'user', expected: '\u001b[1mbob', found: 'bob', because: [] },
          { what: 'email', expected: 'x', because: [] }
        ]
      },
      { name: 'case 1', outcome: 'passed', file: 'policy.yaml', line: 8, column: 5, failures: [] }
    ]
  })
  t.match(JSON.parse((await testPolicy(t, cases('path: /closed, expect: { decision: refused }'), ['--json'])).stdout), { outcome: 'passed', failed: 0 })
})

test('what a file or a claim holds can’t steer the terminal, and colours are for terminals', async (t) => {
  const hostile = cases('person: bob, expect: { user: "\\e[2Ja", roles: ["\\u202e"] }').replace('name: case 0', 'name: "\\e]0;x\\a"')
  t.notMatch((await testPolicy(t, hostile)).stdout, /[^\n\x20-\x7e]/)
  t.match((await testPolicy(t, hostile, [], configuration, true)).stdout, '\u001b[31mFAILED\u001b[39m policy.yaml:7:5 \u001b[1m\\u{1b}]0;x\\u{7}\u001b[22m\n')
})

const badFile = `people:
  alice: { groups: [a] }
  eve: { sub: 7 }
cases:
  - name: x
    person: alise
    expekt: 1
    expect: { decison: allowed }
  - name: ""
    person: alice
    claims: {}
    method: GET
    host: a
    address: b
    expect: { decision: maybe, roles: admin, rule: /x }
  - name: z
    path: /x
    provider: defautl
    expect: { roles: [a], attributes: { a: 7 }, projects: 7 }
  - name: w
    expect: {}
  - 7
  - expect: { decision: allowed }
    path: 8
`

test('everything that is wrong with the file is told at once, by line, and is exit code 2', async (t) => {
  const { code, stdout, stderr } = await testPolicy(t, badFile)
  t.strictSame([code, stdout], [2, ''])
  t.strictSame(stderr.trimEnd().split('\n'), [
    'policy.yaml:3:15 people.eve.sub: expected the claim sub to be text; found 7',
    'policy.yaml:6:13 cases[0].person: expected a key of people (alice, eve); found "alise"; did you mean alice?',
    'policy.yaml:7:5 cases[0].expekt: unknown key; did you mean expect?',
    'policy.yaml:8:15 cases[0].expect.decison: unknown key; did you mean decision?',
    'policy.yaml:9:11 cases[1].name: expected text that is not empty; found ""',
    'policy.yaml:11:13 cases[1].claims: expected either person or claims',
    'policy.yaml:12:13 cases[1].method: needs path',
    'policy.yaml:13:11 cases[1].host: needs path',
    'policy.yaml:14:14 cases[1].address: expected an IP address; found "b"',
    'policy.yaml:14:14 cases[1].address: needs path',
    'policy.yaml:15:25 cases[1].expect.decision: expected one of allowed, refused, sign_in, step_up, bad_request, own_route; found "maybe"',
    'policy.yaml:15:39 cases[1].expect.roles: expected a list; found "admin"',
    'policy.yaml:15:52 cases[1].expect.rule: needs path',
    'policy.yaml:18:15 cases[2].provider: expected the id of a provider (default); found "defautl"; did you mean default?',
    'policy.yaml:18:15 cases[2].provider: needs person or claims',
    'policy.yaml:19:22 cases[2].expect.roles: needs person or claims',
    'policy.yaml:19:39 cases[2].expect.attributes: needs person or claims',
    'policy.yaml:19:44 cases[2].expect.attributes.a: expected true, false or a list of text; found 7',
    'policy.yaml:19:59 cases[2].expect.projects: expected a list of names, or a map of names to roles; found 7',
    'policy.yaml:19:59 cases[2].expect.projects: needs person or claims',
    'policy.yaml:20:5 cases[3]: expected a person, claims or a path to decide about',
    'policy.yaml:21:13 cases[3].expect: expected something to compare, such as `decision: allowed`',
    'policy.yaml:22:5 cases[4]: expected a section with keys of its own; found a number',
    'policy.yaml:23:5 cases[5].name: is required',
    'policy.yaml:24:11 cases[5].path: expected text in quotes; found 8'
  ])
})

test('a file that can’t be read or is no map of cases is exit code 2, and so is a misuse', async (t) => {
  const rows: ReadonlyArray<[string | undefined, RegExp]> = [
    [undefined, /^policy\.yaml: policy\.yaml does not exist\n$/],
    ['', /^policy\.yaml:1:1 cases: is required\n$/],
    ['- name: x', /^policy\.yaml:1:1: expected a map of expectations, such as `cases:`\n$/],
    ['cases: []', /^policy\.yaml:1:8 cases: expected at least one case/],
    ['cases: [', /^policy\.yaml:1:9: not valid YAML/],
    ['people: {}\ncases: [{ name: x, path: /, expect: { rule: x } }]\npeople: {}\n', /^policy\.yaml:3:1: this key was already given above\n$/]
  ]
  for (const [file, expected] of rows) {
    const { code, stdout, stderr } = await testPolicy(t, file)
    t.strictSame([code, stdout], [2, ''], String(file))
    t.match(stderr, expected)
  }
  t.match(await testPolicy(t, '', ['another.yaml']), { code: 2, stderr: 'doorward: expected one FILE\nSee doorward --help\n' })
  t.match(await testPolicy(t, '', ['--jsn']), { code: 2, stderr: /^doorward: Unknown option '--jsn'/ })
})

test('an invalid configuration is exit code 78, and is told before the file is read', async (t) => {
  const { code, stderr } = await testPolicy(t, badFile, [], configuration.replace('deny: true', 'deny: no'))
  t.equal(code, 78)
  t.match(stderr, /^doorward\.yaml:\d+:\d+ access\.rules\[3\]\.deny: /)
  t.notMatch(stderr, 'policy.yaml')
})

test('with several providers, a case says at which of them somebody signs in', async (t) => {
  const several = configuration.replace(/^provider: .*$/m, `providers:
  - { id: corp, label: One, issuer: https://idp.example.com, clientId: app }
  - { id: partner, label: Two, issuer: https://idp.partner.example, clientId: app, claims: { user: upn }, groups: { require: [partners] } }`)
  t.match(await testPolicy(t, cases('person: bob, expect: { decision: allowed }'), [], several), { code: 2, stderr: 'policy.yaml:7:5 cases[0].provider: is required, since there are several: corp, partner\n' })
  const both = cases('person: bob, provider: corp, expect: { decision: allowed }', 'claims: { upn: b, groups: [staff] }, provider: partner, expect: { user: b, decision: refused }')
  t.match(await testPolicy(t, both, [], several), { code: 0 })
})

const root = new URL('../../', import.meta.url)
const exampleConfiguration = readFileSync(new URL('config/doorward.example.yaml', root), 'utf8')
const page = readFileSync(new URL('docs/testing-policy.md', root), 'utf8')

test('the example, and that of the documentation, is as the example configuration decides', async (t) => {
  const [, documented = ''] = /```yaml\n(.*?)```/s.exec(page) ?? []
  for (const example of [documented, readFileSync(new URL('config/policy.test.example.yaml', root), 'utf8')]) {
    t.match(await testPolicy(t, example, [], exampleConfiguration), { code: 0, stdout: / cases, all as expected\n$/ })
  }
})

test('every key of the file, and every decision, is documented', async (t) => {
  const { properties: { cases } } = z.toJSONSchema(expectationsSchema, { io: 'input' }) as unknown as { properties: { cases: { items: { properties: Record<string, unknown> & { expect: { properties: Record<string, { enum?: string[] }> } } } } } }
  const { expect, ...others } = cases.items.properties
  const words = [...Object.keys(others), ...Object.keys(expect.properties), ...Object.values(expect.properties).flatMap((key) => key.enum ?? [])]
  t.ok(words.length > 20)
  t.strictSame(words.filter((word) => !page.includes(`\`${word}\``) && !page.includes(`${word}: `)), [])
})
