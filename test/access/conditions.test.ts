import fc from 'fast-check'
import { test } from 'tap'
import { type Conditions, createAccess, type Decision, referencedClaims, type RuleSettings } from '../../src/access/index.ts'
import { type Asker } from '../../src/access/condition.ts'
import { compileRequirements } from '../../src/access/requirements.ts'
import { wordsFor } from '../../src/access/requirement-words.ts'
import { type Identity } from '../../src/mapping/index.ts'

function person (given: Partial<Identity> = {}): Identity {
  return { sub: 's-1', user: 'eve', provider: 'default', groups: [], roles: [], organizations: {}, projects: {}, attributes: {}, claims: {}, ...given }
}

function rule (given: Partial<RuleSettings>): RuleSettings {
  return { path: '/**', unauthenticated: 'auto', bearer: false, ...given }
}

function decide (require: Conditions, who: Partial<Identity>): Decision {
  const access = createAccess({ default: 'deny', rules: [rule({ require })] })
  return access.decide({ readings: ['/x'], method: 'GET', host: 'app.example.com', clientAddress: '192.0.2.1', hasEncodedDelimiter: false }, person(who))
}

const verified = (email: unknown, emailVerified: unknown = true): Partial<Identity> => ({ claims: { email, email_verified: emailVerified } })

/** What is demanded, who meets it, and who does not. */
const demands: ReadonlyArray<[Conditions, met: ReadonlyArray<Partial<Identity>>, unmet: ReadonlyArray<Partial<Identity>>]> = [
  [{ organizations: { a: ['admin', 'owner'] } }, [{ organizations: { a: ['x', 'owner'] } }], [{}, { organizations: { a: [] } }, { organizations: { a: ['Admin'] } }, { organizations: { b: ['admin'] } }, { organizations: { A: ['admin'] } }]],
  [{ organizations: { a: ['admin'], b: [] } }, [{ organizations: { b: [] } }, { organizations: { a: ['admin'] } }], [{ organizations: { a: ['x'] } }]],
  [{ projects: ['p'] }, [{ projects: { p: [] } }], [{}, { projects: { q: ['p'] } }, { organizations: { p: ['p'] } }]],
  [{ projects: { p: ['lead'] } }, [{ projects: { p: ['lead'] } }], [{ projects: { p: ['read'] } }, { projects: { q: ['lead'] } }, { roles: ['lead'], projects: { p: [] } }]],
  [{ projects: ['constructor', '__proto__'] }, [], [{}]],
  [{ attributes: { admin: true } }, [{ attributes: { admin: true } }], [{}, { attributes: { admin: false } }, { attributes: { admin: ['true'] } }, { attributes: { Admin: true } }]],
  [{ attributes: { api: ['read', 'all'] } }, [{ attributes: { api: ['all'] } }], [{}, { attributes: { api: true } }, { attributes: { api: [] } }, { attributes: { api: ['write'] } }]],
  [{ attributes: { api: ['read'], admin: true } }, [{ attributes: { api: ['read'], admin: true } }], [{ attributes: { api: ['read'] } }, { attributes: { admin: true } }]],
  [{ attributes: { toString: ['x'] } }, [], [{}]],
  [{ claims: { level: ['3', 'true', 'x'] } }, [{ claims: { level: 3 } }, { claims: { level: '3' } }, { claims: { level: true } }, { claims: { level: ['a', 'x'] } }], [{}, { claims: { level: 30 } }, { claims: { level: null } }, { claims: { level: [[3]] } }, { claims: { level: { 3: true } } }]],
  [{ claims: { team: { matches: 'eng-[0-9]+' } } }, [{ claims: { team: 'eng-7' } }, { claims: { team: ['hr', 'eng-12'] } }], [{}, { claims: { team: 'eng-7 or not' } }, { claims: { team: 'x eng-7' } }, { claims: { team: ['eng', '-7'] } }, { claims: { team: { x: 'eng-7' } } }]],
  [{ claims: { level: { matches: '[1-3]|true' } } }, [{ claims: { level: 2 } }, { claims: { level: true } }], [{ claims: { level: 23 } }, { claims: { level: false } }]],
  [{ claims: { '/org/unit': { matches: 'x.*' } } }, [{ claims: { '/org/unit': 'xy' } }], [{ claims: { org: { unit: 'xy' } } }]],
  [{ claims: { team: { matches: 'e+' } } }, [{ claims: { team: 'e'.repeat(500) } }], [{ claims: { team: 'e'.repeat(501) } }]],
  [{ emailDomains: ['example.com', 'b.example'] }, [verified('Eve@EXAMPLE.com'), verified('eve@b.example', 'true')], [
    {}, verified(undefined), verified('eve@example.com', false), verified('eve@example.com', 'false'), verified('eve@example.com', 1), { claims: { email: 'eve@example.com' } },
    verified('eve@sub.example.com'), verified('eve@xexample.com'), verified('eve@example.com.evil.test'), verified('eve@example.com.'), verified('eve@example.com@evil.test'), verified('"eve@evil.test"@example.com'), verified('eve@evil.test,eve@example.com'),
    verified('eve@evil.test <eve@example.com>'), verified(' eve@example.com'), verified('eve@example.com\n'), verified('@example.com'), verified('example.com'), verified('eve@'), verified(['eve@example.com']), verified('eve@ｅxample.com'),
    { email: 'eve@example.com', claims: { email_verified: true } }, verified(`${'e'.repeat(400)}@example.com`)
  ]],
  [{ all: [{ roles: ['a'] }, { groups: ['G'] }] }, [{ roles: ['a'], groups: ['g'] }], [{}, { roles: ['a'] }, { groups: ['g'] }]],
  [{ any: [{ roles: ['a'] }, { groups: ['g'], providers: ['default'] }] }, [{ roles: ['a'] }, { groups: ['g'] }], [{}, { groups: ['g'], provider: 'other' }]],
  [{ not: { roles: ['a'], groups: ['g'] } }, [{}, { roles: ['a'] }, { groups: ['g'] }], [{ roles: ['a'], groups: ['g'] }]],
  [{ roles: ['a'], any: [{ groups: ['g'] }, { not: { providers: ['default'] } }] }, [{ roles: ['a'], groups: ['g'] }, { roles: ['a'], provider: 'other' }], [{ roles: ['a'] }, { groups: ['g'] }]],
  [{ not: { not: { any: [{ roles: ['a'] }] } } }, [{ roles: ['a'] }], [{}]],
  [{ not: { claims: { guest: ['true'] } } }, [{}, { claims: { guest: false } }], [{ claims: { guest: true } }, { claims: { guest: 'true' } }]],
  [{ not: { claims: { team: { matches: 'guest.*' } } } }, [{}, { claims: { team: ['eng', 'x'.repeat(500)] } }], [{ claims: { team: 'guests' } }, { claims: { team: ['eng', `guest${'s'.repeat(500)}`] } }]],
  [{ not: { emailDomains: ['partner.example'] } }, [verified('eve@example.com')], [verified('eve@partner.example'), {}, verified('eve@example.com', false), verified('eve@partner.example.'), verified('eve@ｐartner.example')]],
  [{ not: { any: [{ emailDomains: ['partner.example'] }, { roles: ['a'] }] } }, [verified('eve@example.com')], [{}, { ...verified('eve@example.com'), roles: ['a'] }, { roles: ['a'] }]]
]

test('each kind of demand lets through who meets it, and nobody else', async (t) => {
  for (const [require, met, unmet] of demands) {
    for (const who of met) t.equal(decide(require, who).outcome, 'allow', `${JSON.stringify(require)} by ${JSON.stringify(who)}`)
    for (const who of unmet) t.equal(decide(require, who).outcome, 'deny', `${JSON.stringify(require)} by ${JSON.stringify(who)}`)
  }
})

/** In words that follow “This page”, for somebody who has nothing of it, or has what is forbidden. */
const words: ReadonlyArray<[Conditions, Partial<Identity>, missing: string, unmet?: Conditions]> = [
  [{ organizations: { a: ['admin'], b: [] } }, {}, 'needs (the role admin in the organization a or the organization b)'],
  [{ organizations: { a: ['admin', 'owner'] } }, {}, 'needs one of the roles admin, owner in the organization a'],
  [{ organizations: { a: [] } }, {}, 'needs the organization a'],
  [{ projects: ['p', 'q'] }, {}, 'needs one of the projects p, q'],
  [{ attributes: { admin: true, api: ['all'], team: ['a', 'b'] } }, { attributes: { team: ['a'] } }, 'needs the attribute admin and the attribute api to hold all', { attributes: { admin: true, api: ['all'] } }],
  [{ claims: { team: { matches: 'eng-.*' } } }, {}, 'needs the claim team to match eng-.*'],
  [{ emailDomains: ['a.example', 'b.example'] }, {}, 'needs a verified e-mail address at one of a.example, b.example'],
  [{ all: [{ roles: ['a'] }, { groups: ['g'] }, { roles: ['b'] }] }, { roles: ['b'] }, 'needs the role a and the group g', { all: [{ roles: ['a'] }, { groups: ['g'] }] }],
  [{ roles: ['r'], any: [{ roles: ['a'] }, { groups: ['g'], providers: ['p'] }] }, { roles: ['r'] }, 'needs (the role a or (the group g and a sign-in at the provider p))', { any: [{ roles: ['a'] }, { groups: ['g'], providers: ['p'] }] }],
  [{ any: [{ roles: ['a'] }, { groups: ['g'], providers: ['p'] }] }, { groups: ['G'] }, 'needs (the role a or a sign-in at the provider p)', { any: [{ roles: ['a'] }, { providers: ['p'] }] }],
  [{ not: { roles: ['guest'] } }, { roles: ['guest'] }, 'needs an account without the role guest'],
  [{ not: { groups: ['a', 'b'] } }, { groups: ['a'] }, 'needs an account without any of the groups a, b'],
  [{ not: { roles: ['a'], providers: ['default'] } }, { roles: ['a'] }, 'needs (an account without the role a or a sign-in elsewhere than at default)'],
  [{ not: { any: [{ roles: ['a'] }, { claims: { x: ['1', '2'] } }] } }, { roles: ['a'] }, 'needs (an account without the role a and the claim x not to be one of 1, 2)'],
  [{ not: { all: [{ emailDomains: ['a.example'] }, { attributes: { x: true, y: ['z'] } }] } }, {
    ...verified('e@a.example'), attributes: { x: true, y: ['z'] }
  }, 'needs (a verified e-mail address that is not at a.example or (an account without the attribute x or the attribute y not to hold z))'],
  [{ not: { organizations: { a: ['x'] } } }, { organizations: { a: ['x'] } }, 'needs an account without the role x in the organization a'],
  [{ not: { not: { roles: ['a'], groups: ['g'] } } }, {}, 'needs (the role a and the group g)'],
  [{ not: { claims: { x: { matches: 'y' } } } }, { claims: { x: 'y' } }, 'needs the claim x not to match y']
]

test('a refusal names what is missing, and only that, however it is put together', async (t) => {
  for (const [require, who, missing, unmet = require] of words) {
    t.strictSame(decide(require, who), { outcome: 'deny', rule: { index: 0, path: '/**' }, missing, unmet })
  }
})

test('a session keeps every claim that a rule refers to, however deep it stands', async (t) => {
  const require = { claims: { a: ['1'] }, all: [{ claims: { '/b/c': { matches: 'x' } } }, { any: [{ not: { claims: { d: ['1'], a: ['2'] } } }] }] }
  t.strictSame(referencedClaims([rule({ require }), rule({})]), ['a', '/b/c', 'd'])
  t.strictSame(referencedClaims([rule({ require: { not: { any: [{ emailDomains: ['example.com'] }] } } })]), ['email', 'email_verified'])
})

const name = fc.constantFrom('a', 'b', 'c')
const names = fc.uniqueArray(name, { minLength: 1, maxLength: 2 })
const memberships = fc.oneof(names, fc.dictionary(name, fc.uniqueArray(name, { maxLength: 2 }), { minKeys: 1, maxKeys: 2 }))

/** @param depth how many of `all`, `any` and `not` may stand in each other */
function conditionOf (depth: number): fc.Arbitrary<Conditions> {
  const kinds: fc.Arbitrary<Conditions> = fc.record({
    roles: names,
    groups: names,
    organizations: memberships,
    projects: memberships,
    attributes: fc.dictionary(name, fc.oneof(fc.constant<true>(true), names), { minKeys: 1, maxKeys: 2 }),
    providers: names,
    emailDomains: fc.constantFrom(['a.example'], ['b.example', 'c.example']),
    claims: fc.dictionary(name, fc.oneof(names, fc.record({ matches: fc.constantFrom('a|b', '.*', '[^a]') })), { minKeys: 1, maxKeys: 2 })
  }, { requiredKeys: [] }).filter((given) => Object.keys(given).length > 0)
  if (depth === 0) return kinds
  const inner = conditionOf(depth - 1)
  const several = fc.array(inner, { minLength: 1, maxLength: 2 })
  const combined = fc.oneof(fc.record({ all: several }), fc.record({ any: several }), fc.record({ not: inner }))
  return fc.oneof(kinds, combined, fc.tuple(kinds, combined).map(([one, other]) => ({ ...one, ...other })))
}

const condition = conditionOf(2)
const anyPerson = fc.record({
  roles: fc.uniqueArray(name),
  groups: fc.uniqueArray(name),
  provider: name,
  organizations: fc.dictionary(name, fc.uniqueArray(name)),
  projects: fc.dictionary(name, fc.uniqueArray(name)),
  attributes: fc.dictionary(name, fc.oneof(fc.boolean(), fc.uniqueArray(name))),
  claims: fc.record({ a: name, b: fc.array(name), email: fc.constantFrom('x@a.example', 'x@b.example', 'x@d.example', 'x'), email_verified: fc.boolean() }, { requiredKeys: [] })
}).map((given): Asker => ({ identity: person(given), captured: new Map() }))

const isMetBy = (require: Conditions, who: Asker): boolean => compileRequirements(require)(who) === undefined

test('not, all and any go together as logic has it (De Morgan), also about what is not certain', async (t) => {
  const law = fc.property(condition, condition, anyPerson, (x, y, who) => {
    const same = (one: Conditions, other: Conditions) => isMetBy(one, who) === isMetBy(other, who)
    return same({ not: { all: [x, y] } }, { any: [{ not: x }, { not: y }] }) &&
      same({ not: { any: [x, y] } }, { all: [{ not: x }, { not: y }] }) &&
      same({ not: { not: x } }, x) && same({ all: [x] }, { any: [x] }) &&
      !(isMetBy(x, who) && isMetBy({ not: x }, who))
  })
  t.doesNotThrow(() => fc.assert(law, { numRuns: 1_000 }))
})

test('what a refusal tells is what would have to be met, and has words for it', async (t) => {
  const isTold = fc.property(condition, anyPerson, (require, who) => {
    const unmet = compileRequirements(require)(who)
    return unmet === undefined || (!isMetBy(unmet, who) && /^needs \S/.test(wordsFor(unmet)))
  })
  t.doesNotThrow(() => fc.assert(isTold, { numRuns: 1_000 }))
})
