/** Applications that stall, move, speak out of turn or restart while they are used: nobody waits for ever, nobody gets what is another's. */
import dns from 'node:dns'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type Test, test } from 'tap'
import { listenOnLoopback } from '../../demo/loopback.ts'
import { freePort } from '../support/gateway.ts'
import { exchange, parseMessage, requestText, statusOf } from '../support/raw-socket.ts'
import { startByteRecorder } from '../support/upstream.ts'
import { ask, responseTo, startOpenGateway } from './open-gateway.ts'

const get = requestText('GET', '/')
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** A port that is listened on and where nobody takes a call: once the system's queue is full, further ones get no answer at all. */
async function startDeafPort (t: Test): Promise<number> {
  const worker = new Worker(`
    const { parentPort } = require('node:worker_threads')
    const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`, { eval: true })
  t.teardown(() => worker.terminate())
  const [port] = await once(worker, 'message') as [number]
  const queue = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  t.teardown(() => { for (const socket of queue) socket.destroy() })
  // Those that are taken into the queue are taken at once.
  await delay(200)
  t.ok(queue.some(({ connecting }) => connecting), 'the queue is full')
  return port
}

test('an application that does not take the connection is given up after connectTimeout', async (t) => {
  const port = await startDeafPort(t)
  const gateway = await startOpenGateway(t, `http://127.0.0.1:${port}`, { connectTimeout: '200ms' })
  t.equal(statusOf(await exchange(gateway.port, get)), 504)
  t.equal(statusOf(await exchange(gateway.port, requestText('POST', '/', [], 'body'))), 504)
  const metrics = await (await fetch(`${gateway.admin}/metrics`)).text()
  t.match(metrics, /upstream_errors_total\{[^}]*reason="connect_timeout"[^}]*\} 2/)
})

test('so is one that takes it and says nothing of TLS', async (t) => {
  const recorder = await startByteRecorder(t, () => {})
  const gateway = await startOpenGateway(t, recorder.url.replace('http:', 'https:'), { connectTimeout: '200ms' })
  t.equal(statusOf(await exchange(gateway.port, get)), 504)
  t.match(recorder.connections[0], /^\x16\x03/, 'it was greeted') // eslint-disable-line no-control-regex
})

test('one that sends headers without end, however lively, is given up after responseTimeout', async (t) => {
  for (const beginning of ['', 'HTTP/1.1 200 OK\r\nX-Long: ', 'HTTP/1.1 103 Early Hints\r\n\r\n']) {
    const closed: Array<Promise<unknown>> = []
    const recorder = await startByteRecorder(t, (socket) => {
      socket.write(beginning)
      const drip = setInterval(() => { if (beginning.endsWith(' ')) socket.write('x') }, 20)
      closed.push(once(socket, 'close').finally(() => { clearInterval(drip) }))
    })
    const gateway = await startOpenGateway(t, recorder.url, { responseTimeout: '200ms' })
    t.equal(statusOf((await exchange(gateway.port, get)).replace(/^HTTP\/1\.1 103.*?\r\n\r\n/s, '')), 504, JSON.stringify(beginning))
    await Promise.all(closed)
  }
})

test('one that hangs up while it is asked is a 502 at once', async (t) => {
  const recorder = await startByteRecorder(t, (socket) => { socket.end() })
  const gateway = await startOpenGateway(t, recorder.url)
  t.equal(statusOf(await exchange(gateway.port, requestText('POST', '/', [], 'body'))), 502)
  t.equal(statusOf(await exchange(gateway.port, 'POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 100\r\n\r\nhalf')), 502, 'in the middle of the body, too')
})

test('what it sends without having been asked is nobody’s answer', async (t) => {
  const sockets: Socket[] = []
  const recorder = await startByteRecorder(t, (socket, received) => {
    if (!received.endsWith('\r\n\r\n')) return
    sockets.push(socket)
    socket.write(ok)
  })
  const gateway = await startOpenGateway(t, recorder.url)
  const ask = async (): Promise<string> => parseMessage(await exchange(gateway.port, get)).body
  t.equal(await ask(), 'ok')
  const [first] = sockets
  if (first === undefined) throw new Error('the application was not asked')
  first.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil')
  await once(first, 'close')
  t.equal(await ask(), 'ok')
  t.equal(recorder.connections.length, 2)
})

test('a connection that it is about to close is not used again', async (t) => {
  const recorder = await startByteRecorder(t, (socket, received) => {
    if (received.endsWith('\r\n\r\n')) socket.write(ok.replace('\r\n', '\r\nConnection: keep-alive\r\nKeep-Alive: timeout=1\r\n'))
  })
  const gateway = await startOpenGateway(t, recorder.url)
  for (let round = 0; round < 3; round++) t.equal(statusOf(await exchange(gateway.port, get)), 200)
  t.equal(recorder.connections.length, 3)
})

/** Makes a name known, with the addresses that the list holds at the time. */
function nameAddresses (t: Test, name: string, addresses: readonly string[]): void {
  const original = dns.lookup
  const stub = (host: string, options: dns.LookupAllOptions, done: (error: NodeJS.ErrnoException | null, found: dns.LookupAddress[]) => void): void => {
    if (host === name) done(null, addresses.map((address) => ({ address, family: 4 })))
    else original(host, options, done)
  }
  t.intercept(dns, 'lookup', { value: stub })
}

test('one that moves to another address of its name is found there', async (t) => {
  const addresses = ['127.0.0.2']
  nameAddresses(t, 'application.test', addresses)
  const port = await freePort()
  const gateway = await startOpenGateway(t, `http://application.test:${port}`)
  for (const [host, ...others] of [['127.0.0.2'], ['127.0.0.3'], ['127.0.0.2', '127.0.0.4', '127.0.0.5']] as const) {
    const server = createServer((_request, response) => { response.end(host) })
    server.listen(port, host)
    await once(server, 'listening')
    // Where several are named, those that are dead are passed over.
    addresses.splice(0, addresses.length, ...others, host)
    const response = await responseTo(ask(gateway.port).end())
    t.equal(String(await response.toArray()), host)
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
})

interface Application {
  readonly port: number
  /** As servers do that are told to stop: what runs is finished, what is idle is closed. */
  stop (): Promise<void>
}

async function startApplication (port: number): Promise<Application> {
  let isStopping = false
  const server = createServer((_request, response) => {
    setImmediate(() => {
      response.shouldKeepAlive = !isStopping
      response.end('ok')
    })
  })
  const listening = await listenOnLoopback(server, port)
  return {
    port: listening.port,
    async stop () {
      isStopping = true
      server.close()
      await once(server, 'close')
    }
  }
}

test('a restart costs nobody an answer but those who ask while it is away', async (t) => {
  let application = await startApplication(0)
  const { port } = application
  let [absences, isAway] = [0, false]
  const over = new AbortController()
  const gateway = await startOpenGateway(t, `http://127.0.0.1:${port}`)

  const unexcused: number[] = []
  let answers = 0
  const askUntilOver = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const [before, wasAway] = [absences, isAway]
      const response = await responseTo(ask(gateway.port).end())
      await once(response.resume(), 'end')
      const isExcused = response.statusCode === 502 && (wasAway || absences !== before)
      if (response.statusCode !== 200 && !isExcused) unexcused.push(response.statusCode ?? 0)
      answers++
    }
  }
  const load = Promise.all(Array.from({ length: 8 }, askUntilOver))
  for (let round = 0; round < 5; round++) {
    await delay(200)
    isAway = true
    absences++
    await application.stop()
    application = await startApplication(port)
    isAway = false
  }
  await delay(200)
  over.abort()
  await load
  await application.stop()
  t.ok(answers > 100, `${answers} answers`)
  t.strictSame(unexcused, [])
})

test('a server that closes what is idle at any moment costs no request that may be sent twice', async (t) => {
  const server = createServer((_request, response) => { response.end('ok') })
  const { port, close } = await listenOnLoopback(server, 0)
  t.teardown(close)
  const gateway = await startOpenGateway(t, `http://127.0.0.1:${port}`)
  const closing = setInterval(() => { server.closeIdleConnections() }, 1)
  t.teardown(() => { clearInterval(closing) })
  const statuses = await Promise.all(Array.from({ length: 500 }, async (_, index) => {
    await delay(index * 2)
    const response = await responseTo(ask(gateway.port).end())
    response.resume()
    return response.statusCode
  }))
  t.strictSame([...new Set(statuses)], [200])
})
