/** Redis as it is run where it matters: with TLS, watched by Sentinel, as a Cluster. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t, { test, type Test } from 'tap'
import { anotherBrowser, type Journey } from '../flows/journey.ts'
import { makeCertificates } from '../support/certificates.ts'
import { missingPart } from '../support/parts.ts'
import { startProvider } from '../support/provider.ts'
import { startCluster, startRedis, startSentinel, type TestRedis, until } from '../support/redis.ts'
import { browserAt, readiness, startReplica } from './replicas.ts'
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

/** A way to a server that can be cut for everybody but those connections on which this word was said. */
async function startWay (t: Test, to: number, word: string): Promise<{ readonly port: number, cut (): void }> {
  const others = new Set<Socket>()
  let isCut = false
  const server = createServer((client) => {
    const end = connect(to, '127.0.0.1')
    for (const socket of [client, end]) socket.on('error', () => {}).on('close', () => { client.destroy(); end.destroy() })
    others.add(client)
    client.on('data', (bytes) => { if (bytes.includes(word)) others.delete(client) })
    if (isCut) client.destroy()
    else client.pipe(end).pipe(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  return {
    port: (server.address() as AddressInfo).port,
    cut () {
      isCut = true
      for (const socket of others) socket.destroy()
    }
  }
}

test('a master that is cut off from Sentinel and its replica is left, where it refuses to write by itself', { skip }, async (t) => {
  const master = await startRedis(t, { lines: ['min-replicas-to-write 1', 'min-replicas-max-lag 1'] })
  const way = await startWay(t, master.port, 'doorward')
  const replica = await startRedis(t, { lines: [`replicaof 127.0.0.1 ${way.port}`] })
  const sentinel = await startRedis(t, { sentinel: true, lines: [`sentinel monitor doors 127.0.0.1 ${way.port} 1`, 'sentinel down-after-milliseconds doors 500', 'sentinel failover-timeout doors 3000'] })
  await until(async () => /master-link-status\s+ok/.test(await sentinel.ask('sentinel', 'replicas', 'doors')))
  const journey = await startReplica(t, { store: 'redis', redis: { url: sentinel.url, sentinel: { name: 'doors' } } }, { provider })
  const { browser, url } = journey
  await until(async () => (await readiness(journey)).dependencies['session-store']?.status === 'up')
  await browser.signIn(url('/x'), 'alice')
  t.equal(await userOf(browser, journey), 'alice')
  await until(async () => await replica.ask('exists', (await master.ask('keys', '*:session:*'))) === '1')

  way.cut()
  const seen = new Set<number>()
  await until(async () => {
    const { status } = await browser.get(url('/x'))
    seen.add(status)
    return status === 200 && /role:master/.test(await replica.ask('info', 'replication'))
  })
  await until(async () => (await browser.open(url('/oidc/logout'), { from: url('/') })).status === 200)
  t.match(await replica.ask('zcard', 'doorward:revocations'), '1', 'what is revoked is revoked at the new master')
  t.strictSame([...seen].filter((status) => status !== 200 && status !== 503), [])
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

test('a node of a Cluster that is lost under load takes nobody’s session along', { skip }, async (t) => {
  const all = await startCluster(t, 1)
  const roleOf = async (node: TestRedis): Promise<string> => (await node.ask('role')).split('\n')[0] ?? ''
  for (const node of all) await until(async () => await roleOf(node) === 'master' || /master_link_status:up/.test(await node.ask('info', 'replication')))
  const [url, nodes] = [all[0]?.url, all.slice(1).map(({ port }) => `127.0.0.1:${port}`)]
  const journey = await startReplica(t, { store: 'redis', redis: { url, nodes, cluster: true } }, { provider })
  await until(async () => (await readiness(journey)).dependencies['session-store']?.status === 'up')
  const people = await Promise.all(Array.from({ length: 12 }, async () => {
    const browser = anotherBrowser(journey)
    await browser.signIn(journey.url('/x'), 'alice')
    return browser
  }))
  const seen = new Set<number>()
  const ask = async (): Promise<boolean> => {
    const statuses = await Promise.all(people.map(async (browser) => (await browser.get(journey.url('/x'))).status))
    for (const status of statuses) seen.add(status)
    return statuses.every((status) => status === 200)
  }
  t.equal(await ask(), true)

  const masters: TestRedis[] = []
  for (const node of all) if (await roleOf(node) === 'master') masters.push(node)
  const [lost] = masters
  // Acknowledged is what the replica of the lost node has, too.
  await until(async () => /offset=(\d+)[^]*master_repl_offset:\1\b/.test(await lost?.ask('info', 'replication') ?? ''))
  await lost?.kill()
  const rest = all.filter((node) => node !== lost)
  const isReplaced = async (): Promise<boolean> => (await Promise.all(rest.map(roleOf))).filter((role) => role === 'master').length === 3
  await until(async () => await ask() && await isReplaced() && await ask())
  t.strictSame([...seen].filter((status) => status !== 200 && status !== 503), [])
})
