/** Redis as it is run where it matters: with TLS, watched by Sentinel, as a Cluster. */
import t, { test } from 'tap'
import { anotherBrowser, type Journey } from '../flows/journey.ts'
import { makeCertificates } from '../support/certificates.ts'
import { missingPart } from '../support/parts.ts'
import { startProvider } from '../support/provider.ts'
import { startCluster, startRedis, startSentinel, until } from '../support/redis.ts'
import { browserAt, startReplica } from './replicas.ts'
import { cookieOf, userOf } from './store-contract.ts'

const skip = missingPart('redis-server')
const provider = await startProvider(t)

test('rediss:// speaks TLS to a Redis whose certificate the authority given has signed, for that host, and to no other', { skip: skip || missingPart('openssl') }, async (t) => {
  const [own, others, misnamed] = [await makeCertificates(t), await makeCertificates(t), await makeCertificates(t, ['elsewhere.example'])]
  const redis = await startRedis(t, { tls: own })
  const journey = await startReplica(t, { store: 'redis', redis: { url: redis.url, caFile: own.caFile } }, { provider })
  await journey.browser.signIn(journey.url('/x'), 'alice')
  t.equal(await userOf(journey.browser, journey), 'alice')

  const wrong = await startRedis(t, { tls: misnamed })
  const refused: ReadonlyArray<readonly [what: string, redis: Record<string, unknown>, reason: RegExp]> = [
    ['an authority that nobody named', { url: redis.url }, /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN/],
    ['another authority', { url: redis.url, caFile: others.caFile }, /UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_SIGNATURE_FAILURE|SELF_SIGNED_CERT_IN_CHAIN/],
    ['another host', { url: wrong.url, caFile: misnamed.caFile }, /ERR_TLS_CERT_ALTNAME_INVALID/]
  ]
  for (const [what, settings, reason] of refused) {
    const { gateway, browser, url } = await startReplica(t, { store: 'redis', redis: settings }, { provider })
    await until(() => reason.test(gateway.logs.join('')))
    t.equal((await browser.get(url('/oidc/login'))).status, 503, what)
  }
})

test('a failover by Sentinel loses no session, nobody is sent to sign in, and signing out goes on to work', { skip }, async (t) => {
  const { url: sentinel, master, replica, untilReplicated } = await startSentinel(t)
  const session = { store: 'redis', redis: { url: sentinel, sentinel: { name: 'doors' } } }
  const [first, second] = [await startReplica(t, session, { provider }), await startReplica(t, session, { provider })]
  const people = await Promise.all(Array.from({ length: 8 }, async () => {
    const browser = anotherBrowser(first)
    await browser.signIn(first.url('/x'), 'alice')
    return browser
  }))
  const [leaver = first.browser] = people
  const cookie = `__Host-doorward=${cookieOf(leaver, first)}`
  await leaver.open(first.url('/oidc/logout'), { from: first.url('/') })
  await untilReplicated()

  await master.kill()
  const seen = new Set<number>()
  const stayed = people.slice(1)
  const isBack = async (journey: Journey): Promise<boolean> => {
    const statuses = await Promise.all(stayed.map(async (browser) => (await browserAt(journey, browser).get(journey.url('/x'))).status))
    for (const status of statuses) seen.add(status)
    return statuses.every((status) => status === 200)
  }
  await until(async () => /role:master/.test(await replica.ask('info', 'replication')) && await isBack(first) && await isBack(second))
  t.notOk(seen.has(302), `${[...seen].join()} were seen`)

  leaver.jar.store(new URL(first.url('/')), `${cookie}; Path=/; Secure`)
  t.equal(await userOf(browserAt(second, leaver), second), undefined, 'who was out is out')
  const [stayer = first.browser] = stayed
  const copy = `__Host-doorward=${cookieOf(stayer, first)}`
  // Sentinel's word of the new master may come after it was found, and costs the connection once more.
  await until(async () => (await stayer.open(first.url('/oidc/logout'), { from: first.url('/') })).status === 200)
  stayer.jar.store(new URL(first.url('/')), `${copy}; Path=/; Secure`)
  await until(async () => await userOf(browserAt(second, stayer), second) === undefined)
})

test('a Cluster of three serves sessions from every node, and revocations from one', { skip }, async (t) => {
  const [start, ...others] = await startCluster(t)
  const nodes = others.map(({ port }) => `127.0.0.1:${port}`)
  const session = { store: 'redis', redis: { url: start?.url, nodes, cluster: true } }
  const [first, second] = [await startReplica(t, session, { provider }), await startReplica(t, session, { provider })]
  const people = await Promise.all(Array.from({ length: 12 }, async () => {
    const browser = anotherBrowser(first)
    await browser.signIn(first.url('/x'), 'alice')
    return browser
  }))
  for (const browser of people) t.equal(await userOf(browserAt(second, browser), second), 'alice')
  const [leaver = first.browser] = people
  const cookie = `__Host-doorward=${cookieOf(leaver, first)}`
  await leaver.open(first.url('/oidc/logout'), { from: first.url('/') })
  leaver.jar.store(new URL(first.url('/')), `${cookie}; Path=/; Secure`)
  await until(async () => await userOf(browserAt(second, leaver), second) === undefined)
})
