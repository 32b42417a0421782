import fc from 'fast-check'
import { test } from 'tap'
import { createAccess, referencedClaims, type AccessSettings, type Decision, type Requirements, type RuleSettings } from '../../src/access/index.ts'
import { caseFolded, policyForm } from '../../src/access/policy-form.ts'
import { compileRule } from '../../src/access/rule.ts'
import { createMapping, type Identity } from '../../src/mapping/index.ts'
import { canonicalPath } from '../../src/pipeline/canonical-path.ts'
import { type Authentication } from '../../src/step-up.ts'

type Person = Partial<Identity> | undefined

const stranger = undefined
const nobodySpecial: Person = {}

function person (given: Partial<Identity> = {}): Identity {
  return { sub: 's-1', user: 'eve', provider: 'default', groups: [], roles: [], organizations: {}, projects: {}, attributes: {}, claims: {}, ...given }
}

const plainGet = { method: 'GET', host: 'app.example.com', clientAddress: '192.0.2.1', hasEncodedDelimiter: false }

function rule (given: Partial<RuleSettings>): RuleSettings {
  return { path: '/**', unauthenticated: 'auto', bearer: false, ...given }
}

/** Goes the way that a request goes: the target is admitted, then decided on. */
function decide (settings: Partial<AccessSettings>, target: string, who: Person, method = 'GET'): Decision {
  const admitted = canonicalPath(target)
  if (!admitted.ok) throw new Error(`${target} is not admitted`)
  const access = createAccess({ default: 'authenticated', rules: [], ...settings })
  return access.decide({ ...plainGet, ...admitted, method }, who && person(who))
}

const outcome = (...given: Parameters<typeof decide>) => decide(...given).outcome

const example: AccessSettings = {
  default: 'authenticated',
  rules: [
    rule({ path: '/public/**', methods: ['GET', 'HEAD'], allow: 'anonymous' }),
    rule({ path: '/admin/**', require: { roles: ['admin'] } }),
    rule({ path: '/api/**', unauthenticated: '401' }),
    rule({ path: '/closed/**', deny: true })
  ]
}

test('a decision names its rule and says what is missing', async (t) => {
  const admin = { index: 1, path: '/admin/**' }
  t.strictSame(decide(example, '/public/logo.svg', stranger), { outcome: 'allow', anonymous: true, rule: { index: 0, path: '/public/**', methods: ['GET', 'HEAD'] } })
  t.strictSame(decide(example, '/admin/users', stranger), { outcome: 'sign_in', unauthenticated: 'auto', rule: admin })
  t.strictSame(decide(example, '/admin/users', nobodySpecial), { outcome: 'deny', rule: admin, missing: 'needs the role admin', unmet: { roles: ['admin'] } })
  t.strictSame(decide(example, '/admin/users', { roles: ['admin'] }), { outcome: 'allow', anonymous: false, rule: admin })
  t.strictSame(decide(example, '/api/x', stranger), { outcome: 'sign_in', unauthenticated: '401', rule: { index: 2, path: '/api/**' } })
  t.strictSame(decide(example, '/closed', { roles: ['admin'] }), { outcome: 'deny', rule: { index: 3, path: '/closed/**' }, missing: 'is open to nobody', unmet: {} })
  t.strictSame(decide(example, '/', nobodySpecial), { outcome: 'allow', anonymous: false, rule: { index: 'default', path: '/**' } })
})

test('what a rule demands of the sign-in itself comes last, and what is not known does not meet it', async (t) => {
  const stepUp = { acr: ['gold', 'platinum'], maxAge: 900_000 }
  const access = createAccess({ default: 'authenticated', rules: [rule({ path: '/a', require: { ...stepUp, roles: ['admin'] } }), rule({ path: '/b', require: { maxAge: 1000 } })] })
  const judge = (path: string, who: Person, authentication?: Authentication) => access.decide({ readings: [path], ...plainGet }, who && person(who), authentication)
  const admin = { roles: ['admin'] }
  t.strictSame(judge('/a', stranger), { outcome: 'sign_in', unauthenticated: 'auto', rule: { index: 0, path: '/a' }, stepUp })
  t.strictSame(judge('/a', admin), { outcome: 'step_up', unauthenticated: 'auto', rule: { index: 0, path: '/a' }, stepUp })
  t.equal(judge('/a', nobodySpecial, { acr: 'gold', age: 0 }).outcome, 'deny')
  for (const enough of [{ acr: 'gold', age: 900_000 }, { acr: 'platinum', age: 0 }]) t.equal(judge('/a', admin, enough).outcome, 'allow')
  for (const little of [{}, { acr: 'gold' }, { age: 0 }, { acr: 'Gold', age: 0 }, { acr: 'gold', age: 900_001 }, { acr: 'gold', age: NaN }]) t.equal(judge('/a', admin, little).outcome, 'step_up', JSON.stringify(little))
  t.equal(access.decide({ readings: ['/', '/b'], ...plainGet }, person()).outcome, 'step_up', 'where any reading demands it')
})

test('the first rule that matches decides', async (t) => {
  const rules = [rule({ path: '/a/b/**', deny: true }), rule({ path: '/a/**', allow: 'anonymous' }), rule({ path: '/a/c/**', deny: true })]
  t.equal(outcome({ rules }, '/a/b/x', stranger), 'deny')
  t.equal(outcome({ rules }, '/a/c/x', stranger), 'allow')
})

test('a bearer token counts where the rule of every reading says so', async (t) => {
  const access = createAccess({ default: 'authenticated', rules: [rule({ path: '/api/closed/**', deny: true }), rule({ path: '/api/**', methods: ['GET'], bearer: true })] })
  const allows = (readings: readonly string[], method = 'GET') => access.allowsBearer({ ...plainGet, readings, method })
  t.strictSame([allows(['/api/x']), allows(['/API/x']), allows(['/api/x', '/api/y']), allows(['/api/x'], 'HEAD')], [true, true, true, true])
  t.strictSame([allows(['/x']), allows(['/api/closed/x']), allows(['/api/x', '/x']), allows(['/api/x'], 'POST'), allows([])], [false, false, false, false, false])
})

const defaults: ReadonlyArray<[AccessSettings['default'], Person, Decision['outcome']]> = [
  ['authenticated', stranger, 'sign_in'],
  ['authenticated', nobodySpecial, 'allow'],
  ['anonymous', stranger, 'allow'],
  ['deny', stranger, 'deny'],
  ['deny', { roles: ['admin'] }, 'deny']
]

test('the default holds where no rule matches', async (t) => {
  for (const [fallback, who, expected] of defaults) t.equal(outcome({ default: fallback }, '/x', who), expected, `${fallback}, ${who ? 'signed in' : 'stranger'}`)
})

// One row that lets somebody through and one that does not, for everything a rule can say (CVE-2021-21411).
const demands: ReadonlyArray<[string, Partial<RuleSettings>, Person, Decision['outcome']]> = [
  ['no demand: a sign-in', {}, stranger, 'sign_in'],
  ['no demand: a sign-in', {}, nobodySpecial, 'allow'],
  ['allow anonymous', { allow: 'anonymous' }, stranger, 'allow'],
  ['allow authenticated', { allow: 'authenticated' }, stranger, 'sign_in'],
  ['allow authenticated', { allow: 'authenticated' }, nobodySpecial, 'allow'],
  ['deny', { deny: true }, stranger, 'deny'],
  ['deny', { deny: true }, { roles: ['admin'] }, 'deny'],
  ['an empty requirement: a sign-in', { require: {} }, stranger, 'sign_in'],
  ['an empty requirement: a sign-in', { require: {} }, nobodySpecial, 'allow'],
  ['roles', { require: { roles: ['a', 'b'] } }, stranger, 'sign_in'],
  ['roles', { require: { roles: ['a', 'b'] } }, { roles: ['c'] }, 'deny'],
  ['roles', { require: { roles: ['a', 'b'] } }, { roles: ['c', 'b'] }, 'allow'],
  ['roles, in exactly that case', { require: { roles: ['a'] } }, { roles: ['A'] }, 'deny'],
  ['groups', { require: { groups: ['Finance', 'x'] } }, { groups: ['sales'] }, 'deny'],
  ['groups, in any case', { require: { groups: ['Finance', 'x'] } }, { groups: ['sales', 'fINANCE'] }, 'allow'],
  ['a group that merely contains the name', { require: { groups: ['admin'] } }, { groups: ['a,admin', 'CN=admin,OU=x', 'admin '] }, 'deny'],
  ['organizations', { require: { organizations: ['org-1'] } }, { organizations: { 'org-2': ['owner'] } }, 'deny'],
  ['organizations', { require: { organizations: ['org-1', 'org-2'] } }, { organizations: { 'org-2': ['owner'] } }, 'allow'],
  ['organizations, without a role in it', { require: { organizations: ['org-1'] } }, { organizations: { 'org-1': [] } }, 'allow'],
  ['providers', { require: { providers: ['corp', 'Default'] } }, nobodySpecial, 'deny'],
  ['providers', { require: { providers: ['corp', 'default'] } }, nobodySpecial, 'allow'],
  ['a provider and a role', { require: { providers: ['corp'], roles: ['admin'] } }, { provider: 'corp' }, 'deny'],
  ['a provider and a role', { require: { providers: ['corp'], roles: ['admin'] } }, { provider: 'corp', roles: ['admin'] }, 'allow'],
  ['an organization named like a member of every object', { require: { organizations: ['constructor'] } }, nobodySpecial, 'deny'],
  ['claims', { require: { claims: { department: ['eng', 'ops'] } } }, { claims: { department: 'sales' } }, 'deny'],
  ['claims', { require: { claims: { department: ['eng', 'ops'] } } }, { claims: { department: 'ops' } }, 'allow'],
  ['claims, in exactly that case', { require: { claims: { department: ['eng'] } } }, { claims: { department: 'Eng' } }, 'deny'],
  ['a claim that is absent', { require: { claims: { department: ['undefined', ''] } } }, nobodySpecial, 'deny'],
  ['a claim named like a member of every object', { require: { claims: { toString: ['x'] } } }, nobodySpecial, 'deny'],
  ['a claim that only a prototype has', { require: { claims: { department: ['eng'] } } }, { claims: Object.create({ department: 'eng' }) }, 'deny'],
  ['a claim with a list', { require: { claims: { department: ['eng'] } } }, { claims: { department: ['hr', 'eng'] } }, 'allow'],
  ['a claim with a list', { require: { claims: { department: ['eng'] } } }, { claims: { department: ['hr'] } }, 'deny'],
  ['a claim with a number', { require: { claims: { level: ['3'] } } }, { claims: { level: 3 } }, 'allow'],
  ['a claim with a number', { require: { claims: { level: ['3'] } } }, { claims: { level: 30 } }, 'deny'],
  ['a claim with a flag', { require: { claims: { email_verified: ['true'] } } }, { claims: { email_verified: true } }, 'allow'],
  ['a claim with a flag', { require: { claims: { email_verified: ['true'] } } }, { claims: { email_verified: false } }, 'deny'],
  ['a claim with an object', { require: { claims: { address: ['[object Object]', 'null'] } } }, { claims: { address: [{}, null] } }, 'deny'],
  ['a claim by pointer', { require: { claims: { '/org/unit': ['x'] } } }, { claims: { '/org/unit': 'x' } }, 'allow'],
  ['every claim', { require: { claims: { a: ['1'], b: ['2'] } } }, { claims: { a: '1' } }, 'deny'],
  ['every claim', { require: { claims: { a: ['1'], b: ['2'] } } }, { claims: { a: '1', b: '2' } }, 'allow'],
  ['every kind', { require: { roles: ['a'], groups: ['g'] } }, { roles: ['a'] }, 'deny'],
  ['every kind', { require: { roles: ['a'], groups: ['g'] } }, { groups: ['g'] }, 'deny'],
  ['every kind', { require: { roles: ['a'], groups: ['g'] } }, { roles: ['a'], groups: ['g'] }, 'allow']
]

test('a rule lets through whoever meets its demand, and nobody else', async (t) => {
  for (const [demand, given, who, expected] of demands) t.equal(outcome({ default: 'deny', rules: [rule(given)] }, '/x', who), expected, `${demand}: ${JSON.stringify(who)}`)
})

const paths: ReadonlyArray<[string, readonly string[], readonly string[]]> = [
  ['/**', ['/', '/a', '/a/b/'], []],
  ['/admin', ['/admin'], ['/admins', '/admin/x', '/', '/a/admin']],
  ['/admin/**', ['/admin', '/admin/', '/admin/x', '/admin/x/y/', '/%61dmin/x'], ['/administrator', '/a/admin', '/']],
  ['/*', ['/', '/a'], ['/a/b']],
  ['/a/*/c', ['/a/b/c'], ['/a/c', '/a/b/b/c']],
  ['/*.js', ['/app.js', '/.js'], ['/app.jsx', '/js/app.js']],
  ['/a*b*c', ['/abc', '/a1b2b3c'], ['/acb', '/ac', '/ab/c']],
  ['/ab*ba', ['/abba', '/abxba'], ['/aba', '/xxba', '/abxx']],
  ['/a*b*b', ['/abb', '/abxb'], ['/ab', '/a']],
  ['/*a*a*', ['/aa', '/xaxax'], ['/a', '/xax']],
  ['/**/x', ['/x', '/a/x', '/a/b/x', '/x/x'], ['/x/y', '/ax']],
  ['/a/**/b/*/c', ['/a/b/1/c', '/a/x/b/b/b/1/c', '/a/b/1/b/2/c'], ['/a/b/c', '/a/b/1/2/c']],
  ['/**/a/**/b/**', ['/a/b', '/1/a/2/b/3', '/a/a/b'], ['/b/a', '/a', '/1/b/2/a/3']],
  ['/*/x/**', ['/a/x', '/a/x/y'], ['/x', '/a/y/x']],
  ['/a**b', ['/ab', '/axb'], ['/a/b']],
  ['/a.c', ['/a.c'], ['/abc']],
  ['/a+(b)|$', ['/a+(b)|$'], ['/aab', '/ab']],
  ['/café/**', ['/caf%C3%A9/x', '/caf%c3%a9'], ['/caf%E9/x', '/cafe/x', '/caf%25C3%25A9/x']],
  ['/caf%c3%a9', ['/caf%C3%A9'], ['/caf%E9']],
  ['/caf%E9/*', ['/caf%e9/x'], ['/caf%C3%A9/x']],
  ['/my docs/**', ['/my%20docs/x'], ['/my+docs/x']],
  ['/%61', ['/a'], ['/%2561']],
  ['/\ud800', ['/%EF%BF%BD'], ['/']],
  ['/100%/**', ['/100%25/x'], ['/100/x']],
  ['/a%2Ab', ['/a*b', '/a%2ab'], ['/axb']]
]

test('a path glob covers what it says, whether it opens or protects', async (t) => {
  for (const [path, covered, others] of paths) {
    for (const target of covered) {
      t.equal(outcome({ rules: [rule({ path, allow: 'anonymous' })] }, target, stranger), 'allow', `${path} opens ${target}`)
      t.equal(outcome({ rules: [rule({ path, deny: true })] }, target, stranger), 'deny', `${path} closes ${target}`)
    }
    for (const target of others) {
      t.not(outcome({ rules: [rule({ path, allow: 'anonymous' })] }, target, stranger), 'allow', `${path} does not open ${target}`)
    }
  }
})

// What protects is lenient (CVE-2026-27587, CVE-2026-48794), what opens is exact.
const lookalikes: ReadonlyArray<[string, string]> = [
  ['/admin', '/ADMIN'],
  ['/Admin/**', '/aDMIN/x'],
  ['/admin', '/admin/'],
  ['/admin/', '/admin'],
  ['/*/admin', '/a/ADMIN/'],
  ['/café/**', '/CAF%C3%89/x'],
  ['/café/**', '/cafe%CC%81/x'],
  ['/admin', '/admin;x'],
  ['/admin/**', '/admin;x/y'],
  ['/admin/**', '/admin%23/x'],
  ['/admin/**', '/admin%3fx'],
  ['/admin/**', '/%2561dmin/x'],
  ['/a/admin', '/a//admin'],
  ['/a/admin', '/a/;x/admin']
]

test('what protects a path protects its lookalikes, and what opens it does not open them', async (t) => {
  for (const [path, target] of lookalikes) {
    t.equal(outcome({ default: 'anonymous', rules: [rule({ path, require: { roles: ['admin'] } })] }, target, nobodySpecial), 'deny', `${path} protects ${target}`)
    t.not(outcome({ rules: [rule({ path, allow: 'anonymous' })] }, target, stranger), 'allow', `${path} does not open ${target}`)
  }
})

test('where a path can be read in several ways, the strictest answer holds', async (t) => {
  const rules = [rule({ path: '/a/b', allow: 'anonymous' }), rule({ path: '/a//b', deny: true }), rule({ path: '/c', require: { roles: ['r'] } }), rule({ path: '/c;x', allow: 'anonymous' }), rule({ path: '/d', deny: true })]
  t.equal(outcome({ rules }, '/a//b', stranger), 'deny')
  t.equal(outcome({ rules }, '/c;x', stranger), 'sign_in')
  t.equal(outcome({ rules }, '/d;x', stranger), 'deny')
  t.equal(outcome({ rules }, '/c;x', nobodySpecial), 'deny')
  t.strictSame(decide({ rules }, '/c;x', { roles: ['r'] }), { outcome: 'allow', anonymous: false, rule: { index: 2, path: '/c' } })
})

test('an encoded delimiter is ambiguous where everybody would be let through, and only there', async (t) => {
  // CVE-2026-41059: /foo/secret%23/bar was public, and the application served /foo/secret.
  t.strictSame(decide(example, '/public/secret%23/x', stranger), { outcome: 'ambiguous', rule: { index: 0, path: '/public/**', methods: ['GET', 'HEAD'] } })
  t.equal(outcome(example, '/public/a%3Fb', { roles: ['admin'] }), 'ambiguous')
  t.equal(outcome(example, '/languages/c%23', nobodySpecial), 'allow')
  t.equal(outcome(example, '/languages/c%23', stranger), 'sign_in')
  t.equal(outcome(example, '/public/a?b=%23', stranger), 'allow')
})

test('without any reading nobody is let through', async (t) => {
  const access = createAccess({ default: 'anonymous', rules: [] })
  t.equal(access.decide({ readings: [], ...plainGet }, person()).outcome, 'deny')
})

test('the query is no part of a decision', async (t) => {
  const rules = [rule({ path: '/api/*/status', allow: 'anonymous' })]
  t.equal(outcome({ rules }, '/api/private/x?p=/status', stranger), 'sign_in', 'CVE-2025-54576')
  t.equal(outcome({ rules }, '/api/x/status?y', stranger), 'allow')
})

test('a rule is for its methods, and for HEAD where it is for GET', async (t) => {
  const opens = [rule({ methods: ['GET', 'OPTIONS'], allow: 'anonymous' })]
  const closes = [rule({ methods: ['GET'], deny: true })]
  const methods = ['GET', 'HEAD', 'OPTIONS', 'POST', 'get']
  t.strictSame(methods.map((method) => outcome({ rules: opens }, '/x', stranger, method)), ['allow', 'allow', 'allow', 'sign_in', 'sign_in'])
  t.strictSame(methods.map((method) => outcome({ rules: closes }, '/x', nobodySpecial, method)), ['deny', 'deny', 'allow', 'allow', 'allow'])
  t.equal(outcome({ rules: [rule({ methods: ['HEAD'], deny: true })] }, '/x', nobodySpecial), 'allow')
  t.equal(outcome({ rules: [rule({ methods: ['POST'], deny: true })] }, '/x', nobodySpecial, 'HEAD'), 'allow')
})

test('a request without a session is answered as its rule says', async (t) => {
  for (const unauthenticated of ['auto', 'redirect', '401'] as const) {
    t.match(decide({ rules: [rule({ unauthenticated })] }, '/x', stranger), { outcome: 'sign_in', unauthenticated })
  }
})

const words: ReadonlyArray<[Requirements, string]> = [
  [{ roles: ['admin'] }, 'needs the role admin'],
  [{ roles: ['admin', 'ops'] }, 'needs one of the roles admin, ops'],
  [{ providers: ['corp'] }, 'needs a sign-in at the provider corp'],
  [{ groups: ['finance'], providers: ['corp', 'partner'] }, 'needs the group finance and a sign-in at one of the providers corp, partner'],
  [{ groups: ['finance'], organizations: ['org-1', 'org-2'] }, 'needs the group finance and one of the organizations org-1, org-2'],
  [{ claims: { department: ['eng'], level: ['1', '2'] } }, 'needs the claim department to be eng and the claim level to be one of 1, 2']
]

test('a refusal says what is missing, and only that', async (t) => {
  for (const [require, missing] of words) {
    t.match(decide({ rules: [rule({ require })] }, '/x', nobodySpecial), { missing, unmet: require })
  }
  const require = { roles: ['a'], groups: ['g'], claims: { x: ['1'], y: ['2'] } }
  const decision = decide({ rules: [rule({ require })] }, '/x', { roles: ['a'], claims: { x: '1' } })
  t.match(decision, { missing: 'needs the group g and the claim y to be 2' })
  t.strictSame(decision.outcome === 'deny' && decision.unmet, { groups: ['g'], claims: { y: ['2'] } })
})

test('the claims that rules refer to are listed once each', async (t) => {
  const rules = [rule({ require: { claims: { a: ['1'], '/b/c': ['2'] } } }), rule({}), rule({ require: { claims: { a: ['3'] } } })]
  t.strictSame(referencedClaims(rules), ['a', '/b/c'])
})

test('a very long path is decided in time proportional to its length', async (t) => {
  const hostile = ['/**/a/**/a/**/a/**/b', '/**/a/a/a/a/b', '/a*a*a*a*b/**/x', '/*a*a*a*a*b']
  const access = createAccess({ default: 'authenticated', rules: hostile.map((path) => rule({ path, deny: true })) })
  for (const path of ['/a'.repeat(50_000), `/${'a'.repeat(100_000)}`, '/'.repeat(100_000)]) {
    t.equal(access.decide({ readings: [path], ...plainGet }, person()).outcome, 'allow')
  }
})

const name = fc.constantFrom('a', 'A', 'b', 'c', 'd')
const names = fc.uniqueArray(name, { minLength: 1, maxLength: 2 })
const anyRule = fc.record({ path: fc.constantFrom('/**', '/x/**', '/y'), allow: fc.option(fc.constantFrom('anonymous', 'authenticated'), { nil: undefined }), require: fc.option(fc.record({ roles: names, groups: names, organizations: names }, { requiredKeys: [] }), { nil: undefined }), unauthenticated: fc.constant('auto'), bearer: fc.boolean() })
const anyGrant = fc.record({ roles: names, organizations: fc.dictionary(name, names), attributes: fc.constant({}), projects: fc.constant({}) })

test('another group never takes an access away', async (t) => {
  const neverLoses = fc.property(fc.array(anyRule), fc.dictionary(name, anyGrant), fc.option(fc.constantFrom('[a-c]', '[^b]'), { nil: undefined }), fc.array(name), name, (rules, mapping, filter, groups, another) => {
    const mapped = createMapping({
      claims: { user: 'sub', email: 'email', name: 'name', firstName: 'f', lastName: 'l', groups: 'groups', groupsSeparator: 'none', rolesSeparator: 'none', requireEmail: false },
      groups: { rename: { A: ['c', 'd'] }, filter, allow: [], require: [] },
      roles: { default: [], mapping },
      organizations: {},
      keepClaims: []
    })
    const access = createAccess({ default: 'deny', rules })
    const outcomeWith = (held: string[]) => access.decide({ readings: ['/x/1'], ...plainGet }, mapped({ sub: 's', groups: held }, 'p').identity).outcome
    return outcomeWith(groups) !== 'allow' || outcomeWith([...groups, another]) === 'allow'
  })
  t.doesNotThrow(() => fc.assert(neverLoses, { numRuns: 2_000 }))
})

const anySegment = fc.constantFrom('a', 'A', 'b', '%61', 'a*', '**', '*', 'caf%C3%A9', 'CAFÉ', '%2F', '%25', '%2A', 'a;x', '')
const anyPath = fc.array(anySegment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`)
const indexedRule = fc.record({ path: anyPath, allow: fc.option(fc.constant('anonymous' as const), { nil: undefined }), methods: fc.option(fc.constant(['POST']), { nil: undefined }), unauthenticated: fc.constant('auto' as const), bearer: fc.constant(false) })

test('with many rules the same one decides as by trying each in turn', async (t) => {
  const isTheSame = fc.property(fc.array(indexedRule, { maxLength: 8 }), anyPath, (rules, target) => {
    const access = createAccess({ default: 'deny', rules })
    return [target, policyForm(target)].every((path) => {
      const reading = { path, folded: caseFolded(path) }
      const first = rules.findIndex((settings, index) => compileRule(settings, index).covers(reading, plainGet))
      return access.decide({ readings: [path], ...plainGet }, undefined).rule.index === (first === -1 ? 'default' : first)
    })
  })
  t.doesNotThrow(() => fc.assert(isTheSame, { numRuns: 20_000 }))
})
