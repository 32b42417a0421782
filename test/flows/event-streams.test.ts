/** Server-sent events: they flow at once for as long as the session lives, and for no longer. */
import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse } from 'node:http'
import t, { type Test, test } from 'tap'
import { setTimeout as delay } from 'node:timers/promises'
import { ask, responseTo } from '../proxy/open-gateway.ts'
import { startProvider } from '../support/provider.ts'
import { startUpstream } from '../support/upstream.ts'
import { hour, type Journey, type JourneyOptions, minute, startJourney, stoppedClock } from './journey.ts'

const provider = await startProvider(t)

interface Stream {
  readonly journey: Journey
  /** The application's end. */
  readonly source: ServerResponse
  /** The reader's end. */
  readonly events: IncomingMessage
  /** Cookies that the stream was opened with. */
  readonly cookie: string
}

/** Alice, signed in, reads events of an application. @param path `/private`, or `/public` for somebody without a session */
async function openStream (t: Test, options: JourneyOptions = {}, path = '/private'): Promise<Stream> {
  let source: ServerResponse | undefined
  const upstream = await startUpstream(t, (request, response) => {
    if (!String(request.url).endsWith('/events')) {
      response.end('a page')
      return
    }
    source = response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    response.flushHeaders()
  })
  const rules = [{ path: '/public/**', allow: 'anonymous' }]
  const journey = await startJourney(t, { provider, ...options, upstream, configuration: { session: { closeGrace: '40ms' }, access: { rules }, ...options.configuration } })
  if (path === '/private') await journey.browser.signIn(journey.url('/'), 'alice')
  const cookie = journey.browser.jar.header(new URL(journey.url('/'))) ?? ''
  const events = await responseTo(ask(journey.gateway.port, { path: `${path}/events`, headers: { cookie } }).end())
  // Doorward waits for what runs.
  t.teardown(() => { events.destroy() })
  if (source === undefined) throw new Error('the application was not asked')
  return { journey, source, events, cookie }
}

/** What arrives for one event that is sent. */
async function relayed ({ source, events }: Stream, event: string): Promise<string> {
  source.write(event)
  return String((await once(events, 'data') as [Buffer])[0])
}

/** Resolves with how the reader's end ended, once the application's has too. */
async function ended ({ source, events }: Stream): Promise<unknown> {
  const closed = once(source, 'close')
  const code = new Promise((resolve) => { events.on('error', (error: NodeJS.ErrnoException) => { resolve(error.code) }).on('end', () => { resolve('end') }) })
  events.resume()
  await closed
  return await code
}

test('events flow one by one, and pause for longer than any time is allowed for', async (t) => {
  const stream = await openStream(t, { configuration: { server: { clientTimeout: '40ms' }, upstream: { idleTimeout: '40ms', responseTimeout: '5s' } } })
  for (const event of ['data: 1\n\n', ': still here\n\n', 'event: x\ndata: 2\nid: 7\n\n']) {
    await delay(150)
    t.equal(await relayed(stream, event), event)
  }
  stream.source.end('data: the last\n\n')
  t.equal(String(await stream.events.toArray()), 'data: the last\n\n', 'and the application says when they end')
})

test('signing out ends the stream, at both ends', async (t) => {
  const stream = await openStream(t)
  const end = ended(stream)
  await fetch(stream.journey.url('/oidc/logout'), { headers: { cookie: stream.cookie, 'sec-fetch-site': 'same-origin' } })
  t.equal(await end, 'ECONNRESET', 'in a way that no reader takes for the end of the events')
})

test('a stream that nobody uses the session beside ends with its idle time, whatever is sent', async (t) => {
  const clock = stoppedClock()
  const stream = await openStream(t, { now: () => clock.now })
  clock.now += 29 * minute
  t.equal(await relayed(stream, 'data: 1\n\n'), 'data: 1\n\n')
  const end = ended(stream)
  clock.now += 2 * minute
  t.equal(await end, 'ECONNRESET')
})

test('requests keep the streams of their session open, until its longest lifetime', async (t) => {
  const clock = stoppedClock()
  const stream = await openStream(t, { now: () => clock.now })
  const { journey } = stream
  for (let time = 0; time < 7 * hour; time += 20 * minute) {
    clock.now += 20 * minute
    t.equal((await journey.browser.get(journey.url('/page'))).status, 200)
  }
  t.equal(await relayed(stream, 'data: 1\n\n'), 'data: 1\n\n')
  const end = ended(stream)
  clock.now += hour + minute
  t.equal(await end, 'ECONNRESET')
})

test('a stream that is open to everybody hangs on no session', async (t) => {
  const clock = stoppedClock()
  const stream = await openStream(t, { now: () => clock.now }, '/public')
  clock.now += 24 * hour
  await delay(100)
  t.equal(await relayed(stream, 'data: 1\n\n'), 'data: 1\n\n')
})

test('a reader who leaves is one whom the application hears of', async (t) => {
  const stream = await openStream(t)
  const closed = once(stream.source, 'close')
  stream.events.destroy()
  await closed
  t.equal(stream.source.writableFinished, false)
})
