/**
 * Run by load.test.ts in a process of its own, with `--expose-gc`: exchanges the configuration again and again, has a
 * request answered with each, and prints what is left of those that are gone.
 */
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { stringify } from 'yaml'
import { type Configuration, loadConfiguration, problemText } from '../../src/config/index.ts'
import { createGateway } from '../../src/gateway.ts'
import { createAudit, createLogger, createLogs } from '../../src/observability/index.ts'

/** After the first, everything that is made once has been made. */
const [first, further] = [50, 200]

const upstream = createServer((_request, response) => { response.end('application') }).listen(0, '127.0.0.1')
await once(upstream, 'listening')
const upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
/** Known once somebody listens. */
let origin = 'http://localhost:4180'
const folder = mkdtempSync(join(tmpdir(), 'doorward-'))

/** Rules, mapping, secret and the pool of connections differ from one to the next. */
function configuration (number: number): Configuration {
  const file = join(folder, 'doorward.yaml')
  writeFileSync(file, stringify({
    server: { publicUrl: origin },
    provider: { issuer: 'http://localhost:1', clientId: `doorward-${number}` },
    session: { secret: Buffer.alloc(32, `secret ${number}`).toString('base64') },
    roles: { mapping: Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`group-${number}-${index}`, { roles: [`role-${index}`] }])) },
    access: { default: 'anonymous', rules: [{ path: `/only-${number}/**`, deny: true }] },
    upstream: { url: upstreamUrl, connectTimeout: `${number + 1}s` },
    admin: { readiness: { upstream: 'always' } }
  }))
  const loaded = loadConfiguration({ file, environment: {} })
  if (!loaded.ok) throw new Error(loaded.problems.map(problemText).join('\n'))
  return loaded.configuration
}

const logger = createLogger({ level: 'fatal', format: 'json', isTerminal: false, secretPaths: [] }, { write () {} })
const gateway = await createGateway(configuration(0), { logOf: createLogs(logger, {}), audit: createAudit(() => {}, Date.now), now: Date.now, version: '1' })
await gateway.app.listen({ host: '127.0.0.1', port: 0 })
origin = `http://localhost:${(gateway.app.server.address() as AddressInfo).port}`
const generations: Array<WeakRef<object>> = []
let number = 0

async function exchange (times: number): Promise<void> {
  for (const last = number + times; number < last;) {
    generations.push(new WeakRef(gateway.app.current().app))
    await gateway.reload(configuration(++number))
    const answer = await (await fetch(origin)).text()
    if (answer !== 'application') throw new Error(answer)
  }
}

async function left (): Promise<{ readonly heap: number, readonly descriptors: number }> {
  // What was begun with them ends, and weak references are let go of, in other turns.
  for (let turn = 0; turn < 5; turn++) {
    await delay(50)
    globalThis.gc?.()
  }
  return { heap: process.memoryUsage().heapUsed, descriptors: readdirSync('/proc/self/fd').length }
}

await exchange(first)
const before = await left()
await exchange(further)
const after = await left()
process.stdout.write(JSON.stringify({
  reloads: number,
  alive: generations.filter((generation) => generation.deref() !== undefined).length,
  growth: after.heap - before.heap,
  descriptors: after.descriptors - before.descriptors
}))
await Promise.all([gateway.app.close(), gateway.admin.close()])
upstream.close()
rmSync(folder, { recursive: true })
