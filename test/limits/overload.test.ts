/** More at a time than there is room for: nobody is served first, who is signed in later, and the admin listener never. */
import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import t, { test } from 'tap'
import { samplesOf, scrape, untilCounted } from '../admin/scrape.ts'
import { type Journey, startJourney, stoppedClock } from '../flows/journey.ts'
import { ask, responseTo } from '../proxy/open-gateway.ts'
import { Browser } from '../support/browser.ts'
import { startProvider } from '../support/provider.ts'
import { exchange, requestText } from '../support/raw-socket.ts'
import { startUpstream } from '../support/upstream.ts'

const provider = await startProvider(t)
const running = 'doorward_http_requests_running'
const refused = 'doorward_requests_refused_total'

/** Answers at once, but for `/held` and what is below it. */
async function startHolding (t: Parameters<typeof startJourney>[0], server: Readonly<Record<string, unknown>>, now?: () => number) {
  const held: ServerResponse[] = []
  const upstream = await startUpstream(t, (request: IncomingMessage, response) => {
    if (request.url === '/open/events') response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
    else if (request.url?.includes('held') === true) held.push(response)
    else response.end('ok')
  })
  const journey = await startJourney(t, { provider, upstream, ...now && { now }, configuration: { server, access: { rules: [{ path: '/open/**', allow: 'anonymous' }] } } })
  /** Begins a request that is not answered, and waits until the application has it. */
  const untilHeld = async (begin: () => void): Promise<void> => {
    const before = held.length
    begin()
    while (held.length === before) await new Promise((resolve) => { setTimeout(resolve, 5) })
  }
  const hold = async (headers: Record<string, string> = {}): Promise<void> => await untilHeld(() => {
    ask(journey.gateway.port, { path: '/open/held', headers: { host: new URL(journey.gateway.origin).host, ...headers } }).on('error', () => {}).end()
  })
  const release = (): void => { for (const response of held) response.end('ok') }
  return { ...journey, hold, untilHeld, release }
}

function cookieOf ({ browser, url }: Pick<Journey, 'browser' | 'url'>): { cookie: string } {
  return { cookie: browser.jar.header(new URL(url('/'))) ?? '' }
}

async function status (url: string, browser: Browser, program = true): Promise<number> {
  return (await browser.get(url, { program })).status
}

test('with half of the room taken, nobody gets 503 and who is signed in is served; with all of it, everybody gets 503', async (t) => {
  const clock = stoppedClock()
  const { browser, gateway, url, hold, release } = await startHolding(t, { maxRequests: 4 }, () => clock.now)
  await browser.signIn(url('/x'), 'bob')
  const nobody = new Browser()
  await hold()
  t.equal(await status(url('/open/x'), nobody), 200)
  await hold()
  const answer = await nobody.get(url('/open/x'), { program: true })
  t.match(answer, { status: 503, headers: { 'retry-after': '5', 'content-type': 'application/problem+json' } })
  t.match(answer.json(), { code: 'overloaded', type: 'urn:doorward:problem:overloaded', status: 503 })
  const page = await nobody.get(url('/open/x'))
  t.match(page, { status: 503, headers: { 'retry-after': '5', 'content-type': /^text\/html/ }, text: /Busy at the moment[^]*Try again/ })
  t.strictSame(await Promise.all(['/x', '/oidc/login', '/oidc/callback', '/oidc/session'].map((path) => status(url(path), nobody, false))), [503, 503, 503, 503], 'whatever nobody asks for')
  t.strictSame([await status(url('/x'), browser), await status(url('/oidc/session'), browser)], [200, 200], 'somebody is served')
  t.strictSame([await status(url('/oidc/jwks'), nobody), await status(url('/oidc/logout'), nobody, false)], [200, 200], 'and so are applications that fetch keys, and the end of sessions')

  await hold(cookieOf({ browser, url }))
  await hold(cookieOf({ browser, url }))
  t.strictSame([await status(url('/x'), browser), await status(url('/oidc/jwks'), nobody)], [503, 503])
  t.equal((await fetch(`${gateway.admin}/livez`)).status, 200)
  t.equal((await fetch(`${gateway.admin}/readyz`)).status, 200)
  t.match(samplesOf(await scrape(gateway.admin), running), { '': 4 })
  await untilCounted(gateway.admin, refused, '{reason="requests"}', 8)
  const told = gateway.logs.filter((line) => line.includes('"requests.refused"'))
  t.equal(told.length, 1, 'told once a minute')
  t.match(JSON.parse(told[0] ?? '{}'), { level: 'warn', subsystem: 'server', reason: 'requests', refused: 1 })

  release()
  await untilCounted(gateway.admin, running, '', 0)
  t.strictSame([await status(url('/open/x'), nobody), await status(url('/x'), browser)], [200, 200], 'as soon as there is room again')
})

test('event streams that are open take no room, nor do requests that wait behind others, nor those whose client has left', async (t) => {
  const { gateway, url, untilHeld } = await startHolding(t, { maxRequests: 4 })
  const streams: IncomingMessage[] = []
  for (let count = 0; count < 5; count++) streams.push(await responseTo(ask(gateway.port, { path: '/open/events', headers: { host: new URL(gateway.origin).host } }).end()))
  t.match(samplesOf(await scrape(gateway.admin), 'doorward_event_streams_open'), { '': 5 })
  t.match(samplesOf(await scrape(gateway.admin), running), { '': 0 })
  t.equal(await status(url('/open/x'), new Browser()), 200)
  for (const stream of streams) stream.destroy()
  await untilCounted(gateway.admin, 'doorward_event_streams_open', '', 0)
  t.match(samplesOf(await scrape(gateway.admin), running), { '': 0 })

  const line = `GET /open/held HTTP/1.1\r\nHost: ${new URL(gateway.origin).host}\r\n\r\n`
  for (let count = 1; count <= 5; count++) {
    const socket: Socket = connect(gateway.port, '127.0.0.1')
    await once(socket, 'connect')
    await untilHeld(() => { socket.write(line.repeat(5)) })
    t.match(samplesOf(await scrape(gateway.admin), running), { '': 1 }, 'a connection takes one place, whatever waits on it')
    socket.destroy()
    await untilCounted(gateway.admin, running, '', 0)
    await untilCounted(gateway.admin, 'doorward_http_requests_total', '{kind="proxied",status="499"}', count)
  }
})

test('while the event loop lags, nobody gets 503; with twice the lag, everybody', async (t) => {
  const { browser, gateway, url } = await startHolding(t, { maxLag: '200ms' })
  await browser.signIn(url('/x'), 'bob')
  const host = new URL(gateway.origin).host
  const statusNow = async (path: string, headers: ReadonlyArray<readonly [string, string]> = []): Promise<string> => (await exchange(gateway.port, requestText('GET', path, [['Host', host], ...headers]))).slice(9, 12)
  const signedIn = [['Cookie', cookieOf({ browser, url }).cookie]] as const
  for (const [lag, expected] of [[150, ['503', '200']], [300, ['503', '503']], [0, ['200', '200']]] as const) {
    const stop = blockTheLoop(lag)
    t.teardown(stop)
    // It takes two looks until it counts, and as many until it is over. A busy machine may lag on its own.
    while (await statusNow('/open/x') !== expected[0] || await statusNow('/x', signedIn) !== expected[1]);
    t.pass(`${lag} ms`)
    stop()
  }
  t.ok(Number(samplesOf(await scrape(gateway.admin), refused)['{reason="lag"}']) > 0)
})

/** Every turn of the loop takes so many milliseconds, until it is stopped. */
function blockTheLoop (milliseconds: number): () => void {
  let isOver = milliseconds === 0
  const block = (): void => {
    const until = performance.now() + milliseconds
    while (performance.now() < until);
    if (!isOver) setImmediate(block)
  }
  block()
  return () => { isOver = true }
}
