import fc from 'fast-check'
import { test } from 'tap'
import { canonicalPath, isUnderBasePath } from '../../src/pipeline/canonical-path.ts'
import { resolutions } from '../support/path-resolutions.ts'
import { payloads, withoutPayloads } from '../support/payloads.ts'

test('an ordinary target has one reading, which is its path', async (t) => {
  t.strictSame(canonicalPath('/reports/2024/q1.pdf?page=2&sort=a/../b'), {
    ok: true,
    target: '/reports/2024/q1.pdf?page=2&sort=a/../b',
    path: '/reports/2024/q1.pdf',
    query: 'page=2&sort=a/../b',
    readings: ['/reports/2024/q1.pdf'],
    hasEncodedDelimiter: false
  })
})

const admitted: Record<string, readonly string[]> = {
  '/': ['/'],
  '/a/': ['/a/'],
  '/?': ['/'],
  '/a?b?c': ['/a'],
  "/-._~!$&'()*+,=:@": ["/-._~!$&'()*+,=:@"],
  '/.well-known/x': ['/.well-known/x'],
  '/...': ['/...'],
  '/a..b/..c/d..': ['/a..b/..c/d..'],
  // The rules see through escapes of letters (CVE-2026-22037), whatever their case.
  '/%61dmin': ['/admin'],
  '/%41%7e%2d': ['/A~-'],
  '/a%20b': ['/a b'],
  '/Admin': ['/Admin'],
  // Escapes that are not UTF-8 are legal and stand for their byte.
  '/caf%e9': ['/caf%E9'],
  '/caf%C3%A9': ['/caf%C3%A9'],
  // A percent sign stays an escape, so that the literal text `%C3%A9` is not taken for a letter.
  '/100%25': ['/100%25'],
  '/caf%25C3%25A9': ['/caf%25C3%25A9', '/caf%C3%A9'],
  '/%2561dmin': ['/%2561dmin', '/admin'],
  '/admin;x': ['/admin;x', '/admin'],
  '/admin%3bx=1/y': ['/admin;x=1/y', '/admin/y'],
  '/;jsessionid=1': ['/;jsessionid=1', '/'],
  '/a//b': ['/a//b', '/a/b'],
  '/a//b;x': ['/a//b;x', '/a//b', '/a/b;x', '/a/b'],
  '/;x/admin': ['/;x/admin', '//admin', '/admin'],
  '/foo/secret%23/bar': ['/foo/secret#/bar', '/foo/secret'],
  '/a%3Fb': ['/a?b', '/a'],
  '/{FILE}|"<>^`': ['/{FILE}|"<>^`']
}

test('a target is admitted with every way to read it', async (t) => {
  for (const [target, readings] of Object.entries(admitted)) {
    const result = canonicalPath(target)
    t.strictSame(result.ok && result.readings, readings, target)
    t.equal(result.ok && result.target, target, `${target} is forwarded as it is`)
  }
})

test('an encoded delimiter in the path is pointed out, one in the query is not', async (t) => {
  const flags = ['/public/secret%23/x', '/a%3fb', '/a%3Fb', '/a?b%23', '/a%2523', '/a'].map((target) => {
    const result = canonicalPath(target)
    return result.ok && result.hasEncodedDelimiter
  })
  t.strictSame(flags, [true, true, true, false, false, false])
})

const refused: Record<string, readonly string[]> = {
  'not in origin-form': ['', '*', 'a', 'http://app.example.com/', '//', '//evil.example/x', '///', '?a', '%2fa'],
  // CVE-2026-41059: a fragment is not part of a request-target.
  'with a fragment': ['/admin#/public', '/a?x=1#y', '/#'],
  'with a backslash': ['/\\evil.example', '/a\\..\\b', '/a%5cb', '/a%5Cb'],
  'with an encoded slash': ['/a%2fb', '/a%2F..%2Fb'],
  'with a dot segment': ['/..', '/.', '/a/../b', '/a/./b', '/a/..', '/a/.', '/a/../', '/../?x', '/..?x'],
  'with an encoded dot segment': ['/%2e%2e', '/a/%2e%2e/b', '/a/.%2e/b', '/a/%2E./b', '/a/%2e', '/a/%2e/b'],
  'with a dot segment with parameters': ['/..;/admin', '/a/..;x=1/b', '/a/.;x', '/a/..%3b/b', '/a/%2e%2e;/b', '/a/.;./b'],
  'with a dot segment once it is decoded twice': ['/%252e%252e/a', '/a/.%252e', '/a/%252e', '/a/..%253bx/b', '/a/%25%32%65%252e/b'],
  'with a dot segment before an encoded delimiter': ['/a/..%23/b', '/a/..%3fb', '/a/..%2523'],
  'with a doubly encoded slash or backslash': ['/a%252fb', '/a%252Fb', '/a%255cb', '/a%25%32%66b', '/a%%32%66'],
  'encoded three times': ['/..%25252f', '/a%25252e', '/%252561dmin', '/a%25%2532%2566b', '/%2525%36%31'],
  'with an overlong encoding': ['/%c0%ae%c0%ae/a', '/a%C0%AFb', '/a%c1%9cb', '/%e0%80%ae', '/%f0%80%80%af', '/%f8%80%80%80%ae'],
  'with a control character': ['/a\0', '/a\nb', '/a\tb', '/a\x7f', '/a b', '/a?b\r\nc', '/a?b c', '/a?\x7f'],
  'with an encoded control character': ['/a%00', '/a%0d%0a', '/a%1F', '/a%7f', '/a%7F'],
  'with a malformed escape': ['/%', '/a%2', '/%zz', '/%u002e', '/a%%41'],
  'with a raw byte beyond ASCII': ['/caf\xe9', '/café', '/a?é', '/\ud800'],
  'with too many segments': ['/a'.repeat(201), '/'.padEnd(202, 'a/'.repeat(101)) + '%41/'.repeat(101)]
}

for (const [why, targets] of Object.entries(refused)) {
  test(`a target ${why} is refused`, async (t) => {
    for (const target of targets) t.strictSame(canonicalPath(target), { ok: false, code: 'target_invalid' }, JSON.stringify(target))
  })
}

test('a path may have 200 segments and 8 KiB, and not more', async (t) => {
  t.ok(canonicalPath('/a'.repeat(200)).ok)
  t.ok(canonicalPath('/%61'.repeat(200)).ok)
  t.ok(canonicalPath('/'.padEnd(8192, 'a')).ok)
  t.ok(canonicalPath(`/?${'a'.repeat(9000)}`).ok, 'the query does not count')
  t.strictSame(canonicalPath('/'.padEnd(8193, 'a')), { ok: false, code: 'target_too_long' })
})

test('the gateway’s own routes are found in every reading and case', async (t) => {
  const own = ['/oidc', '/oidc/', '/oidc/login', '/OIDC/login', '/%6fidc/login', '/%256fidc/login', '/oidc;x/login', '/oidc%23', '/;x//oidc/login']
  const other = ['/', '/oidcx', '/a/oidc', '/oid%E9']
  const isOwn = (target: string) => {
    const result = canonicalPath(target)
    return result.ok && isUnderBasePath(result.readings, '/oidc')
  }
  t.strictSame(own.filter((target) => !isOwn(target)), [])
  t.strictSame(other.filter(isOwn), [])
})

/** Text made of the pieces that attacks are made of. */
const hostileTarget = fc.array(fc.constantFrom('/', '.', '..', '%2e', '%252e', '%', '%25', '25', '2f', '%2f', '%5c', ';', '%3b', '\\', '#', '?', '%23', '%3F', 'a', 'public', '%61', '%E9', '%c0', '%ae', ' ', '\n', 'é'), { maxLength: 14 })
  .map((pieces) => `/${pieces.join('')}`)
const anyTarget = fc.oneof({ weight: 4, arbitrary: hostileTarget }, fc.string({ unit: 'binary' }), fc.webPath())

test('whatever the target, the answer is well formed and the same the second time', async (t) => {
  const isSound = fc.property(anyTarget, (target) => {
    const result = canonicalPath(target)
    if (!result.ok) return true
    const again = canonicalPath(result.target)
    const isStable = JSON.stringify(again) === JSON.stringify(result) && result.target === target
    const isWhole = target === (target.includes('?') ? `${result.path}?${result.query}` : result.path)
    const areClean = result.readings.every((reading) => /^\//.test(reading) && !/\/\.\.?(?:\/|$)/.test(reading))
    return isStable && isWhole && areClean
  })
  t.doesNotThrow(() => fc.assert(isSound, { numRuns: 20_000 }))
})

function leaves (target: string, stay: (resolved: string) => boolean): string[] {
  const result = canonicalPath(target)
  if (!result.ok) return []
  return [result.path, ...result.readings].flatMap(resolutions).filter((resolved) => !stay(resolved))
}

const isPublic = (resolved: string) => /^\/public(?:\/|$)/.test(resolved)
const isNotAdmin = (resolved: string) => !/^\/+admin(?:\/|$)/.test(resolved)

test('no target that is admitted below a folder resolves to a place outside', async (t) => {
  const stays = fc.property(hostileTarget, (target) => leaves(`/public${target}`, isPublic).length === 0)
  t.doesNotThrow(() => fc.assert(stays, { numRuns: 20_000 }))
})

test('no line of the collected traversal payloads leaves its folder', { skip: withoutPayloads }, async (t) => {
  const attacks = payloads('traversal-exotic-patt.txt').map((line) => line.replaceAll('{FILE}', 'admin')).filter((attack) => attack !== '/admin')
  t.ok(attacks.length > 800)
  t.strictSame(attacks.filter((attack) => leaves(`/public/${attack}`, isPublic).length > 0), [], 'below /public/')
  t.strictSame(attacks.filter((attack) => leaves(attack, isNotAdmin).length > 0), [], 'at the root')
})
