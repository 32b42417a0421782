/** The gateway that tests start. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'tap'
import { Browser } from './browser.ts'
import { startGateway } from './gateway.ts'
import { startUpstream } from './upstream.ts'

test('a port that somebody else takes at the last moment costs no test', async (t) => {
  const upstream = await startUpstream(t)
  const origins: string[] = []
  async function takeFirst (origin: string): Promise<void> {
    origins.push(origin)
    if (origins.length > 1) return
    const other = createServer().listen(Number(new URL(origin).port), '127.0.0.1')
    t.teardown(() => other.close())
    await once(other, 'listening')
  }
  const { origin } = await startGateway(t, { issuer: 'http://localhost:1', upstream: upstream.url, onOrigin: takeFirst, configuration: { access: { default: 'anonymous' } } })
  t.equal(origins.length, 2)
  t.equal(origin, origins[1])
  t.equal((await new Browser().get(origin)).status, 200)
})
