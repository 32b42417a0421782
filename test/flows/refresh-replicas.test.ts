/** Several replicas behind one address, sessions in cookies, and a provider whose refresh tokens are good once. */
import { once } from 'node:events'
import { type ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Browser } from '../support/browser.ts'
import { startGateway, testSecret, type TestGateway } from '../support/gateway.ts'
import { missingPart } from '../support/parts.ts'
import { client, clientId, clientSecret, startProvider, type TestProvider } from '../support/provider.ts'
import { startRedis, type TestRedis, until } from '../support/redis.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { type GatewayProcess, startGatewayProcess } from '../proxy/gateway-process.ts'
import { ask, responseTo } from '../proxy/open-gateway.ts'
import { minute, second } from './journey.ts'

const publicUrl = 'https://app.example.com'
const due = 59 * minute

interface Replicas {
  readonly redis: TestRedis
  readonly provider: TestProvider
  readonly upstream: Upstream
  readonly gateways: readonly TestGateway[]
  readonly clock: { now: number }
  /** How long the provider thinks before it looks at a token request. */
  readonly pace: { wait: (response: ServerResponse) => Promise<unknown> }
  readonly session: Readonly<Record<string, unknown>>
  /** Signs bob in at the first replica, and returns his cookies. */
  signIn (): Promise<string>
  /** Status of an answer to these cookies. */
  statusAt (gateway: TestGateway, cookie: string): Promise<number>
  refreshes (): number
}

async function startReplicas (t: Test, count: number, store: string): Promise<Replicas> {
  const redis = await startRedis(t)
  const pace: Replicas['pace'] = { wait: async () => undefined }
  const provider = await startProvider(t, { protocol: { rotateRefreshToken: true }, beforeToken: (response) => pace.wait(response) })
  await provider.register(client(publicUrl, { grant_types: ['authorization_code', 'refresh_token'] }))
  const upstream = await startUpstream(t)
  const clock = { now: Date.now() }
  const session = { store, secret: testSecret, idleTimeout: '8h', redis: { url: redis.url } }
  const gateways = await Promise.all(Array.from({ length: count }, () => startGateway(t, { issuer: provider.issuer, upstream: upstream.url, publicUrl, now: () => clock.now, configuration: { session, provider: { clockTolerance: '2h' } } })))
  for (const { admin } of gateways) await until(async () => (await (await fetch(`${admin}/readyz`)).text()).includes('"session-store":{"status":"up"'))
  const browserAt = (gateway: TestGateway | undefined): Browser => new Browser({ balancer: { [publicUrl]: gateway?.port ?? 0 } })
  return {
    redis,
    provider,
    upstream,
    gateways,
    clock,
    pace,
    session,
    async signIn () {
      const browser = browserAt(gateways[0])
      const { status } = await browser.signIn(`${publicUrl}/x`, 'bob')
      if (status !== 200) throw new Error(`the sign-in ended with ${status}`)
      return browser.jar.header(new URL(publicUrl)) ?? ''
    },
    statusAt: async (gateway, cookie) => (await browserAt(gateway).get(`${publicUrl}/x`, { headers: { cookie } })).status,
    refreshes: () => provider.requests.filter(({ path, form }) => path === '/token' && form['grant_type'] === 'refresh_token').length
  }
}

/** Every event of all replicas after the sign-ins, in short. */
function told ({ gateways }: Replicas): string[] {
  return gateways.flatMap(({ audit }) => audit).filter(({ event }) => event !== 'login').map(({ event, outcome }) => `${String(event)} ${String(outcome)}`)
}

for (const store of ['cookie', 'redis']) {
  t.test(`three replicas with fifty requests each refresh a session once, however slow the provider is (${store})`, { skip: missingPart('redis-server') }, async (t) => {
    const replicas = await startReplicas(t, 3, store)
    const { gateways, clock, pace, signIn, statusAt, refreshes } = replicas
    // The last is longer than a sign-in waits for a token, and than a request waits for a refresh.
    for (const [index, seconds] of (store === 'cookie' ? [0, 3, 12] : [3]).entries()) {
      pace.wait = async () => undefined
      const cookie = await signIn()
      clock.now += due
      pace.wait = () => delay(seconds * second)
      const statuses = await Promise.all(gateways.flatMap((gateway) => Array.from({ length: 50 }, () => statusAt(gateway, cookie))))
      t.strictSame([...new Set(statuses)], [200], `${seconds} s: nobody is signed out`)
      await until(() => told(replicas).length > index)
      t.strictSame(await Promise.all(gateways.map((gateway) => statusAt(gateway, cookie))), [200, 200, 200], `${seconds} s: all know of it`)
      t.equal(refreshes(), index + 1)
      t.strictSame(told(replicas), Array(index + 1).fill('session.refresh success'))
    }
  })
}

t.test('what one replica refreshed another goes on with, an hour later too', { skip: missingPart('redis-server') }, async (t) => {
  const replicas = await startReplicas(t, 2, 'cookie')
  const { gateways, clock, signIn, statusAt, refreshes, redis } = replicas
  const cookie = await signIn()
  for (let round = 1; round <= 4; round++) {
    clock.now += due
    const gateway = gateways[round % 2]
    t.equal(gateway === undefined ? 0 : await statusAt(gateway, cookie), 200)
    t.equal(refreshes(), round)
  }
  const keys = (await redis.ask('--scan')).split('\n')
  t.strictSame(keys.filter((key) => !/^doorward:(revocations|(newest|sid):[\w-]{43})$/.test(key)), [], 'no lease is left, and no name of a session')
  const kept = await Promise.all(keys.filter((key) => key.includes('newest')).map((key) => redis.ask('get', key)))
  t.equal(kept.length, 1)
  const [sealed = ''] = kept
  t.match(sealed, /^[\w-]+\.[\w-]+$/)
  // Too long to be there by chance, as three letters would be in a thousand.
  for (const readable of [sealed, Buffer.from(sealed, 'base64url').toString('latin1')]) t.notMatch(readable, /refreshToken|cmdbsyncer|preferred_username/, 'what is kept is sealed')
})

t.test('who can’t find out whether another replica was faster spends no refresh token', { skip: missingPart('redis-server') }, async (t) => {
  const replicas = await startReplicas(t, 2, 'cookie')
  const { gateways, clock, signIn, statusAt, refreshes, redis } = replicas
  const [one, two] = gateways as [TestGateway, TestGateway]
  const cookie = await signIn()
  clock.now += due
  t.equal(await statusAt(one, cookie), 200)

  // Leases are to be had, and what they are for is not.
  await redis.ask('acl', 'setuser', 'default', 'resetkeys', '~doorward:revocations', '~doorward:lease:*')
  t.equal(await statusAt(two, cookie), 200)
  t.match(two.logs.join(''), '"event":"refresh.failed"')
  t.equal(refreshes(), 1, 'the cookie holds a token that was spent')
  await redis.ask('acl', 'setuser', 'default', 'allkeys')
  clock.now += 15 * second
  t.equal(await statusAt(two, cookie), 200)
  t.equal(refreshes(), 1)
  t.strictSame(told(replicas), ['session.refresh success'], 'nobody is signed out')
})

t.test('a replica that is killed while it refreshes takes nobody’s session along', { skip: missingPart('redis-server') }, async (t) => {
  // Signed in an hour ago, as the clock of that replica has it.
  const replicas = await startReplicas(t, 1, 'cookie')
  const { clock, pace, provider, upstream, session, signIn, refreshes, redis } = replicas
  clock.now -= due
  const cookie = await signIn()
  const sections = { provider: { issuer: provider.issuer, clientId, clientSecret }, session, server: { publicUrl, hosts: ['app.example.com'] }, access: { default: 'authenticated' } }
  const [doomed, survivor] = await Promise.all([1, 2].map(() => startGatewayProcess(t, upstream.url, sections))) as [GatewayProcess, GatewayProcess]
  const statusAt = async (socket: string): Promise<number | undefined> => {
    const request = ask(socket, { path: '/x', headers: { host: 'app.example.com', cookie } })
    request.end()
    const response = await responseTo(request)
    response.resume()
    return response.statusCode
  }

  const asked = Promise.withResolvers<undefined>()
  const left = Promise.withResolvers<undefined>()
  pace.wait = async (response) => {
    asked.resolve(undefined)
    await once(response, 'close')
    left.resolve(undefined)
  }
  const cut = statusAt(doomed.socket).catch((error: NodeJS.ErrnoException) => error.code)
  await asked.promise
  const waiting = Array.from({ length: 20 }, () => statusAt(survivor.socket))
  await doomed.kill()
  t.equal(await cut, 'ECONNRESET')
  pace.wait = async () => undefined
  await left.promise
  t.strictSame([...new Set(await Promise.all(waiting))], [200])
  t.equal(refreshes(), 0, 'the provider has not looked at the request of who is gone')

  const [lease = ''] = (await redis.ask('--scan', '--pattern', 'doorward:lease:*')).split('\n')
  t.ok(Number(await redis.ask('pttl', lease)) > 0, 'what it held ends by itself')
  await redis.ask('pexpire', lease, '1')
  await until(() => survivor.log().includes('"event":"session.refresh","outcome":"success"'))
  t.equal(await statusAt(survivor.socket), 200)
  t.equal(refreshes(), 1)
})
