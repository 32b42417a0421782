/** What every store of sessions has to do, whatever it is: run once for each of them. */
import { once } from 'node:events'
import { json } from 'node:stream/consumers'
import { type Test } from 'tap'
import { anotherBrowser, type Journey, type JourneyOptions, minute, startJourney, stoppedClock } from '../flows/journey.ts'
import { type TestProvider } from '../support/provider.ts'
import { connectWebSocket, openWebSocket, refusalOf, startWebSocketUpstream } from '../support/web-sockets.ts'

export interface StoreCase {
  readonly name: string
  /** The section `session` of the configuration, without a secret. */
  readonly session: Readonly<Record<string, unknown>>
  readonly provider: TestProvider
}

const publicUrl = 'https://app.example.com'

export async function storeContract (t: Test, { session, provider }: StoreCase): Promise<void> {
  const start = async (t: Test, { configuration = {}, ...options }: JourneyOptions = {}): Promise<Journey> => await startJourney(t, {
    provider,
    publicUrl,
    ...options,
    configuration: { ...configuration, session: { ...session, ...configuration['session'] } }
  })

  await t.test('whoever signs in is known by their own cookie, and by no other', async (t) => {
    const journey = await start(t)
    const [alice, bob] = [journey.browser, anotherBrowser(journey)]
    await alice.signIn(journey.url('/x'), 'alice')
    await bob.signIn(journey.url('/x'), 'bob')
    t.strictSame([await userOf(alice, journey), await userOf(bob, journey)], ['alice', 'bob'])
    t.not(cookieOf(alice, journey), cookieOf(bob, journey))
  })

  await t.test('a ticket that was not given out is no session: planted, cut, changed, long or odd', async (t) => {
    const journey = await start(t)
    await journey.browser.signIn(journey.url('/x'), 'alice')
    const ticket = cookieOf(journey.browser, journey)
    const changed = ticket.slice(0, -2) + (ticket.endsWith('A') ? 'B' : 'A') + ticket.slice(-1)
    const planted = ['', 'x', 'A'.repeat(43), ticket.slice(0, -1), `A${ticket}`, changed, ticket.toUpperCase(), 'A'.repeat(3000), '%n%s%d{}', '__proto__', '../session', `${ticket}.${ticket}`]
    for (const value of planted) {
      const answer = await anotherBrowser(journey).get(journey.url('/x'), { headers: { cookie: `__Host-doorward=${value}` } })
      t.equal(answer.status, 302, value.slice(0, 60))
    }
    t.equal((await anotherBrowser(journey).get(journey.url('/x'), { headers: { cookie: `__Host-doorward=${ticket}` } })).status, 200, 'the real one is one')
  })

  await t.test('every sign-in has a new ticket, and the one before opens nothing any more', async (t) => {
    const journey = await start(t)
    const { browser, url } = journey
    await browser.signIn(url('/x'), 'alice')
    const first = cookieOf(browser, journey)
    await browser.open(url('/oidc/login?return_to=/y'))
    const second = cookieOf(browser, journey)
    t.not(second, first)
    t.equal((await anotherBrowser(journey).get(url('/x'), { headers: { cookie: `__Host-doorward=${first}` } })).status, 302)
    t.equal(await userOf(browser, journey), 'alice')
  })

  await t.test('who signs out is out, with every copy of the cookie', async (t) => {
    const journey = await start(t)
    const { browser, url } = journey
    await browser.signIn(url('/x'), 'alice')
    const copy = cookieOf(browser, journey)
    await browser.open(url('/oidc/logout'), { from: url('/x') })
    t.equal((await anotherBrowser(journey).get(url('/x'), { headers: { cookie: `__Host-doorward=${copy}` } })).status, 302)
  })

  await t.test('a session that is used goes on, and does not outlive its longest life', async (t) => {
    const clock = stoppedClock()
    const journey = await start(t, { now: () => clock.now, configuration: { session: { idleTimeout: '30m', maxLifetime: '2h' } } })
    const { browser, gateway, url } = journey
    await browser.signIn(url('/x'), 'alice')
    for (let minutes = 0; minutes < 100; minutes += 20) {
      clock.now += 20 * minute
      t.equal((await browser.get(url('/x'))).status, 200)
    }
    clock.now += 20 * minute
    t.equal((await browser.get(url('/x'))).status, 302, 'two hours are over')
    t.equal((await browser.get(url('/x'))).status, 302)
    t.strictSame(ended(gateway), ['max_lifetime'], 'told once')
  })

  await t.test('a session that is left runs out', async (t) => {
    const clock = stoppedClock()
    const journey = await start(t, { now: () => clock.now })
    const { browser, gateway, url } = journey
    await browser.signIn(url('/x'), 'alice')
    clock.now += 30 * minute - 1
    t.equal(await userOf(browser, journey), 'alice', 'which is no use of it')
    clock.now += 1
    t.equal((await browser.get(url('/x'))).status, 302)
    t.equal((await browser.get(url('/x'))).status, 302)
    t.strictSame(ended(gateway), ['idle_timeout'], 'told once')
  })

  await t.test('a WebSocket keeps its session alive, and ends with it', async (t) => {
    const clock = stoppedClock()
    const upstream = await startWebSocketUpstream(t)
    const journey = await start(t, { now: () => clock.now, upstream: { url: upstream.url, port: 0, requests: [], close: async () => {} }, configuration: { session: { closeGrace: '40ms' } } })
    const { browser, gateway, url } = journey
    await browser.signIn(url('/oidc/login?return_to=/oidc/session'), 'alice')
    const headers = { cookie: browser.jar.header(new URL(url('/'))) ?? '', host: 'app.example.com' }
    const socket = await openWebSocket(t, gateway.port, '/live', { headers })
    for (let turn = 0; turn < 3; turn++) {
      clock.now += 20 * minute
      socket.send('still here')
      await once(socket, 'message')
      // Counted at the next look, four of which fit into the grace.
      await new Promise((resolve) => { setTimeout(resolve, 60) })
    }
    t.equal((await browser.get(url('/oidc/session'))).status, 200)
    const closed = once(socket, 'close')
    await browser.open(url('/oidc/logout'), { from: url('/') })
    await closed
    const refused = await refusalOf(connectWebSocket(t, gateway.port, '/live', { headers }))
    t.match(await json(refused), { status: 401 })
  })

  await t.test('a session that several requests touch at once stays one session', async (t) => {
    const clock = stoppedClock()
    const journey = await start(t, { now: () => clock.now })
    const { browser, url } = journey
    await browser.signIn(url('/x'), 'alice')
    for (let turn = 0; turn < 3; turn++) {
      clock.now += 10 * minute
      const answers = await Promise.all(Array.from({ length: 20 }, () => browser.get(url('/x'))))
      t.ok(answers.every(({ status }) => status === 200))
    }
    clock.now += 25 * minute
    t.equal(await userOf(browser, journey), 'alice')
  })
}

function ended ({ audit }: Journey['gateway']): unknown[] {
  return audit.filter(({ event }) => event === 'session.expired').map(({ reason }) => reason)
}

/** Of the session cookie, which is small in these tests. */
export function cookieOf (browser: Journey['browser'], { url }: Journey): string {
  return browser.jar.for(new URL(url('/'))).find(({ name }) => name === '__Host-doorward')?.value ?? ''
}

export async function userOf (browser: Journey['browser'], { url }: Journey): Promise<unknown> {
  const answer = await browser.get(url('/oidc/session'), { program: true })
  return (answer.json() as { user?: unknown }).user
}
