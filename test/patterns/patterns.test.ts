import fc from 'fast-check'
import { test } from 'tap'
import { createMapping } from '../../src/mapping/index.ts'
import { createPattern, isTooLong, patternProblem } from '../../src/patterns/index.ts'

test('an expression is found anywhere, or has to be all of the text', async (t) => {
  const rows: ReadonlyArray<[source: string, text: string, isIn: boolean, isAllOf: boolean]> = [
    ['b', 'abc', true, false],
    ['^b', 'abc', false, false],
    ['a|abc', 'abc', true, true],
    ['corp\\.example', 'corp.example.evil.test', true, false],
    ['^a$', 'a\n', false, false],
    ['[^a]', 'a', false, false],
    ['(?i)STRAßE', 'straße', true, true],
    ['\\p{L}.', 'é😀', true, true],
    ['.', '\ud800', true, true],
    ['', '', true, true]
  ]
  for (const [source, text, isIn, isAllOf] of rows) {
    const pattern = createPattern(source)
    t.strictSame([pattern.isIn(text), pattern.isAllOf(text)], [isIn, isAllOf], `${source} in ${JSON.stringify(text)}`)
    t.strictSame([pattern.isIn(text), pattern.isAllOf(text)], [isIn, isAllOf], 'and alike each time')
  }
})

test('what can’t be matched in linear time, or is no expression, is refused with the reason', async (t) => {
  const rows: ReadonlyArray<[source: string, problem: string]> = [
    ['(?=a)b', 'without look-ahead and look-behind, which take too long on hostile text'],
    ['(?!a)b', 'without look-ahead and look-behind, which take too long on hostile text'],
    ['(?<=a)b', 'without look-ahead and look-behind, which take too long on hostile text'],
    ['(?<!a)b', 'without look-ahead and look-behind, which take too long on hostile text'],
    ['(a)\\1', 'without back-references, which take too long on hostile text'],
    ['(?<n>a)\\k<n>', 'without back-references, which take too long on hostile text'],
    ['\\u00e9', 'in which a character stands for itself, or is written as \\x{e9}'],
    ['(', 'in the syntax of RE2: missing closing ): `(`'],
    ['[z-a]', 'in the syntax of RE2: invalid character class range: `z-a`'],
    ['a{1001}', 'in the syntax of RE2: invalid repeat count: `{1001}`'],
    ['(a{100}b{100}c{100}d{100}e{100}){5}', 'that repeats less: written out, this one is too long'],
    ['a'.repeat(1_001), 'of at most 1000 characters']
  ]
  for (const [source, problem] of rows) t.equal(patternProblem(source), problem, source.slice(0, 40))
  for (const source of ['^app-', '(a+)+$', '(?i)admin', '(?<name>a)', 'a'.repeat(1_000)]) t.equal(patternProblem(source), undefined, source.slice(0, 40))
})

test('what is longer than any name or address matches nothing', async (t) => {
  const { isIn, isAllOf } = createPattern('a+')
  const longest = 'a'.repeat(500)
  t.strictSame([isIn(longest), isAllOf(longest), isTooLong(longest)], [true, true, false])
  t.strictSame([isIn(`${longest}a`), isAllOf(`${longest}a`), isTooLong(`${longest}a`)], [false, false, true])
})

// Each takes JavaScript's own engine longer than anybody waits: that these tests end is what they show.
const catastrophic = ['(a+)+$', '^(a|a)*$', '^(a|aa)+$', '(a*)*b', '^(([a-z])+.)+[A-Z]([a-z])+$', '^(a?){50}a{50}$']

test('no group name makes a filter take long', async (t) => {
  const hostile = [`${'a'.repeat(499)}!`, 'a'.repeat(500), '\ud800'.repeat(250)]
  for (const filter of catastrophic) {
    t.equal(patternProblem(filter), undefined)
    const mapped = createMapping({
      claims: { user: 'sub', email: 'email', name: 'name', firstName: 'f', lastName: 'l', groups: 'groups', groupsSeparator: 'none', rolesSeparator: 'none', requireEmail: false },
      groups: { rename: {}, filter, allow: [], require: [] },
      roles: { default: [], mapping: {} },
      organizations: {},
      keepClaims: []
    })({ sub: 's', groups: hostile }, 'p')
    t.equal(mapped.trace.filter(({ what }) => what === 'group').length, hostile.length, filter)
  }
})

const anySource = fc.array(fc.constantFrom('a', 'b', 'ab', '.', '[ab]', '[^a]', '(a|b)', '(?:ab)', 'a*', 'b+', '(a|ab)?', 'a{1,2}', '|', '^', '$'), { maxLength: 6 }).map((parts) => parts.join(''))

test('an expression means what it means to JavaScript', async (t) => {
  const isTheSame = fc.property(anySource, fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 }), (source, text) => {
    const pattern = createPattern(source)
    return pattern.isIn(text) === new RegExp(source, 'u').test(text) && pattern.isAllOf(text) === new RegExp(`^(?:${source})$`, 'u').test(text)
  })
  t.doesNotThrow(() => fc.assert(isTheSame, { numRuns: 5_000 }))
})
