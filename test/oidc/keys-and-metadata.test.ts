/** What is kept of a provider, and when it is asked again: asked directly, with a provider that is a function. */
import { mock } from 'node:test'
import { generateKeyPair, exportJWK, type JWK } from 'jose'
import t from 'tap'
import { outageReason } from '../../src/oidc/outage-reason.ts'
import { createProviderKeys } from '../../src/oidc/provider-keys.ts'
import { createProviderMetadata } from '../../src/oidc/provider-metadata.ts'
import { createRefetchBudget } from '../../src/oidc/refetch-budget.ts'

const server = { jwks_uri: 'https://idp.example/jwks' }
const minute = 60_000

async function keyNamed (kid: string): Promise<JWK> {
  return { ...await exportJWK((await generateKeyPair('ES256')).publicKey), kid, alg: 'ES256' }
}

/** Keys fetched from `published`, which a test may replace, and a clock that it moves. */
function startKeys (published: () => readonly JWK[] | Promise<readonly JWK[]>) {
  const clock = { now: 0 }
  const asked: string[] = []
  const now = () => clock.now
  const keys = createProviderKeys({
    now,
    memory: {},
    mayRefetch: createRefetchBudget(now),
    async fetch (url) {
      asked.push(url)
      return Response.json({ keys: await published() })
    }
  })
  /** Whether a token signed with the key of this name would be verified. */
  const verifies = async (kid: string): Promise<boolean> => await keys.use(server, async ({ keyFor }) => { await keyFor({ alg: 'ES256', kid }) }).then(() => true, () => false)
  return { clock, asked, verifies }
}

t.test('keys rotated again while they are fetched are fetched again', async (t) => {
  const [first, second, third] = await Promise.all(['first', 'second', 'third'].map(keyNamed)) as [JWK, JWK, JWK]
  const answer = Promise.withResolvers<readonly JWK[]>()
  let published: readonly JWK[] | Promise<readonly JWK[]> = [first]
  const { asked, verifies } = startKeys(() => published)
  t.ok(await verifies('first'))

  published = answer.promise
  const early = verifies('second')
  await new Promise(setImmediate)
  // The provider has answered already, but the answer is still under way when the next key comes.
  published = [third]
  const late = verifies('third')
  await new Promise(setImmediate)
  answer.resolve([second])
  t.strictSame([await early, await late], [true, true])
  t.equal(asked.length, 3)
})

t.test('a key that nobody publishes costs no more requests than the budget has', async (t) => {
  const known = await keyNamed('known')
  const { clock, asked, verifies } = startKeys(() => [known])
  for (let round = 0; round < 20; round++) t.notOk(await verifies(`made-up-${round}`))
  t.equal(asked.length, 4, 'the first, and three in a burst')
  t.ok(await verifies('known'))
  clock.now += 10_000
  t.notOk(await verifies('made-up'))
  t.notOk(await verifies('made-up'))
  t.equal(asked.length, 5, 'then one in ten seconds')
})

t.test('many at once who miss the same key are one request', async (t) => {
  let published = await Promise.all([keyNamed('old')])
  const { asked, verifies } = startKeys(() => published)
  await verifies('old')
  published = [await keyNamed('new')]
  const verified = await Promise.all(Array.from({ length: 50 }, async () => await verifies('new')))
  t.ok(verified.every(Boolean))
  t.equal(asked.length, 2)
})

t.test('the last good keys are kept while the provider answers with none', async (t) => {
  const known = await keyNamed('known')
  let published = (): readonly JWK[] => [known]
  const { clock, asked, verifies } = startKeys(() => published())
  await verifies('known')
  published = () => { throw new Error('away') }
  clock.now += 6 * minute
  t.ok(await verifies('known'))
  t.ok(await verifies('known'))
  t.equal(asked.length, 2, 'and not asked for every time')
})

t.test('metadata are read again every hour without anybody’s asking, and the last good ones are kept', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  const clock = { now: 0 }
  const outcomes: unknown[] = []
  let read: () => Promise<string> = async () => 'first'
  const metadata = createProviderMetadata({ load: async () => await read(), memory: {}, now: () => clock.now, onAttempt: (error) => { outcomes.push(error) } })
  t.teardown(metadata.stop)
  const pass = async (milliseconds: number): Promise<void> => {
    clock.now += milliseconds
    mock.timers.tick(milliseconds)
    await new Promise(setImmediate)
  }
  metadata.start()
  await pass(0)
  t.equal(await metadata.get(), 'first')

  read = async () => 'second'
  await pass(59 * minute)
  t.equal(await metadata.get(), 'first')
  await pass(minute)
  t.equal(await metadata.get(), 'second')

  const away = new Error('away')
  read = async () => { throw away }
  await pass(60 * minute)
  t.equal(await metadata.get(), 'second')
  read = async () => 'third'
  await pass(1_000)
  t.equal(await metadata.get(), 'third', 'tried again within a second')
  t.strictSame(outcomes, [undefined, undefined, away, undefined])
})

t.test('a doubt has metadata read again, ten seconds apart at most', async (t) => {
  const clock = { now: 0 }
  let reads = 0
  const metadata = createProviderMetadata({ load: async () => ++reads, memory: {}, now: () => clock.now, onAttempt () {} })
  t.teardown(metadata.stop)
  metadata.doubt()
  t.equal(reads, 0, 'nothing is known that could be doubted')
  await metadata.get()
  for (const [milliseconds, expected] of [[0, 1], [10_000, 1], [1, 2], [1, 2], [10_000, 3]] as const) {
    clock.now += milliseconds
    metadata.doubt()
    metadata.doubt()
    await new Promise(setImmediate)
    t.equal(reads, expected)
  }
})

t.test('every way in which a provider can be away has words of its own', async (t) => {
  const withCode = (code: string) => Object.assign(new Error('secret-in-a-message'), { code })
  const codes = ['ENOTFOUND', 'ECONNREFUSED', 'ENETUNREACH', 'UND_ERR_HEADERS_TIMEOUT', 'ECONNRESET', 'UND_ERR_RES_EXCEEDED_MAX_SIZE', 'ERR_TLS_CERT_ALTNAME_INVALID', 'CERT_HAS_EXPIRED', 'SELF_SIGNED_CERT_IN_CHAIN', 'ERR_SSL_WRONG_VERSION_NUMBER', 'OAUTH_PARSE_ERROR', 'SOMETHING_NEW']
  const reasons = codes.map((code) => outageReason(withCode(code)))
  t.equal(new Set(reasons.map((reason) => reason.replace(/ \(.*/, ''))).size, codes.length)
  t.ok(reasons.every((reason, index) => reason.endsWith(` (${codes[index]})`) && !reason.includes('secret')))
  for (const [code, like] of [['EAI_AGAIN', 'ENOTFOUND'], ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'SELF_SIGNED_CERT_IN_CHAIN'], ['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED'], ['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT'], ['UND_ERR_SOCKET', 'ECONNRESET']] as const) {
    t.equal(outageReason(withCode(code)), outageReason(withCode(like)).replace(like, code))
  }
  t.match(outageReason(new DOMException('', 'TimeoutError')), /in time$/)
  for (const odd of [new Error('x'), undefined, null, 'text', {}]) t.equal(outageReason(odd), 'the provider’s metadata can’t be read')
})
