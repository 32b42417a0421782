import fc from 'fast-check'
import { test } from 'tap'
import { type Attribute, type Claims, createMapping, type Identity, type MappingSettings, type Trace } from '../../src/mapping/index.ts'
import { settings } from './given.ts'

const name = fc.constantFrom('ab', 'aB', 'Ab', 'b', 'B', '/t/c', 'CN=a,OU=b', 'x y')
const names = fc.uniqueArray(name, { maxLength: 3 })
const provider = fc.constantFrom('corp', 'partner', 'not-known')
const memberships = fc.dictionary(name, names, { maxKeys: 2 })
const anyGrant = fc.record({
  when: fc.option(fc.record({ providers: fc.uniqueArray(fc.constantFrom('corp', 'partner'), { minLength: 1 }) }), { nil: undefined }),
  roles: names,
  attributes: fc.record({ flag: fc.boolean(), list: names }, { requiredKeys: [] }),
  organizations: memberships,
  projects: memberships
})
const separator = fc.constantFrom('none', 'comma', 'semicolon', 'space')

const anySettings = fc.record({
  claims: fc.record({ roles: fc.constantFrom('roles', '/nested/roles', undefined), groupsSeparator: separator, rolesSeparator: separator, groupsProperty: fc.constantFrom('name', '/name', undefined) }),
  groups: fc.record({ rename: fc.dictionary(name, fc.uniqueArray(name, { minLength: 1, maxLength: 2 })), filter: fc.constantFrom('[bB]', '^[^x]+$', undefined), allow: names, require: fc.uniqueArray(name, { maxLength: 1 }) }),
  roles: fc.record({ default: names, allow: fc.option(names, { nil: undefined }), mapping: fc.dictionary(name, anyGrant) }),
  organizations: fc.record({ default: fc.option(name, { nil: undefined }) })
}).map((given): MappingSettings => settings({ ...given, keepClaims: ['/nested/x', 'groups'], providers: ['corp', 'partner'].map((id) => ({ id, claims: {}, groups: {} })) }))

function claimsOf (groups: readonly string[], roles: readonly string[]): Claims {
  return { sub: 's', groups, roles, nested: { roles } }
}

function check<T> (property: fc.IProperty<T>): void {
  fc.assert(property, { numRuns: 1_000 })
}

/** Lists in an order of their own, so that only what they hold is compared. */
function sorted (value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted).sort()
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, sorted(inner)] as const).sort(([a], [b]) => a < b ? -1 : 1))
}

function turned<T> (record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).toReversed())
}

test('the order of groups, of claimed roles and of rules never matters', async (t) => {
  const isUnordered = fc.property(anySettings, names, names, provider, (given, groups, roles, at) => {
    const other = { ...given, groups: { ...given.groups, rename: turned(given.groups.rename) }, roles: { ...given.roles, mapping: turned(given.roles.mapping) } }
    const { identity, refusal } = createMapping(given)(claimsOf(groups, roles), at)
    const turnedRound = createMapping(other)(claimsOf(groups.toReversed(), roles.toReversed()), at)
    return JSON.stringify(sorted({ identity, refusal })) === JSON.stringify(sorted({ identity: turnedRound.identity, refusal: turnedRound.refusal }))
  })
  t.doesNotThrow(() => check(isUnordered))
})

type Held = Pick<Identity, 'groups' | 'roles' | 'organizations' | 'projects' | 'attributes'>

/** Everything somebody has, each as a text. */
function possessions ({ groups, roles, organizations, projects, attributes }: Held): Set<string> {
  const inEach = (kind: string, record: Readonly<Record<string, Attribute>>) => Object.entries(record).flatMap(([key, held]) => [`${kind} ${key}`, ...typeof held === 'boolean' ? [held && `${kind} ${key} on`] : held.map((each) => `${kind} ${key} ${each}`)])
  const all = [...groups.map((each) => `group ${each}`), ...roles.map((each) => `role ${each}`), ...inEach('organization', organizations), ...inEach('project', projects), ...inEach('attribute', attributes)]
  return new Set(all.filter((each) => each !== false))
}

test('one more group, or one more claimed role, never takes anything away', async (t) => {
  const onlyAdds = fc.property(anySettings, names, names, name, fc.boolean(), provider, (given, groups, roles, another, isRole, at) => {
    const mapping = createMapping(given)
    const before = mapping(claimsOf(groups, roles), at)
    const after = mapping(isRole ? claimsOf(groups, [another, ...roles]) : claimsOf([another, ...groups], roles), at)
    const isAdmitted = before.refusal !== undefined || after.refusal === undefined
    const kept = possessions(after.identity)
    return isAdmitted && [...possessions(before.identity)].every((each) => kept.has(each))
  })
  t.doesNotThrow(() => check(onlyAdds))
})

/** What somebody has according to the explanation alone. */
function replayed (trace: Trace): Set<string> {
  const all = trace.flatMap((entry) => {
    if (entry.what === 'absent' || entry.what === 'ignored' || entry.dropped !== undefined) return []
    const named = `${entry.what} ${entry.value}`
    switch (entry.what) {
      case 'group':
      case 'role': return [named]
      case 'attribute': return [named, ...typeof entry.granted === 'boolean' ? [entry.granted && `${named} on`] : entry.granted.map((each) => `${named} ${each}`)]
      default: return [named, ...entry.roles.map((each) => `${named} ${each}`)]
    }
  })
  return new Set(all.filter((each) => each !== false))
}

test('the explanation, replayed, gives the result, and each rule in it had a group or a claimed role', async (t) => {
  const explains = fc.property(anySettings, names, names, provider, (given, groups, roles, at) => {
    const { identity, trace } = createMapping(given)(claimsOf(groups, roles), at)
    const claimed = trace.flatMap((entry) => entry.what === 'role' && entry.by.kind === 'rolesClaim' && entry.dropped === undefined ? [entry.value] : [])
    const matched = trace.flatMap((entry) => 'by' in entry && entry.by.kind === 'mapping' ? [entry.by.matched] : [])
    const held = new Set([...identity.groups, ...claimed])
    return JSON.stringify([...replayed(trace)].sort()) === JSON.stringify([...possessions(identity)].sort()) && matched.every((each) => held.has(each))
  })
  t.doesNotThrow(() => check(explains))
})

test('at a provider that no `when` names, nobody has what `when` keeps for others', async (t) => {
  const isKept = fc.property(anySettings, names, names, (given, groups, roles) => {
    const entries = Object.values(given.roles.mapping)
    const kept = new Set(entries.flatMap((entry) => entry.when === undefined ? [] : entry.roles))
    const open = new Set([...given.roles.default, ...entries.flatMap((entry) => entry.when === undefined ? entry.roles : [])])
    return createMapping(given)(claimsOf(groups, roles), 'not-known').identity.roles.every((role) => !kept.has(role) || open.has(role))
  })
  t.doesNotThrow(() => check(isKept))
})

const anyText = fc.oneof(name, fc.string({ unit: 'binary' }), fc.constantFrom('', ',', ';;', '  ', 'CN=', '__proto__', 'a,b;c d'))
const anyValue = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, anyText, fc.constantFrom(null, true, 0, -1.5, Number.MAX_VALUE), fc.array(tie('value')), fc.dictionary(fc.oneof(anyText, fc.constantFrom('name', 'roles', 'x')), tie('value')))
})).value
const anyClaims = fc.dictionary(fc.constantFrom('sub', 'preferred_username', 'email', 'groups', 'roles', 'nested', '__proto__'), anyValue)

test('whatever the claims hold, the result is sound, the same each time, and survives the session', async (t) => {
  const isSound = fc.property(anySettings, anyClaims, provider, (given, claims, at) => {
    const mapping = createMapping(given)
    const text = JSON.stringify(mapping({ ...claims, sub: 's' }, at))
    return text === JSON.stringify(mapping(structuredClone({ ...claims, sub: 's' }), at)) && text === JSON.stringify(JSON.parse(text))
  })
  t.doesNotThrow(() => check(isSound))
})

test('claims are refused for one reason alone: they are nobody’s', async (t) => {
  const isRefused = fc.property(anySettings, anyClaims, provider, (given, claims, at) => {
    const sub = Object.hasOwn(claims, 'sub') ? claims['sub'] : undefined
    try {
      return createMapping(given)(claims as Claims, at).identity.sub === sub && sub !== ''
    } catch (error) {
      return (error as { code?: unknown }).code === 'provider_failed' && (typeof sub !== 'string' || sub === '')
    }
  })
  t.doesNotThrow(() => check(isRefused))
})
