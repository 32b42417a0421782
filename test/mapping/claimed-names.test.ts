import { test } from 'tap'
import { createMapping, type MappingSettings, textList } from '../../src/mapping/index.ts'
import { grant, map, settings } from './given.ts'

type Form = Pick<MappingSettings['claims'], 'groupsSeparator' | 'groupsProperty'>
type Row = readonly [value: unknown, names: readonly string[], ignored?: readonly string[]]

const dn = 'CN=Admins,OU=Groups,DC=example,DC=com'
const ids = ['0b8c5a1e-3f5d-4a43-9f5d-2f4f4ad6c8a1', '7D9E5A1E-0000-4A43-9F5D-2F4F4AD6C8A1']

const plain: readonly Row[] = [
  [['b', 'a', 'b'], ['b', 'a']],
  [['/team', '/team/sub', 'Domain Users', ' d '], ['/team', '/team/sub', 'Domain Users', ' d ']],
  [[dn, 'a,b', 'a;b', 'a b'], [dn, 'a,b', 'a;b', 'a b']],
  [ids, ids],
  ['a, b', ['a, b']],
  [dn, [dn]],
  ['', [], ['empty text']],
  [[], []],
  [null, [], ['null']],
  [7, [], ['number']],
  [{ 0: 'a', length: 1 }, [], ['object']],
  [['a', '', 7, 8, null, ['b'], { name: 'c' }, true], ['a'], ['empty text', 'number', 'null', 'list', 'object', 'boolean']],
  ['["a"]', ['["a"]']],
  [['__proto__', 'constructor'], ['__proto__', 'constructor']]
]

const atCommas: readonly Row[] = [
  ['a,b', ['a', 'b']],
  [' a , b c ,a', ['a', 'b c']],
  ['a', ['a']],
  ['a,,b,', ['a', 'b'], ['empty text']],
  ['', [], ['empty text']],
  [' ', [], ['empty text']],
  [ids.join(','), ids],
  // The entries of a list are names already. In mod_auth_openidc before 2026-07-17 a comma in one made two of it.
  [['a,b', dn], ['a,b', dn]],
  [dn, [dn]],
  [`staff,${dn}`, [`staff,${dn}`]],
  [`staff, ${dn.toLowerCase()}`, [`staff, ${dn.toLowerCase()}`]],
  ['staff,2.5.4.3=admins', ['staff,2.5.4.3=admins']],
  ['staff,CN = admins', ['staff,CN = admins']],
  ['a=b', ['a=b']],
  ['2=a,b', ['2=a', 'b']],
  [7, [], ['number']]
]

const atSemicolons: readonly Row[] = [
  [`${dn}; ${dn.replace('Admins', 'Ops')}`, [dn, dn.replace('Admins', 'Ops')]],
  ['a,b;c', ['a,b', 'c']]
]

const atSpaces: readonly Row[] = [
  ['reports.read  reports.write ', ['reports.read', 'reports.write']],
  ['a,b c', ['a,b', 'c']],
  [['Domain Admins'], ['Domain Admins']]
]

const byName: readonly Row[] = [
  [[{ id: '1', name: 'ops' }, { id: '2', name: 'dev' }], ['ops', 'dev']],
  [{ name: 'ops' }, ['ops']],
  [['ops', { name: 'dev' }], ['ops', 'dev']],
  [[{ id: '1' }, { name: '' }, { name: ['a'] }, { name: { name: 'a' } }, [{ name: 'a' }], null], [], ['object', 'list', 'null']],
  [[JSON.parse('{ "__proto__": { "name": "ops" } }')], [], ['object']],
  // Objects are no lists of names: what is in one is not divided.
  [[{ name: 'a,b' }], ['a,b']],
  ['a,b', ['a', 'b']]
]

/** What is so for groups and for roles alike. */
const forms: Readonly<Record<string, readonly [Form, readonly Row[]]>> = {
  'a list of text is a list, or one text, and nothing else': [{ groupsSeparator: 'none' }, plain],
  'one text is divided at commas where that is set, and a distinguished name never is': [{ groupsSeparator: 'comma' }, atCommas],
  'one text is divided at semicolons where that is set': [{ groupsSeparator: 'semicolon' }, atSemicolons],
  'one text is divided at spaces where that is set': [{ groupsSeparator: 'space' }, atSpaces],
  'objects name a group by the property that is set': [{ groupsSeparator: 'comma', groupsProperty: 'name' }, byName],
  'the property may be a pointer': [{ groupsSeparator: 'none', groupsProperty: '/labels/0' }, [[[{ labels: ['ops'] }, { labels: [] }], ['ops'], ['object']]]]
}

for (const [what, [{ groupsSeparator, groupsProperty }, rows]] of Object.entries(forms)) {
  test(what, async (t) => {
    const property = groupsProperty === undefined ? {} : { groupsProperty, rolesProperty: groupsProperty }
    const claims = { groups: '/a/names', groupsSeparator, roles: 'held', rolesSeparator: groupsSeparator, ...property }
    for (const [value, names, ignored = []] of rows) {
      const { identity, trace } = map({ claims }, { a: { names: value }, held: value })
      t.strictSame([identity.groups, identity.roles], [names, names], JSON.stringify(value))
      const kinds = (expected: string) => trace.flatMap((entry) => entry.what === 'ignored' && entry.expected === expected ? [entry.value] : [])
      t.strictSame([kinds('groups'), kinds('roles')], [ignored, ignored], JSON.stringify(value))
    }
  })
}

test('a list of text outside of groups and roles is read alike', async (t) => {
  for (const [value, names] of plain) t.strictSame([...new Set(textList(value))], names, JSON.stringify(value))
})

test('claims of Keycloak are found where they are nested', async (t) => {
  const claims = { realm_access: { roles: ['realm-admin'] }, resource_access: { app: { roles: ['viewer'] }, other: { roles: ['owner'] } }, groups: ['/company/ops', '/company'] }
  const { identity } = map({
    claims: { roles: '/resource_access/app/roles' },
    groups: { rename: { '/company/ops': 'ops' } },
    roles: { mapping: { ops: grant({ roles: ['host'] }), '/company': grant({ organizations: { company: [] } }), owner: grant({ roles: ['owner'] }) } }
  }, claims)
  t.strictSame([identity.groups, identity.roles, Object.keys(identity.organizations)], [['ops', '/company'], ['viewer', 'host'], ['company']])
  t.strictSame(map({ claims: { groups: '/realm_access/roles' } }, claims).identity.groups, ['realm-admin'])
})

test('each provider has forms of its own, in place of those for all', async (t) => {
  const mapping = createMapping(settings({
    claims: { groupsSeparator: 'comma', roles: 'held', rolesSeparator: 'space', rolesProperty: 'id' },
    providers: [
      { id: 'corp', claims: {}, groups: {} },
      { id: 'partner', claims: { groupsSeparator: 'none', groupsProperty: 'name', rolesSeparator: 'semicolon', rolesProperty: '/name' }, groups: {} }
    ]
  }))
  const outcomeAt = (provider: string) => [
    { groups: 'a,b', held: 'c;d e' },
    { groups: [{ id: 'a', name: 'b' }], held: [{ id: 'c', name: 'd' }] }
  ].map((claims) => mapping({ sub: 's', ...claims }, provider).identity).map(({ groups, roles }) => ({ groups, roles }))
  t.strictSame(outcomeAt('corp'), [{ groups: ['a', 'b'], roles: ['c;d', 'e'] }, { groups: [], roles: ['c'] }])
  t.strictSame(outcomeAt('partner'), [{ groups: ['a,b'], roles: ['c', 'd e'] }, { groups: ['b'], roles: ['d'] }])
})

test('five thousand groups are found in every form', async (t) => {
  const names = Array.from({ length: 5_000 }, (_, index) => `group-${index}`)
  const mapping = Object.fromEntries(names.map((name) => [name.toUpperCase(), grant({ roles: [`role-${name}`], organizations: { company: [name] }, attributes: { list: [name] } })]))
  const values = [names, names.join(','), names.map((name) => ({ id: 'x', name }))]
  for (const value of values) {
    const { identity } = map({ claims: { groupsSeparator: 'comma', groupsProperty: 'name' }, roles: { mapping } }, { groups: value })
    t.strictSame([identity.groups, identity.organizations['company'], identity.attributes['list']], [names, names, names])
    t.equal(identity.roles.length, 5_000)
  }
})
