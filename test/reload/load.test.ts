/** Fifty configurations, one after the other, while requests, uploads and WebSockets are under way. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { Agent } from 'node:http'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { test } from 'tap'
import { untilCounted } from '../admin/scrape.ts'
import { ask, responseTo } from '../proxy/open-gateway.ts'
import { startUpstream } from '../support/upstream.ts'
import { openWebSocket, startWebSocketUpstream } from '../support/web-sockets.ts'
import { openIn, type Reloading, startReloading } from './reloading.ts'

const reloads = 50
const clients = 8

const upstream = await startUpstream(t, async (request, response) => { response.end(String((await text(request)).length)) })

interface Load {
  readonly answers: Map<string, number>
  /** Ends when the requests that are under way have. */
  stop (): Promise<void>
}

/** Each client has a connection of its own, and asks again as soon as it is answered; every other one uploads. */
function load ({ port }: Reloading): Load {
  const answers = new Map<string, number>()
  const count = (what: string): void => { answers.set(what, (answers.get(what) ?? 0) + 1) }
  const over = new AbortController()

  async function run (uploads: boolean): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const body = 'x'.repeat(uploads ? 100_000 : 0)
    while (!over.signal.aborted) {
      try {
        const asked = ask(port, { agent, method: uploads ? 'POST' : 'GET', headers: { host: `localhost:${port}` } })
        asked.end(body)
        const response = await responseTo(asked)
        count(`${response.statusCode} ${await text(response) === String(body.length) ? 'whole' : 'wrong'}`)
      } catch (error) {
        count(String((error as NodeJS.ErrnoException).code))
      }
    }
    agent.destroy()
  }

  const running = Promise.all(Array.from({ length: clients }, (_, index) => run(index % 2 === 1)))
  return {
    answers,
    async stop () {
      over.abort()
      await running
    }
  }
}

test('fifty reloads under constant load lose no request, and leave nothing behind', { skip: !existsSync('/proc/self/fdinfo') && 'Linux alone tells what is open' }, async (t) => {
  const sockets = await startWebSocketUpstream(t)
  const gateway = await startReloading(t, { upstream: undefined, upstreams: [{ path: '/', url: upstream.url }, { path: '/live', url: sockets.url }] })
  const socket = await openWebSocket(t, gateway.port, '/live')
  const traffic = load(gateway)
  const counts = []
  for (let number = 0; number < reloads; number++) {
    // A pool of its own for every configuration.
    const told = await gateway.reload({ upstreams: [{ path: '/', url: upstream.url, connectTimeout: `${number + 1}s` }, { path: '/live', url: sockets.url }] })
    t.equal(told['event'], 'config.reloaded')
    counts.push(openIn(gateway.child.pid).descriptors)
  }
  await traffic.stop()
  t.strictSame([...traffic.answers.keys()], ['200 whole'], `${JSON.stringify([...traffic.answers])}`)
  t.ok((traffic.answers.get('200 whole') ?? 0) > reloads, 'there was load')

  socket.send('still there')
  const [echoed] = await once(socket, 'message') as [Buffer]
  t.equal(String(echoed), 'still there')
  await untilCounted(gateway.admin, 'doorward_config_generations', '', 2)
  socket.close()
  await untilCounted(gateway.admin, 'doorward_config_generations', '', 1)
  t.ok((counts.at(-1) ?? 0) <= (counts[4] ?? 0) + 2 * clients, `descriptors stay as many as the load needs: ${counts.join(' ')}`)
})

/** What the collector may leave, and code that was compiled meanwhile; one generation is larger than its share of it. */
const slackBytes = 2 * 1024 * 1024

test('two hundred configurations that are gone leave nothing of themselves behind', { skip: !existsSync('/proc/self/fd') && 'Linux alone tells what is open' }, async (t) => {
  const program = fileURLToPath(new URL('many-reloads.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program], { env: {}, encoding: 'utf8' })
  const { reloads, alive, growth, descriptors } = JSON.parse(stdout) as Record<'reloads' | 'alive' | 'growth' | 'descriptors', number>
  t.ok(reloads > 200)
  t.equal(alive, 0, 'generations that can still be reached')
  t.ok(growth < slackBytes, `${Math.round(growth / 1024)} KiB`)
  t.ok(descriptors <= 2, `${descriptors} descriptors more`)
})
