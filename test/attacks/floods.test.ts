/** Much of everything at once: connections, requests without end, bytes without sense. Doorward lives, and forgets them. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'tap'
import { type GatewayProcess, startGatewayProcess } from '../proxy/gateway-process.ts'
import { ask, responseTo } from '../proxy/open-gateway.ts'
import { startByteRecorder, startUpstream } from '../support/upstream.ts'
import { createMutations } from './byte-mutations.ts'

const mebibyte = 1024 * 1024
const mostGrowth = 32 * mebibyte
/** At once; as many as one process may have open on any system. */
const together = 100

const request = (target: string, lines = ''): string => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n`
const upgrade = request('/', 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n')

function open ({ socket: path }: GatewayProcess): Socket {
  // A connection that is cut is a result.
  return connect(path).on('error', () => {})
}

/** Runs a task so many times, a hundred of them at once. */
async function repeat (times: number, task: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < times) await task(next++)
  }
  await Promise.all(Array.from({ length: together }, worker))
}

/** Sends these bytes and leaves, at once, at the first of an answer, or once there is no more of it. */
async function sendAndLeave (gateway: GatewayProcess, bytes: string | Buffer, manner: number): Promise<void> {
  const socket = open(gateway)
  const closed = new Promise((resolve) => { socket.on('close', resolve) })
  if (manner % 4 === 0) socket.write(bytes, () => { socket.destroy() })
  else if (manner % 4 === 1) socket.end(bytes)
  else socket.write(bytes)
  socket.once('data', () => { if (manner % 4 === 2) socket.destroy() })
  // An answer may never come to half a request; enough of the others do.
  socket.setTimeout(200, () => { socket.destroy() }).resume()
  await closed
}

/** Resolves once nothing is left of the connections. Nobody tells when a connection of another process has closed. */
async function untilForgotten (gateway: GatewayProcess, sockets: number): Promise<void> {
  while (await gateway.sockets() > sockets) await delay(100)
}

async function assertWell (t: Parameters<typeof startUpstream>[0], gateway: GatewayProcess): Promise<void> {
  const response = await responseTo(ask(gateway.socket, { path: '/well', headers: { host: 'localhost' } }).end())
  response.resume()
  t.equal(response.statusCode, 200, 'the next one is served')
  t.notMatch(gateway.log(), /"level":"(error|fatal)"/, 'and nothing is reported that should not happen')
}

test('five thousand connections that come and go are forgotten', async (t) => {
  const upstream = await startUpstream(t)
  const gateway = await startGatewayProcess(t, upstream.url)
  const bytes = ['', 'GET / HT', request('/'), request('/a%2fb'), upgrade, 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf', '\x16\x03\x01\x02\x00\x01']
  const comeAndGo = async (times: number): Promise<void> => { await repeat(times, async (index) => { await sendAndLeave(gateway, bytes[index % bytes.length] ?? '', index >> 3) }) }
  const socketsBefore = await gateway.sockets()
  // What a process takes once, when it is first at work, is not what it does not give back.
  await comeAndGo(1000)
  const memoryBefore = await gateway.memory()
  await comeAndGo(5000)
  await untilForgotten(gateway, socketsBefore)
  await assertWell(t, gateway)
  const growth = await gateway.memory() - memoryBefore
  t.ok(growth < mostGrowth, `${Math.round(growth / mebibyte)} MiB of memory`)
})

test('who asks ten times and reads nothing is answered as far as the way to him is free, then cut off', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => { response.end(Buffer.alloc(8 * mebibyte)) })
  const gateway = await startGatewayProcess(t, upstream.url, { server: { clientTimeout: '1s' } })
  const [socketsBefore, memoryBefore] = [await gateway.sockets(), await gateway.memory()]
  const socket = open(gateway).pause()
  t.teardown(() => { socket.destroy() })
  await once(socket, 'connect')
  socket.write(request('/').repeat(10))
  while (upstream.requests.length === 0) await delay(20)
  await untilForgotten(gateway, socketsBefore)
  t.ok(upstream.requests.length < 10, `${upstream.requests.length} of them reached the application`)
  const growth = await gateway.memory() - memoryBefore
  t.ok(growth < mostGrowth, `${Math.round(growth / mebibyte)} MiB of memory`)
})

test('nor do refusals wait for ever for somebody to read them', async (t) => {
  const gateway = await startGatewayProcess(t, 'http://127.0.0.1:1', { server: { clientTimeout: '1s' } })
  const socketsBefore = await gateway.sockets()
  const sockets = Array.from({ length: 20 }, () => open(gateway))
  t.teardown(() => { for (const socket of sockets) socket.destroy() })
  // As many as may wait; their pages are more than the buffers on the way take.
  for (const socket of sockets) socket.write(request('/a%2fb', 'Accept: text/html\r\n').repeat(90))
  // Whoever listens for this alone gets no more than the first of it.
  await Promise.all(sockets.map(async (socket) => await once(socket, 'readable')))
  await untilForgotten(gateway, socketsBefore)
  t.notMatch(gateway.log(), /"level":"(error|fatal)"/)
})

test('nor what a WebSocket has for somebody who does not read it', async (t) => {
  const recorder = await startByteRecorder(t, (socket, received) => {
    if (!received.endsWith('\r\n\r\n')) return
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    socket.write(Buffer.alloc(64 * mebibyte))
  })
  const gateway = await startGatewayProcess(t, recorder.url, { server: { clientTimeout: '1s' } })
  const socketsBefore = await gateway.sockets()
  const socket = open(gateway)
  t.teardown(() => { socket.destroy() })
  socket.write(upgrade)
  await once(socket, 'data')
  socket.pause()
  await untilForgotten(gateway, socketsBefore)
  t.notMatch(gateway.log(), /"level":"(error|fatal)"/)
})

test('two thousand strings of random bytes are requests to nobody', async (t) => {
  const upstream = await startUpstream(t)
  const gateway = await startGatewayProcess(t, upstream.url)
  const socketsBefore = await gateway.sockets()
  const valid = [request('/a?b=c'), upgrade, `POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Trailer: t\r\n\r\n${request('/second')}`, 'PUT /oidc/login?return_to=%2F HTTP/1.1\r\nHost: localhost\r\nCookie: doorward=x; doorward.0=y\r\nAuthorization: Bearer x.y.z\r\nContent-Length: 4\r\n\r\nbody', request('/', 'Expect: 100-continue\r\nForwarded: for=1.2.3.4\r\nX-Forwarded-For: 1.2.3.4\r\n')]
  const mutations = createMutations(valid)
  t.comment(`seed ${mutations.seed}`)
  await repeat(2000, async (index) => { await sendAndLeave(gateway, mutations.next(), index) })
  await untilForgotten(gateway, socketsBefore)
  await assertWell(t, gateway)
})

test('an application that answers with random bytes breaks nothing', async (t) => {
  const valid = ['HTTP/1.1 200 OK\r\nContent-Length: 4\r\nSet-Cookie: a=b\r\n\r\nbody', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n4\r\nbody\r\n0\r\nX-T: t\r\n\r\n', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly', 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: 1\n\n', 'HTTP/1.0 304 Not Modified\r\n\r\n']
  const mutations = createMutations(valid)
  t.comment(`seed ${mutations.seed}`)
  const recorder = await startByteRecorder(t, (socket, received) => {
    if (received.startsWith('GET /well ')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    else if (received.endsWith('\r\n\r\n')) socket.end(mutations.next())
  })
  const gateway = await startGatewayProcess(t, recorder.url)
  await repeat(1000, async (index) => { await sendAndLeave(gateway, index % 3 === 0 ? upgrade : request('/'), 2 + index % 2) })
  await assertWell(t, gateway)
})
