import { test } from 'tap'
import { type Claims, createMapping, type MappingSettings, readClaim } from '../../src/mapping/index.ts'
import { type Given, grant, map, settings } from './given.ts'

/** As the session stores it and gives it back. */
function plain (value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

const company: Given = {
  groups: { rename: { '3f2a': ['cmdbsyncer-admins', 'staff'] }, filter: '^(cmdb|CMDB|data)' },
  roles: {
    default: ['user'],
    mapping: {
      'cmdbsyncer-admins': grant({ roles: ['admin'], attributes: { global_admin: true } }),
      'CMDBSyncer-Ops': grant({ roles: ['host', 'log'], attributes: { global_admin: false, api_roles: ['read'] } }),
      'cmdbsyncer-api': grant({ attributes: { api_roles: ['all', 'read'] } }),
      'data-scientists': grant({ roles: ['log'], organizations: { 'org-1': ['member'], 'org-2': [] }, projects: { 'p-1': ['read-only'] } })
    }
  },
  organizations: { default: 'company' },
  keepClaims: ['department', '/address/country', 'absent', 'address']
}

const alice: Claims = {
  sub: 'a-1',
  preferred_username: 'alice',
  email: 'alice@example.com',
  name: 'Alice Example',
  given_name: 'Alice',
  family_name: 'Example',
  groups: ['cmdbsyncer-ops', '3f2a', 'lunch', 'data-scientists', 'cmdbsyncer-ops'],
  department: ['eng'],
  address: { country: 'CH', lines: [{ text: 'x' }] }
}

test('claims become an identity', async (t) => {
  const { identity } = map(company, alice)
  t.notOk(Object.hasOwn(identity.claims, 'absent'))
  t.strictSame(plain(identity), {
    sub: 'a-1',
    user: 'alice',
    email: 'alice@example.com',
    name: 'Alice Example',
    firstName: 'Alice',
    lastName: 'Example',
    provider: 'default',
    groups: ['cmdbsyncer-ops', 'cmdbsyncer-admins', 'data-scientists'],
    roles: ['user', 'admin', 'host', 'log'],
    organizations: { company: [], 'org-1': ['member'], 'org-2': [] },
    projects: { 'p-1': ['read-only'] },
    attributes: { global_admin: true, api_roles: ['read'] },
    claims: { department: ['eng'], '/address/country': 'CH', address: { country: 'CH', lines: [{ text: 'x' }] } }
  })
})

test('the trace says how everything came about', async (t) => {
  const admins = { kind: 'mapping', key: 'cmdbsyncer-admins', matched: 'cmdbsyncer-admins' }
  const ops = { kind: 'mapping', key: 'CMDBSyncer-Ops', matched: 'cmdbsyncer-ops' }
  const scientists = { kind: 'mapping', key: 'data-scientists', matched: 'data-scientists' }
  const claims = { roles: 'app_roles' }
  const roles = { ...company.roles, allow: ['auditor'] }
  t.strictSame(plain(map({ ...company, claims, roles }, { ...alice, groups: [7, null, ['x'], {}, ...alice['groups'] as string[], 'CMDBsyncer-ops'], app_roles: ['auditor', 'owner', '', 'auditor'] }).trace), [
    { what: 'ignored', expected: 'groups', claim: 'groups', value: 'number' },
    { what: 'ignored', expected: 'groups', claim: 'groups', value: 'null' },
    { what: 'ignored', expected: 'groups', claim: 'groups', value: 'list' },
    { what: 'ignored', expected: 'groups', claim: 'groups', value: 'object' },
    { what: 'group', value: 'cmdbsyncer-ops', claim: 'groups' },
    { what: 'group', value: 'cmdbsyncer-admins', claim: 'groups', renamedFrom: '3f2a' },
    { what: 'group', value: 'staff', claim: 'groups', renamedFrom: '3f2a', dropped: 'groups.filter' },
    { what: 'group', value: 'lunch', claim: 'groups', dropped: 'groups.filter' },
    { what: 'group', value: 'data-scientists', claim: 'groups' },
    { what: 'group', value: 'CMDBsyncer-ops', claim: 'groups' },
    { what: 'role', value: 'user', by: { kind: 'default' } },
    { what: 'organization', value: 'company', roles: [], by: { kind: 'default' } },
    { what: 'ignored', expected: 'roles', claim: 'app_roles', value: 'empty text' },
    { what: 'role', value: 'auditor', by: { kind: 'rolesClaim', claim: 'app_roles' } },
    { what: 'role', value: 'owner', by: { kind: 'rolesClaim', claim: 'app_roles' }, dropped: 'roles.allow' },
    { what: 'role', value: 'admin', by: admins },
    { what: 'attribute', value: 'global_admin', granted: true, by: admins },
    { what: 'role', value: 'host', by: ops },
    { what: 'role', value: 'log', by: ops },
    { what: 'attribute', value: 'global_admin', granted: false, by: ops },
    { what: 'attribute', value: 'api_roles', granted: ['read'], by: ops },
    { what: 'role', value: 'log', by: scientists },
    { what: 'organization', value: 'org-1', roles: ['member'], by: scientists },
    { what: 'organization', value: 'org-2', roles: [], by: scientists },
    { what: 'project', value: 'p-1', roles: ['read-only'], by: scientists }
  ])
  t.strictSame(plain(map({ claims }, {}).trace), [
    { what: 'absent', expected: 'groups', claim: 'groups' },
    { what: 'absent', expected: 'roles', claim: 'app_roles' }
  ])
})

const nested = { a: { 'b/c': { 'd~e': 1 } }, list: ['x', { y: 2 }], '': 'empty', '/a': 'slash', 'https://example.com/groups': ['g'], '~1': 3, nothing: null }
const values: ReadonlyArray<[string, unknown]> = [
  ['list', ['x', { y: 2 }]],
  ['https://example.com/groups', ['g']],
  ['absent', undefined],
  ['a.b', undefined],
  ['nothing', null],
  ['/a', nested.a],
  ['/a/b~1c/d~0e', 1],
  ['/~01', 3],
  ['/list/0', 'x'],
  ['/list/1/y', 2],
  ['/list/2', undefined],
  ['/list/00', undefined],
  ['/list/-', undefined],
  ['/list/length', undefined],
  ['/nothing/x', undefined],
  ['/https:~1~1example.com~1groups/0', 'g'],
  ['/list/0/0', undefined],
  ['/', 'empty'],
  ['constructor', undefined],
  ['__proto__', undefined],
  ['/a/__proto__', undefined],
  ['/a/constructor/name', undefined],
  ['toString', undefined]
]

test('a claim is read by name or by JSON pointer, and never from a prototype', async (t) => {
  for (const [name, expected] of values) t.strictSame(readClaim(nested, name), expected, name)
  t.equal(readClaim(JSON.parse('{"__proto__": "mine"}') as Claims, '__proto__'), 'mine')
})

const people: ReadonlyArray<[Claims, Record<string, unknown>]> = [
  [{}, { user: 's-1' }],
  [{ preferred_username: '' }, { user: 's-1' }],
  [{ preferred_username: ['eve'] }, { user: 's-1' }],
  [{ preferred_username: 4711 }, { user: '4711' }],
  [{ preferred_username: ' Eve ', name: 'Eve\r\nX' }, { user: ' Eve ', name: 'Eve\r\nX' }],
  [{ email: '', name: 7, given_name: null, family_name: {} }, { user: 's-1' }],
  [{ preferred_username: 'eve', email: 'e@example.com', given_name: 'E', family_name: 'V' }, { user: 'eve', email: 'e@example.com', firstName: 'E', lastName: 'V' }]
]

test('names are taken as they were sent, and only text is a name', async (t) => {
  const nobody = { sub: 's-1', provider: 'default', groups: [], roles: [], organizations: {}, projects: {}, attributes: {}, claims: {} }
  t.notOk(Object.hasOwn(map({}, {}).identity, 'email'))
  for (const [claims, expected] of people) t.strictSame(plain(map({}, claims).identity), { ...nobody, ...expected }, JSON.stringify(claims))
})

test('claims without a subject are nobody’s', async (t) => {
  for (const sub of [undefined, '', 7, null]) t.throws(() => map({}, { sub }), { code: 'provider_failed' })
})

const groupRows: ReadonlyArray<[string, Partial<MappingSettings['groups']>, string[], string[]]> = [
  ['kept in order, once each', {}, ['b', 'a', 'b', 'A'], ['b', 'a', 'A']],
  ['renamed', { rename: { a: 'x' } }, ['a', 'b'], ['x', 'b']],
  ['renamed to several', { rename: { a: ['x', 'y'] } }, ['a'], ['x', 'y']],
  ['renamed in any case', { rename: { 'A-Team': 'x' } }, ['a-team'], ['x']],
  ['renamed from an id, in any case', { rename: { '0b8c5a1e-3f5d-4a43-9f5d-2f4f4ad6c8a1': 'finance' } }, ['0B8C5A1E-3F5D-4A43-9F5D-2F4F4AD6C8A1', '0b8c5a1e'], ['finance', '0b8c5a1e']],
  ['renamed from a distinguished name', { rename: { 'cn=admins,ou=groups,dc=example,dc=com': 'admins' } }, ['CN=Admins,OU=Groups,DC=example,DC=com', 'CN=Admins'], ['admins', 'CN=Admins']],
  ['renamed from a path, which is no JSON pointer', { rename: { '/team/sub': 'sub' } }, ['/team/sub', '/team'], ['sub', '/team']],
  ['renamed by the exact spelling first', { rename: { a: 'lower', A: 'upper' } }, ['A', 'a'], ['upper', 'lower']],
  ['renamed by every other spelling else', { rename: { aB: 'first', Ab: ['second', 'first'] } }, ['ab'], ['first', 'second']],
  ['renamed once', { rename: { a: 'b', b: 'c' } }, ['a', 'b'], ['b', 'c']],
  ['the same after the rename', { rename: { a: 'x', b: ['x', 'y'] } }, ['a', 'b', 'y'], ['x', 'y']],
  ['not renamed by what every object has', { rename: { a: 'x' } }, ['constructor', '__proto__'], ['constructor', '__proto__']],
  ['filtered', { filter: 'b' }, ['a', 'b', 'abc'], ['b', 'abc']],
  ['filtered after the rename', { rename: { a: 'b', b: 'c' }, filter: '^b$' }, ['a', 'b'], ['b']],
  ['filtered with Unicode', { filter: '^\\p{L}.$' }, ['é😀', '1x'], ['é😀']],
  ['filtered alike each time', { filter: 'a' }, ['aa', 'ab', 'ac'], ['aa', 'ab', 'ac']]
]

test('groups are renamed, then filtered', async (t) => {
  for (const [what, given, groups, expected] of groupRows) t.strictSame(map({ groups: given }, { groups }).identity.groups, expected, what)
})

const terms: ReadonlyArray<[Given, Claims, string | undefined]> = [
  [{}, {}, undefined],
  [{ groups: { allow: ['a', 'b'] } }, { groups: ['b'] }, undefined],
  [{ groups: { allow: ['a', 'b'] } }, { groups: ['B'] }, undefined],
  [{ groups: { allow: ['a', 'b'] } }, { groups: ['c'] }, 'required_group_missing: needs membership of one of: a, b'],
  [{ groups: { allow: ['a'] } }, {}, 'required_group_missing: needs membership of one of: a'],
  [{ groups: { allow: ['a'] } }, { groups: ['x,a', 'CN=a,OU=b'] }, 'required_group_missing: needs membership of one of: a'],
  [{ groups: { require: ['A', 'b'] } }, { groups: ['a', 'B'] }, undefined],
  [{ groups: { require: ['a', 'b', 'c'] } }, { groups: ['b'] }, 'required_group_missing: needs membership of a, c'],
  [{ groups: { require: ['a'], allow: ['b', 'c'] } }, { groups: ['a'] }, 'required_group_missing: needs membership of one of: b, c'],
  [{ groups: { require: ['a'], allow: ['b', 'c'] } }, {}, 'required_group_missing: needs membership of a, and membership of one of: b, c'],
  // Both names of a renamed group count, and what the filter drops counts too.
  [{ groups: { rename: { id: 'x' }, filter: '^none$', require: ['ID', 'X'] } }, { groups: ['id'] }, undefined],
  [{ claims: { requireEmail: true } }, { email: 'e@example.com' }, undefined],
  [{ claims: { requireEmail: true, email: 'mail' } }, { email: 'e@example.com' }, 'no_email_claim: needs an e-mail address; the identity provider sent none in the claim mail'],
  [{ claims: { requireEmail: true }, groups: { require: ['a'] } }, { email: '' }, 'no_email_claim: needs an e-mail address; the identity provider sent none in the claim email']
]

test('a sign-in is refused with one reason and with what is missing', async (t) => {
  for (const [given, claims, expected] of terms) {
    const { refusal } = map(given, claims)
    t.equal(refusal && `${refusal.reason}: ${refusal.detail}`, expected, JSON.stringify([given, claims]))
  }
})

const ops = grant({ roles: ['host'] })
const roleRows: ReadonlyArray<[string, Given, Claims, string[]]> = [
  ['keys match in any case', { roles: { mapping: { oPs: ops } } }, { groups: ['OpS'] }, ['host']],
  ['keys that differ in case both grant', { roles: { mapping: { OPS: ops, ops: grant({ roles: ['log', 'host'] }) } } }, { groups: ['Ops'] }, ['host', 'log']],
  ['a key matches the renamed group', { groups: { rename: { id: 'ops' } }, roles: { mapping: { ops } } }, { groups: ['id'] }, ['host']],
  ['a key does not match the name before', { groups: { rename: { id: 'ops' } }, roles: { mapping: { id: ops } } }, { groups: ['id'] }, []],
  ['a key does not match a filtered group', { groups: { filter: 'x' }, roles: { mapping: { ops } } }, { groups: ['ops'] }, []],
  ['a part of a name matches nothing', { roles: { mapping: { ops } } }, { groups: ['ops2', 'devops', 'a,ops', ' ops'] }, []],
  ['the order of the groups changes nothing', { roles: { mapping: { a: grant({ roles: ['1'] }), b: grant({ roles: ['2'] }) } } }, { groups: ['b', 'a'] }, ['1', '2']],
  ['no roles claim is read unless one is set', {}, { roles: ['admin'] }, []],
  ['the roles claim is taken over', { claims: { roles: 'roles' } }, { roles: ['b', 'a', 'b'] }, ['b', 'a']],
  ['one role as text', { claims: { roles: '/realm_access/roles' } }, { realm_access: { roles: 'a' } }, ['a']],
  ['limited to those allowed, in exactly that case', { claims: { roles: 'roles' }, roles: { allow: ['a', 'B'] } }, { roles: ['a', 'b', 'c'] }, ['a']],
  ['an empty list allows none', { claims: { roles: 'roles' }, roles: { allow: [] } }, { roles: ['a'] }, []],
  ['the list limits the roles claim alone', { roles: { allow: [], default: ['user'], mapping: { ops } } }, { groups: ['ops'] }, ['user', 'host']],
  ['a claimed role is mapped like a group', { claims: { roles: 'roles' }, roles: { mapping: { OPS: ops } } }, { roles: ['ops'] }, ['ops', 'host']],
  ['a claimed role that is not allowed is not mapped', { claims: { roles: 'roles' }, roles: { allow: ['a'], mapping: { ops } } }, { roles: ['ops'] }, []],
  ['the groups filter does not concern the roles claim', { claims: { roles: 'roles' }, groups: { filter: 'x' } }, { roles: ['a'] }, ['a']]
]

test('roles are the union of defaults, roles claim and mapping', async (t) => {
  for (const [what, given, claims, expected] of roleRows) t.strictSame(map(given, claims).identity.roles, expected, what)
})

test('an empty mapping computes nothing from groups, which are still read, checked and passed on', async (t) => {
  const { identity, refusal } = map({
    claims: { roles: 'roles' },
    groups: { rename: { id: 'ops' }, filter: '^ops', require: ['id'] },
    roles: { default: ['user'] },
    organizations: { default: 'company' }
  }, { groups: ['id', 'user', 'admin'], roles: ['editor'] })
  t.strictSame(plain(identity), { sub: 's-1', user: 's-1', provider: 'default', groups: ['ops'], roles: ['user', 'editor'], organizations: { company: [] }, projects: {}, attributes: {}, claims: {} })
  t.equal(refusal, undefined)
  t.strictSame(plain(map({}, { groups: ['admin'] }).identity), { sub: 's-1', user: 's-1', provider: 'default', groups: ['admin'], roles: [], organizations: {}, projects: {}, attributes: {}, claims: {} })
})

test('memberships and attributes are unioned over everything that matches, flags are OR-ed', async (t) => {
  const mapping = {
    a: grant({ organizations: { o: ['x'], p: [] }, projects: { q: ['1', '1'] }, attributes: { flag: false, off: false, list: ['1'] } }),
    b: grant({ organizations: { o: ['y', 'x'] }, projects: { q: ['2'], r: ['3'] }, attributes: { flag: true, list: ['2', '1'] } }),
    c: grant({ organizations: { o: ['owner'] }, attributes: { flag: false, other: true } })
  }
  const { identity } = map({ roles: { mapping }, organizations: { default: 'o' } }, { groups: ['b', 'a'] })
  t.strictSame(plain([identity.organizations, identity.projects, identity.attributes]), [
    { o: ['x', 'y'], p: [] },
    { q: ['1', '2'], r: ['3'] },
    { flag: true, off: false, list: ['1', '2'] }
  ])
})

test('each provider has its own names for claims and groups, and grants that are for it alone', async (t) => {
  const mapping = createMapping(settings({
    providers: [
      { id: 'corp', claims: {}, groups: {} },
      { id: 'partner', claims: { user: 'upn', groups: '/realm/groups', email: undefined }, groups: { rename: { admins: 'partner-admins' }, filter: undefined, require: ['guests'] } }
    ],
    groups: { filter: 'admins|guests', require: ['staff'] },
    roles: {
      mapping: {
        admins: grant({ when: { providers: ['corp'] }, roles: ['admin'] }),
        'partner-admins': grant({ roles: ['clerk'] }),
        guests: grant({ when: { providers: ['partner', 'other'] }, roles: ['guest'] })
      }
    }
  }))
  const claims = { sub: 's-1', preferred_username: 'a', upn: 'b', email: 'e', groups: ['admins', 'guests', 'staff'], realm: { groups: ['admins', 'Guests', 'x'] } }
  const outcome = (provider: string) => {
    const { identity: { user, email, groups, roles, ...identity }, refusal } = mapping(claims, provider)
    return { user, email, groups, roles, provider: identity.provider, refusal }
  }
  t.strictSame(outcome('corp'), { user: 'a', email: 'e', groups: ['admins', 'guests'], roles: ['admin'], provider: 'corp', refusal: undefined })
  t.strictSame(outcome('partner'), { user: 'b', email: 'e', groups: ['partner-admins'], roles: ['clerk'], provider: 'partner', refusal: undefined }, 'the filter is for all, the rest is its own')
  t.strictSame(outcome('other'), { user: 'a', email: 'e', groups: ['admins', 'guests'], roles: [], provider: 'other', refusal: undefined }, 'a provider that is not known is granted nothing of the others')
})

const keeping = {
  staff: grant({ when: { providers: ['corp', 'hq'] }, roles: ['admin', 'Reader'], attributes: { global_admin: true }, organizations: { o: ['owner'] }, projects: { p: [] } }),
  'partner-staff': grant({ when: { providers: ['partner'] }, roles: ['reader'] }),
  helpdesk: grant({ roles: ['admin', 'open'] }),
  Auditor: grant({ when: { providers: ['corp'] }, organizations: { o: ['auditor'] } }),
  guest: grant({ when: { providers: ['partner'] }, roles: ['visitor'] }),
  corp: grant({ when: { providers: ['corp'] }, roles: ['guest'] })
}
const allRoles = ['admin', 'ADMIN', 'reader', 'open', 'auditor', 'staff', 'guest', 'free']

/** Provider → which of the claimed roles somebody has there without any group. */
const claimable: Readonly<Record<string, readonly string[]>> = {
  corp: ['admin', 'ADMIN', 'reader', 'open', 'auditor', 'staff', 'guest', 'free'],
  hq: ['admin', 'ADMIN', 'reader', 'open', 'staff', 'free'],
  partner: ['reader', 'open', 'free'],
  'not-known': ['open', 'free']
}

test('a role that `when` keeps for other providers can’t be claimed, under whatever spelling', async (t) => {
  const mapping = createMapping(settings({
    claims: { roles: 'roles' },
    providers: ['corp', 'hq', 'partner'].map((id) => ({ id, claims: {}, groups: {} })),
    roles: { mapping: keeping }
  }))
  for (const [provider, expected] of Object.entries(claimable)) {
    const claimed = mapping({ sub: 's', roles: allRoles }, provider).trace.filter((entry) => entry.what === 'role' && entry.by.kind === 'rolesClaim')
    t.strictSame(claimed.flatMap((entry) => 'dropped' in entry ? [] : [entry.what === 'role' && entry.value]), expected, provider)
  }
  const { identity, trace } = mapping({ sub: 's', groups: ['Staff'], roles: ['ADMIN', 'auditor', 'guest'] }, 'partner')
  t.strictSame([identity.roles, identity.attributes, identity.organizations, identity.projects].map((given) => Object.keys(given)), [[], [], [], []])
  const by = { kind: 'rolesClaim', claim: 'roles' }
  const staff = { kind: 'mapping', key: 'staff', matched: 'Staff' }
  const barred = { dropped: 'when', onlyAt: ['corp', 'hq'] }
  t.strictSame(plain(trace), [
    { what: 'group', value: 'Staff', claim: 'groups' },
    { what: 'role', value: 'ADMIN', by, ...barred },
    { what: 'role', value: 'auditor', by, dropped: 'when', onlyAt: ['corp'] },
    { what: 'role', value: 'guest', by, dropped: 'when', onlyAt: ['corp'] },
    { what: 'role', value: 'admin', by: staff, ...barred },
    { what: 'role', value: 'Reader', by: staff, ...barred },
    { what: 'attribute', value: 'global_admin', granted: true, by: staff, ...barred },
    { what: 'organization', value: 'o', roles: ['owner'], by: staff, ...barred },
    { what: 'project', value: 'p', roles: [], by: staff, ...barred }
  ])
})

test('space around a role makes it no other one, since the application may not see that there is some', async (t) => {
  const mapping = createMapping(settings({ claims: { roles: 'roles' }, providers: [{ id: 'partner', claims: {}, groups: {} }], roles: { mapping: keeping } }))
  for (const role of ['admin ', ' Admin', '\tadmin', '\u00a0admin']) t.strictSame(mapping({ sub: 's', roles: [role] }, 'partner').identity.roles, [], JSON.stringify(role))
})

test('a role that everyone has stays, also where it can’t be claimed', async (t) => {
  const { identity } = map({ claims: { roles: 'roles' }, roles: { default: ['reader'], mapping: keeping } }, { roles: ['reader'] })
  t.strictSame(identity.roles, ['reader'])
})

test('names that every object has are names like any other', async (t) => {
  const hostile = JSON.parse('{ "__proto__": ["x"], "constructor": ["y"] }') as Record<string, string[]>
  const mapping = JSON.parse('{ "__proto__": { "roles": ["r"], "attributes": {}, "organizations": {}, "projects": {} } }') as MappingSettings['roles']['mapping']
  const granted = map({ roles: { mapping: { g: grant({ organizations: hostile, projects: hostile, attributes: hostile }) } }, organizations: { default: '__proto__' }, keepClaims: ['__proto__'] }, JSON.parse('{ "__proto__": 1, "groups": ["g"] }') as Claims)
  for (const record of [granted.identity.organizations, granted.identity.projects, granted.identity.attributes]) {
    t.strictSame(Object.entries(record), [['__proto__', ['x']], ['constructor', ['y']]])
  }
  t.strictSame(Object.entries(granted.identity.claims), [['__proto__', 1]])
  const { identity } = map({ roles: { mapping } }, { groups: ['__proto__'] })
  t.strictSame(identity.roles, ['r'])
  t.strictSame([identity.organizations['constructor'], identity.attributes['toString'], identity.claims['valueOf']], [undefined, undefined, undefined])
})

test('a kept claim that is nested without end is cut off', async (t) => {
  const deep = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`) as unknown
  const { identity } = map({ keepClaims: ['deep'] }, { deep })
  t.ok(JSON.stringify(identity.claims['deep']).length < 100)
})

test('the result is frozen all the way down, and the claims and settings are left alone', async (t) => {
  const given = settings(company)
  const claims = structuredClone(alice)
  const result = createMapping(given)(claims, 'default')
  const parts = (value: unknown): unknown[] => typeof value === 'object' && value !== null ? [value, ...Object.values(value).flatMap(parts)] : []
  t.ok(parts(result).length > 30)
  t.strictSame(parts(result).filter((part) => !Object.isFrozen(part)), [])
  t.strictSame([...parts(given), ...parts(claims)].filter((part) => Object.isFrozen(part)), [])
  t.strictSame(claims, alice)
})

test('five thousand groups are mapped, each by its own rules', async (t) => {
  const names = Array.from({ length: 5_000 }, (_, index) => `Group-${index}`)
  const rename = Object.fromEntries(names.slice(0, 500).map((name) => [name, [`${name}-a`, `${name}-b`]]))
  const mapping = Object.fromEntries(names.slice(500).map((name, index) => [name.toUpperCase(), grant({ roles: [`role-${index % 50}`] })]))
  const { identity, refusal } = createMapping(settings({ groups: { rename, filter: '^Group', require: ['group-7'] }, roles: { mapping } }))({ sub: 's', groups: names }, 'p')
  t.equal(identity.groups.length, 5_500)
  t.equal(identity.roles.length, 50)
  t.equal(refusal, undefined)
})
