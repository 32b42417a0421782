import fc from 'fast-check'
import { test } from 'tap'
import { type AccessRequest, createAccess, type Decision, type RuleSettings } from '../../src/access/index.ts'
import { caseFolded, policyForm } from '../../src/access/policy-form.ts'
import { compileRule, type Rule } from '../../src/access/rule.ts'
import { createRuleIndex } from '../../src/access/rule-index.ts'
import { type Identity } from '../../src/mapping/index.ts'
import { canonicalPath } from '../../src/pipeline/canonical-path.ts'

const somebody: Identity = { sub: 's-1', user: 'eve', provider: 'default', groups: [], roles: [], organizations: {}, projects: {}, attributes: {}, claims: {} }

function rule (given: Partial<RuleSettings>): RuleSettings {
  return { path: '/**', unauthenticated: 'auto', bearer: false, ...given }
}

const plainGet: Omit<AccessRequest, 'readings'> = { method: 'GET', host: 'app.example.com', clientAddress: '192.0.2.1', hasEncodedDelimiter: false }

/** Goes the way that a request goes: the target is admitted, then decided on. */
function decide (rules: readonly RuleSettings[], target: string, who: Partial<Identity> | undefined, circumstances: Partial<AccessRequest> = {}): Decision {
  const admitted = canonicalPath(target)
  if (!admitted.ok) throw new Error(`${target} is not admitted`)
  return createAccess({ default: 'authenticated', rules }).decide({ ...plainGet, ...admitted, ...circumstances }, who && { ...somebody, ...who })
}

const outcome = (...given: Parameters<typeof decide>) => decide(...given).outcome

test('a rule is for its hosts, and the first that is for a request decides, whether it names a host or not', async (t) => {
  const rules = [rule({ path: '/a', hosts: ['one.example', 'two.example'], deny: true }), rule({ path: '/a', allow: 'anonymous' }), rule({ path: '/**', hosts: ['one.example'], allow: 'anonymous' }), rule({ path: '/b', deny: true })]
  const at = (host: string, path: string) => decide(rules, path, undefined, { host }).rule.index
  t.strictSame(['one.example', 'two.example', 'three.example'].map((host) => [at(host, '/a'), at(host, '/b'), at(host, '/c')]), [[0, 2, 2], [0, 3, 'default'], [1, 3, 'default']])
  t.strictSame(decide(rules, '/a', undefined, { host: 'two.example' }).rule, { index: 0, path: '/a', hosts: ['one.example', 'two.example'] })
})

test('a rule is for its client addresses, and one that is not known is refused there', async (t) => {
  const ranges = ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7/32']
  const rules = [rule({ path: '/in/**', clientAddresses: ranges, allow: 'anonymous' }), rule({ path: '/in/**', deny: true }), rule({ path: '/out/**', clientAddresses: ranges, deny: true })]
  for (const clientAddress of ['10.1.2.3', '2001:db8:1::2', '192.0.2.7']) {
    t.equal(outcome(rules, '/in/x', undefined, { clientAddress }), 'allow', clientAddress)
    t.equal(outcome(rules, '/out/x', {}, { clientAddress }), 'deny', clientAddress)
  }
  for (const clientAddress of ['11.0.0.1', '192.0.2.8', '2001:db9::1', '::ffff:a01:203', '::1']) {
    t.equal(outcome(rules, '/in/x', undefined, { clientAddress }), 'deny', clientAddress)
    t.equal(outcome(rules, '/out/x', {}, { clientAddress }), 'allow', clientAddress)
  }
  const unknown = { outcome: 'deny', missing: 'needs a client address that is known', unmet: {} }
  t.strictSame(decide(rules, '/in/x', undefined, { clientAddress: '' }), { ...unknown, rule: { index: 0, path: '/in/**', clientAddresses: ranges } })
  t.strictSame(decide(rules, '/out/x', {}, { clientAddress: '' }), { ...unknown, rule: { index: 2, path: '/out/**', clientAddresses: ranges } })
  t.equal(outcome(rules, '/else', {}, { clientAddress: '' }), 'allow', 'elsewhere the address does not matter')
})

test('a bearer token counts where the rule for this host and address says so', async (t) => {
  const access = createAccess({ default: 'authenticated', rules: [rule({ path: '/api/**', hosts: ['api.example'], clientAddresses: ['10.0.0.0/8'], bearer: true })] })
  const allows = (given: Partial<AccessRequest>) => access.allowsBearer({ ...plainGet, readings: ['/api/x'], ...given })
  t.strictSame([allows({ host: 'api.example', clientAddress: '10.0.0.1' }), allows({ host: 'api.example' }), allows({ clientAddress: '10.0.0.1' })], [true, false, false])
})

const ofAddress = [rule({ path: '/orgs/{organization}/**', require: { organizations: ['{organization}'] } })]
const member: Partial<Identity> = { organizations: { acme: [], 'Acme Inc': [], café: [], '100%': [], '50%41': [], 'a+b': [], '{organization}': [] } }

test('an organization in the path is open to its members, spelt as it is called', async (t) => {
  for (const target of ['/orgs/acme/x', '/orgs/acme', '/orgs/acme/', '/ORGS/acme/x', '/orgs/%61cme/x', '/orgs/Acme%20Inc/x', '/orgs/caf%C3%A9', '/orgs/caf%c3%a9/x', '/orgs/100%25/x', '/orgs/a+b']) {
    t.equal(outcome(ofAddress, target, member), 'allow', target)
  }
  const missing = 'needs the organization that the address names'
  for (const target of [
    '/orgs/other/x', '/orgs/ACME/x', '/orgs/Acme/x', '/orgs/acme%20/x', '/orgs/acme;x/y', '/orgs/;acme/y', '/orgs/%2561cme/x', '/orgs/acme%2500/x', '/orgs/acmes', '/orgs/acm',
    '/orgs/cafe%CC%81/x', '/orgs/caf%E9/x', '/orgs/Acme+Inc/x', '/orgs/50A/x', '/orgs/50%2541/x', '/orgs//other/x', '/orgs/*/x', '/orgs/constructor/x', '/orgs/__proto__', '/orgs/acme%23/x', '/orgs/acme%3F', '/orgs/acme,other'
  ]) {
    t.match(decide(ofAddress, target, member), { outcome: 'deny', missing, unmet: { organizations: ['{organization}'] } }, target)
  }
  t.equal(outcome(ofAddress, '/orgs/acme', undefined), 'sign_in')
  for (const target of ['/orgs', '/orgs/']) t.equal(outcome(ofAddress, target, {}), 'allow', `${target} is for another rule`)
})

test('a role in the organization or project of the path can be demanded, beside fixed ones', async (t) => {
  const rules = [
    rule({ path: '/{organization}/*/{project}', require: { organizations: { '{organization}': ['admin'], root: [] }, projects: { '{project}': ['lead', 'owner'] } } }),
    rule({ path: '/{project}/x', require: { any: [{ roles: ['admin'] }, { projects: ['{project}'] }] } })
  ]
  const lead = { projects: { p: ['lead'] } }
  t.equal(outcome(rules, '/a/x/p', { ...lead, organizations: { a: ['admin'] } }), 'allow')
  t.equal(outcome(rules, '/b/x/p', { ...lead, organizations: { root: [] } }), 'allow')
  t.equal(outcome(rules, '/a/x/q', { ...lead, organizations: { a: ['admin'] } }), 'deny')
  t.match(decide(rules, '/a/x/p', { ...lead, organizations: { a: ['member'], b: ['admin'] } }), { outcome: 'deny', missing: 'needs (the role admin in the organization that the address names or the organization root)' })
  t.match(decide(rules, '/a/x/p', { organizations: { root: [] } }), { missing: 'needs one of the roles lead, owner in the project that the address names' })
  t.strictSame([{}, lead, { roles: ['admin'] }].map((who) => outcome(rules, '/p/x', who)), ['deny', 'allow', 'allow'])
})

test('below not, an organization of the path is met by nobody', async (t) => {
  const rules = [rule({ path: '/orgs/{organization}', require: { not: { organizations: ['{organization}'] } } })]
  for (const who of [{}, member]) for (const target of ['/orgs/acme', '/orgs/ACME', '/orgs/caf%E9']) t.equal(outcome(rules, target, who), 'deny')
})

const anySegment = fc.constantFrom('a', 'A', 'b', '%61', 'a*', '**', '*', '{organization}', '{project}', 'caf%C3%A9', 'CAFÉ', '%2F', '%25', '%7Bproject%7D', 'a;x', '')
const anyPath = fc.array(anySegment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`)
const host = fc.constantFrom('a.example', 'b.example', 'c.example')
const address = fc.constantFrom('10.0.0.1', '10.1.0.1', '2001:db8::1', '')
const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined })
const anyRule = fc.record({
  path: anyPath,
  allow: optional(fc.constant('anonymous' as const)),
  methods: optional(fc.constant(['POST'])),
  hosts: optional(fc.uniqueArray(host, { minLength: 1 })),
  clientAddresses: optional(fc.constantFrom(['10.0.0.0/8'], ['10.0.0.0/16', '2001:db8::/32'])),
  unauthenticated: fc.constant('auto' as const),
  bearer: fc.constant(false)
})

test('with many rules the same one decides as by trying each in turn, for every host and address', async (t) => {
  const isTheSame = fc.property(fc.array(anyRule, { maxLength: 8 }), anyPath, host, address, (rules, target, host, clientAddress) => {
    const access = createAccess({ default: 'deny', rules })
    const circumstances = { ...plainGet, host, clientAddress }
    return [target, policyForm(target)].every((path) => {
      const reading = { path, folded: caseFolded(path) }
      const first = rules.findIndex((settings, index) => compileRule(settings, index).covers(reading, circumstances))
      return access.decide({ ...circumstances, readings: [path] }, undefined).rule.index === (first === -1 ? 'default' : first)
    })
  })
  t.doesNotThrow(() => fc.assert(isTheSame, { numRuns: 5_000 }))
})

test('a wildcard at the end protects what is above it, since an application may add the slash', async (t) => {
  const rules = [rule({ path: '/a/*', deny: true }), rule({ path: '/*/b/*', deny: true })]
  t.strictSame(['/a', '/a/', '/a/x', '/c/b', '/c/b/', '/c/b/x', '/c', '/c/b/x/y', '/'].map((target) => outcome(rules, target, {})), ['deny', 'deny', 'deny', 'deny', 'deny', 'deny', 'allow', 'allow', 'allow'])
})

/** Finds by the index, and counts how many rules it asks. */
function counting (rules: readonly RuleSettings[]) {
  let asked = 0
  const find = createRuleIndex(rules.map((settings, index) => {
    const compiled = compileRule(settings, index)
    const counted: Rule = { ...compiled, covers: (...given) => { asked++; return compiled.covers(...given) } }
    return { glob: settings.path, hosts: settings.hosts, rule: counted }
  }))
  return (path: string, circumstances: Partial<AccessRequest> = {}) => {
    asked = 0
    const found = find({ path, folded: caseFolded(path) }, { ...plainGet, ...circumstances })
    return [found === undefined ? undefined : found.judge({ path, folded: path }, plainGet, undefined).rule.index, asked]
  }
}

const thousand = Array.from({ length: 1_000 }, (_, index) => index)

test('of a thousand rules those are asked that may be for the request, and no others', async (t) => {
  const byPath = counting(thousand.map((index) => rule({ path: `/apps/${index}/**` })))
  t.strictSame([byPath('/apps/999/x'), byPath('/apps/0'), byPath('/apps/1000/x'), byPath('/')], [[999, 1], [0, 1], [undefined, 0], [undefined, 0]])

  const byHost = counting(thousand.map((index) => rule({ hosts: [`host-${index}.example`] })))
  t.strictSame([byHost('/x', { host: 'host-999.example' }), byHost('/x')], [[999, 1], [undefined, 0]])

  const behindPlaceholder = counting(thousand.map((index) => rule({ path: `/orgs/{organization}/area-${index}/*/x` })))
  t.strictSame([behindPlaceholder('/orgs/acme/area-999/1/x'), behindPlaceholder('/orgs/acme/1000'), behindPlaceholder('/orgs')], [[999, 1], [undefined, 0], [undefined, 0]])

  const mixed = counting(thousand.flatMap((index) => [rule({ path: `/a/${index}`, hosts: ['app.example.com'] }), rule({ path: `/a/${index}` })]))
  t.strictSame(mixed('/a/7'), [14, 1], 'a later one is not even asked')
})

test('no other spelling of a letter, nor a stray byte or an accent behind it, leads around a rule with a wildcard', async (t) => {
  const ways: Array<[path: string, targets: string[]]> = [
    ['/admin*', ['/admin%CC%81', '/ADMIN%CC%81', '/adm%C4%B1nx']],
    ['/café*', ['/caf%C3%A9%FF', '/CAF%C3%89%FF', '/cafe%CC%81%FF', '/caf%C3%A9%CC%A7', '/caf%C3%A9%CC%81']],
    ['/*é', ['/%FF%C3%A9', '/%C3%C3%A9', '/%E2%82%C3%89']],
    ['/ΟΔΟΣ*', ['/%CE%9F%CE%94%CE%9F%CE%A3%CE%91', '/%CE%BF%CE%B4%CE%BF%CF%82', '/%CE%BF%CE%B4%CE%BF%CF%83']],
    ['/straße/**', ['/STRASSE/x', '/stra%E1%BA%9Ee/x']]
  ]
  for (const [path, targets] of ways) t.strictSame(targets.map((target) => outcome([rule({ path, deny: true })], target, {})), targets.map(() => 'deny'), path)
})

const segment = fc.array(fc.constantFrom('a', 'A', 'é', 'e\u0301', '\u0327', 'Σ', 'ς', 'ı', 'K', 'ß', '가', 'ㄱ', '%25', '%FF', '%C3', '%E9'), { maxLength: 5 }).map((letters) => letters.join(''))
const anySpelling = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => `/${segments.join('/')}`)

test('what a rule covers letter by letter it protects', async (t) => {
  const isProtected = fc.property(anySpelling, anySpelling, fc.nat(8), fc.constantFrom('*', '', '/**'), (glob, tail, at, wildcard) => {
    const path = `${glob.slice(0, at + 1)}${wildcard}`
    const target = canonicalPath(encodeURI(`${glob.slice(0, at + 1)}${tail.slice(1)}`).replaceAll('%25', '%'))
    if (!target.ok) return true
    const request = { ...plainGet, ...target }
    const opens = createAccess({ default: 'deny', rules: [rule({ path, allow: 'anonymous' })] }).decide(request, undefined).outcome === 'allow'
    return !opens || createAccess({ default: 'anonymous', rules: [rule({ path, deny: true })] }).decide(request, undefined).outcome === 'deny'
  })
  t.doesNotThrow(() => fc.assert(isProtected, { numRuns: 20_000 }))
})
