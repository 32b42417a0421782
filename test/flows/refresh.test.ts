import { once } from 'node:events'
import t, { type Test } from 'tap'
import { type People, people as demoPeople } from '../../demo/people.ts'
import { type Answer, Browser } from '../support/browser.ts'
import { startProvider } from '../support/provider.ts'
import { openWebSocket, startWebSocketUpstream } from '../support/web-sockets.ts'
import { hour, type Journey, type JourneyOptions, minute, startJourney, stoppedClock } from './journey.ts'

/** The provider's access tokens live for an hour. */
const due = 59 * minute

const configuration = {
  session: { idleTimeout: '8h' },
  roles: { mapping: { 'cmdbsyncer-admins': { roles: ['admin'] }, 'cmdbsyncer-ops': { roles: ['host', 'log'] } } }
}

interface SignedIn extends Journey {
  readonly clock: { now: number }
  /** Subject → claims, which may be changed. */
  readonly people: Record<string, People[string]>
  /** The Cookie header of the sign-in. */
  readonly cookie: string
  /** Form fields of the refreshes that the provider was asked for. */
  refreshes (): number
  /** What the audit trail tells after the sign-in, in short. */
  told (): string[]
  /** What a client with this cookie is answered. */
  ask (cookie: string, path?: string): Promise<Answer>
}

/** Bob, signed in at a provider whose refresh tokens are good once. */
async function signedIn (t: Test, options: JourneyOptions & { readonly beforeToken?: () => Promise<unknown> } = {}): Promise<SignedIn> {
  const { beforeToken, ...more } = options
  const people = { ...demoPeople }
  const clock = stoppedClock()
  const provider = await startProvider(t, { people, protocol: { rotateRefreshToken: true }, ...beforeToken !== undefined && { beforeToken } })
  const journey = await startJourney(t, { provider, configuration, client: { grant_types: ['authorization_code', 'refresh_token'] }, now: () => clock.now, ...more })
  await journey.browser.signIn(journey.url('/x'), 'bob')
  return {
    ...journey,
    clock,
    people,
    cookie: cookieOf(journey.browser, journey),
    refreshes: () => provider.requests.filter(({ path, form }) => path === '/token' && form['grant_type'] === 'refresh_token').length,
    told: () => journey.gateway.audit.slice(1).map(({ event, outcome, reason }) => [event, outcome, reason].filter((part) => part !== undefined).join(' ')),
    ask: async (cookie, path = '/x') => await new Browser().get(journey.url(path), { headers: { cookie } })
  }
}

function cookieOf ({ jar }: Browser, { gateway }: Journey): string {
  return jar.header(new URL(gateway.origin)) ?? ''
}

/** What the application was told of the last one who asked. */
function roles ({ upstream }: Journey): unknown {
  return upstream.requests.at(-1)?.headers['x-auth-roles']
}

t.test('tokens are refreshed a minute before they expire, by the request that comes then, and no earlier', async (t) => {
  const journey = await signedIn(t)
  const { browser, clock, url, refreshes, told } = journey
  clock.now += due - 2000
  t.equal((await browser.get(url('/x'))).status, 200)
  t.equal(refreshes(), 0)
  clock.now += 2000
  for (let round = 1; round <= 3; round++) {
    t.equal((await browser.get(url('/x'))).status, 200)
    t.equal((await browser.get(url('/x'))).status, 200)
    t.equal(refreshes(), round)
    clock.now += due
  }
  t.strictSame(told(), Array(3).fill('session.refresh success'))
  t.match(journey.gateway.audit.at(-1), { user: { user: 'bob', provider: 'default' }, session: journey.gateway.audit[0]?.['session'], request: { path: '/x' }, metadata: { roles: ['host', 'log'] } })
})

t.test('refreshing makes a session no longer than it was', async (t) => {
  const { browser, clock, url } = await signedIn(t, { configuration: { ...configuration, session: { idleTimeout: '2h', maxLifetime: '3h' } } })
  const { expiresAt } = (await browser.get(url('/oidc/session'))).json() as { expiresAt: string }
  for (let round = 0; round < 3; round++) {
    t.equal((await browser.get(url('/x'))).status, 200)
    t.equal(((await browser.get(url('/oidc/session'))).json() as { expiresAt: string }).expiresAt, expiresAt)
    clock.now += due
  }
  clock.now += 3 * minute - 1
  t.equal((await browser.get(url('/x'))).status, 200)
  clock.now += 1
  t.equal((await browser.get(url('/x'))).status, 302)
})

t.test('a session that is idle ends, refreshed or not', async (t) => {
  const { browser, clock, url, refreshes } = await signedIn(t, { configuration: { session: { idleTimeout: '2h' } } })
  clock.now += due
  t.equal((await browser.get(url('/x'))).status, 200)
  clock.now += 2 * hour
  t.equal((await browser.get(url('/x'))).status, 302)
  t.equal(refreshes(), 1)
})

t.test('roles of a group that somebody was taken out of vanish with the refresh, at once and everywhere', async (t) => {
  const journey = await signedIn(t, { configuration: { ...configuration, access: { rules: [{ path: '/hosts', require: { roles: ['host'] } }] } } })
  const { clock, people, cookie, ask, browser, url } = journey
  t.equal((await browser.get(url('/hosts'))).status, 200)
  people['bob'] = { ...people['bob'], groups: ['data-scientists'] }
  t.equal((await browser.get(url('/hosts'))).status, 200, 'nobody has asked the provider yet')
  clock.now += due
  t.equal((await browser.get(url('/hosts'))).status, 403, 'the very request that refreshes')
  t.equal((await ask(cookie, '/hosts')).status, 403, 'the cookie from before')
  t.equal((await browser.get(url('/x'))).status, 200)
  t.equal(roles(journey), undefined)
  t.match((await ask(cookie, '/oidc/session')).json(), { groups: ['data-scientists'], roles: [] })
  people['bob'] = { ...people['bob'], groups: ['cmdbsyncer-admins'] }
  clock.now += due
  await browser.get(url('/x'))
  t.equal(roles(journey), 'admin', 'and the roles of another come')
})

t.test('whoever is no longer admitted is signed out by the refresh', async (t) => {
  const journey = await signedIn(t, { configuration: { ...configuration, groups: { allow: ['cmdbsyncer-ops'] } } })
  const { clock, people, browser, url, told, ask, cookie, gateway } = journey
  people['bob'] = { ...people['bob'], groups: [] }
  clock.now += due
  t.equal((await browser.get(url('/x'))).status, 302)
  t.strictSame(told(), ['session.refresh failure refresh_rejected', 'session.revoked success refresh_rejected'])
  t.match(gateway.audit[1], { metadata: { cause: 'required_group_missing' }, user: { user: 'bob' } })
  t.equal((await ask(cookie)).status, 302, 'and so is a copy of the cookie')
  t.equal(told().length, 2)
})

t.test('a WebSocket ends where a refresh ends its session, and stays where it does not', async (t) => {
  const { url: application } = await startWebSocketUpstream(t)
  const upstream = { url: application, port: 0, requests: [], close: async () => {} }
  const journey = await signedIn(t, { upstream, configuration: { groups: { allow: ['cmdbsyncer-ops'] }, session: { ...configuration.session, closeGrace: '40ms' } } })
  const { clock, people, cookie, ask, told } = journey
  const socket = await openWebSocket(t, journey.gateway.port, '/', { headers: { cookie } })
  clock.now += due
  await ask(cookie)
  socket.send('still here')
  t.equal(String((await once(socket, 'message'))[0]), 'still here')
  const closed = once(socket, 'close')
  people['bob'] = { ...people['bob'], groups: [] }
  clock.now += due
  t.equal((await ask(cookie)).status, 302)
  t.equal((await closed)[0], 1008)
  t.strictSame(told(), ['session.refresh success', 'session.refresh failure refresh_rejected', 'session.revoked success refresh_rejected'])
})

t.test('the newest state is found by the old cookie, and given to the browser again', async (t) => {
  const { clock, cookie, ask, refreshes, browser, url } = await signedIn(t)
  clock.now += due
  // The answer with the new cookie is lost, and so is the next one.
  for (let lost = 0; lost < 3; lost++) {
    const answer = await ask(cookie)
    t.equal(answer.status, 200)
    t.equal(answer.setCookies.filter((line) => line.startsWith('doorward=')).length, 1)
  }
  t.equal(refreshes(), 1)
  clock.now += due
  t.equal((await browser.get(url('/x'))).status, 200, 'also when another refresh is due: with the token that is good')
  t.equal((await ask(cookie)).status, 200)
  t.equal(refreshes(), 2)
  t.strictSame((await browser.get(url('/x'))).setCookies, [], 'who has the newest is given nothing')
})

for (const store of ['cookie', 'memory']) {
  t.test(`fifty requests at once refresh a session once, and all are answered (${store})`, async (t) => {
    const { clock, cookie, ask, refreshes, told } = await signedIn(t, { configuration: { ...configuration, session: { ...configuration.session, store } } })
    clock.now += due
    const answers = await Promise.all(Array.from({ length: 50 }, async () => await ask(cookie)))
    t.strictSame(new Set(answers.map(({ status }) => status)), new Set([200]))
    t.equal(refreshes(), 1)
    t.strictSame(told(), ['session.refresh success'])
  })
}

t.test('a session that is ended while it is refreshed stays ended', async (t) => {
  const asked = Promise.withResolvers<undefined>()
  const answer = Promise.withResolvers<undefined>()
  let isRefresh = false
  const { clock, cookie, ask, told, refreshes } = await signedIn(t, {
    beforeToken: async () => {
      if (!isRefresh) return
      asked.resolve(undefined)
      await answer.promise
    }
  })
  isRefresh = true
  clock.now += due
  const refreshing = ask(cookie)
  await asked.promise
  await ask(cookie, '/oidc/logout')
  answer.resolve(undefined)
  const { status, setCookies } = await refreshing
  t.equal(status, 302)
  t.strictSame(setCookies.filter((line) => line.startsWith('doorward=')), [])
  t.equal((await ask(cookie)).status, 302)
  t.equal(refreshes(), 1)
  t.strictSame(told(), ['logout success user'])
})

t.test('without a refresh token, or with refreshing switched off, a session lasts as long as it may', async (t) => {
  for (const options of [{ client: {} }, { configuration: { ...configuration, provider: { refresh: false } } }]) {
    const { clock, browser, url, refreshes, told, provider } = await signedIn(t, options)
    for (const passed of [due, minute, 6 * hour]) {
      clock.now += passed
      t.equal((await browser.get(url('/x'))).status, 200)
    }
    t.equal(refreshes(), 0)
    t.strictSame(told(), [])
    await provider.stop()
  }
})

t.test('an access token that has expired is not passed on as if it were good', async (t) => {
  const headers = { profiles: ['mod_auth_openidc', 'oauth2-proxy'], accessToken: true }
  const passed = ({ upstream }: Journey): unknown[] => {
    const { oidc_access_token: theirs, oidc_access_token_expires: expires, 'x-forwarded-access-token': other } = upstream.requests.at(-1)?.headers ?? {}
    return [theirs, expires, other]
  }
  const journey = await signedIn(t, { configuration: { ...configuration, headers } })
  const { clock, browser, url, provider } = journey
  const first = passed(journey)
  t.match(first, [/^.{20,}/, String(Math.floor(clock.now / 1000) + 3600), first[0]])
  clock.now += due
  await browser.get(url('/x'))
  const second = passed(journey)
  t.match(second, [/^.{20,}/, String(Math.floor(clock.now / 1000) + 3600), second[0]])
  t.not(second[0], first[0])
  await provider.stop()
  clock.now += due
  await browser.get(url('/x'))
  t.strictSame(passed(journey), second, 'for its last minute it is good')
  clock.now += minute
  t.equal((await browser.get(url('/x'))).status, 200)
  t.strictSame(passed(journey), [undefined, undefined, undefined])
  t.equal(journey.upstream.requests.at(-1)?.headers['oidc_claim_sub'], 'bob', 'who it is, the application is told all the same')
})
