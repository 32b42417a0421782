/** People who use a soaked Doorward: they ask, sign in, sign out and keep WebSockets open. What they are answered is counted. */
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { Browser } from '../test/support/browser.ts'
import { type Subject } from './subjects/index.ts'
import { protectedPath } from './upstream.ts'

export interface Counts {
  requests: number
  signIns: number
  webSockets: number
  /** What was not answered as it should be while something failed. */
  expected: number
  /** The same while nothing did. */
  readonly unexpected: string[]
}

export interface CrowdParts {
  readonly subject: Subject
  readonly perSecond: number
  /** Whether something fails now, or has failed a moment ago. */
  readonly isTroubled: () => boolean
}

const people = 20
const mostTold = 20
const webSocketMilliseconds = 10_000
const form = 'x'.repeat(20_000)

export interface Crowd {
  readonly counts: Counts
  /** Asks until told to stop; resolves once nothing of it is left. */
  run (milliseconds: number): Promise<void>
}

export async function gatherCrowd ({ subject: { origin, tells }, perSecond, isTroubled }: CrowdParts): Promise<Crowd> {
  const counts: Counts = { requests: 0, signIns: 0, webSockets: 0, expected: 0, unexpected: [] }
  const browsers = Array.from({ length: people }, () => new Browser())
  for (const browser of browsers) await browser.signIn(origin + protectedPath, tells.user)

  /** What begins or ends in trouble may go wrong. */
  async function attempt (what: string, work: () => Promise<string>): Promise<void> {
    const wasTroubled = isTroubled()
    const outcome = await work().catch((error: unknown) => String(error).split('\n', 1)[0] ?? '')
    if (outcome === '200') return
    if (wasTroubled || isTroubled()) counts.expected++
    else if (counts.unexpected.push(`${what}: ${outcome}`) > mostTold) counts.unexpected.length = mostTold
  }

  async function ask (turn: number): Promise<void> {
    const browser = browsers[turn % people] ?? new Browser()
    counts.requests++
    if (turn % 20 === 1) await attempt('POST', async () => String((await browser.get(origin + protectedPath, { method: 'POST', body: form, program: true })).status))
    else if (turn % 20 === 2) await attempt('session', async () => String((await browser.get(`${origin}/oidc/session`, { program: true })).status))
    else if (turn % 20 === 3) await attempt('nobody', async () => String((await new Browser().get(`${origin}/public/x`)).status))
    else await attempt('GET', async () => String((await browser.get(origin + protectedPath, { program: true })).status))
  }

  async function comeAndGo (turn: number): Promise<void> {
    const browser = new Browser()
    counts.signIns++
    await attempt('sign-in', async () => String((await browser.signIn(origin + protectedPath, tells.user)).status))
    if (turn % 2 === 0) await attempt('sign-out', async () => await browser.get(`${origin}/oidc/logout`).then(({ status }) => status === 303 ? '200' : String(status)))
  }

  async function talk (turn: number): Promise<void> {
    const cookie = browsers[turn % people]?.jar.header(new URL(origin)) ?? ''
    counts.webSockets++
    await attempt('WebSocket', async () => await echoes(origin, cookie))
  }

  return {
    counts,
    async run (milliseconds) {
      const until = performance.now() + milliseconds
      const running = new Set<Promise<void>>()
      const begin = (work: Promise<void>): void => {
        const done = work.finally(() => { running.delete(done) })
        running.add(done)
      }
      for (let turn = 0, due = performance.now(); performance.now() < until; turn++, due += 1_000 / perSecond) {
        begin(ask(turn))
        if (turn % perSecond === 0) begin(comeAndGo(turn / perSecond))
        if (turn % (3 * perSecond) === 0) begin(talk(turn))
        await delay(Math.max(0, due - performance.now()))
      }
      await Promise.all(running)
    }
  }
}

/** `200` where a WebSocket stays open for its time and gives back what was said. */
async function echoes (origin: string, cookie: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const socket = new WebSocket(`${origin.replace('http', 'ws')}${protectedPath}`, { headers: { cookie }, origin })
  let echoed = 0
  const talking = setInterval(() => { if (socket.readyState === WebSocket.OPEN) socket.send('hello') }, 1_000)
  const over = setTimeout(() => {
    resolve(echoed > 0 ? '200' : 'nothing came back')
    socket.terminate()
  }, webSocketMilliseconds)
  socket.on('message', () => { echoed++ }).on('error', (error) => { resolve(error.message) }).on('close', () => { resolve('closed') })
  const outcome = await promise
  clearInterval(talking)
  clearTimeout(over)
  return outcome
}
