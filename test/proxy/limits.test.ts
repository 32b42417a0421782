/** What one client may take: of bodies, headers, connections, time, and of the application’s connections. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'tap'
import { Browser } from '../support/browser.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { exchange, parseMessage, requestText, statusOf } from '../support/raw-socket.ts'
import { startByteRecorder, startUpstream } from '../support/upstream.ts'
import { ask, responseTo } from './open-gateway.ts'

async function start (t: Parameters<typeof startGateway>[0], upstream: string, configuration: Record<string, Record<string, unknown>> = {}): Promise<TestGateway> {
  return await startGateway(t, { issuer: 'http://localhost:1', upstream, configuration: { ...configuration, access: { default: 'anonymous', ...configuration['access'] } } })
}

async function open (port: number, bytes: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(bytes)
  return socket
}

const bodyRules = { access: { rules: [{ path: '/small/**', maxBody: '10B', allow: 'anonymous' }, { path: '/none', maxBody: '0B', allow: 'anonymous' }] } }

test('a body that says it is too long is refused before the application hears of it', async (t) => {
  const upstream = await startUpstream(t)
  const { origin, port } = await start(t, upstream.url, bodyRules)
  const answers = await Promise.all([['/small/x', 10], ['/small/x', 11], ['/none', 1], ['/none', 0], ['/other', 100_000], ['/small;x/x', 11]].map(async ([path, length]) =>
    (await new Browser().get(`${origin}${path}`, { method: 'POST', body: 'x'.repeat(Number(length)), program: true })).status))
  t.strictSame(answers, [200, 413, 413, 200, 200, 413])
  t.equal(upstream.requests.length, 3)
  const waiting = await exchange(port, 'POST /small/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n')
  t.match(waiting, /^HTTP\/1\.1 413 /, 'and is not asked for')
})

test('a body in chunks is cut off where it becomes too long, and the application sees that it is cut', async (t) => {
  const recorder = await startByteRecorder(t, () => {})
  const { port } = await start(t, recorder.url, bodyRules)
  const request = (chunks: string): string => `POST /small/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`
  const answer = await exchange(port, request('5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n'))
  t.equal(statusOf(answer), 413)
  t.notMatch(recorder.connections[0], /\r\n0\r\n/, 'no last chunk')
})

test('a client that stops in the middle of its body gets 408, and the application is left alone', async (t) => {
  const closed = Promise.withResolvers<undefined>()
  const upstream = await startUpstream(t, (request) => { request.resume().on('error', () => { closed.resolve(undefined) }) })
  const { port } = await start(t, upstream.url, { server: { clientTimeout: '80ms' } })
  for (const begun of ['Content-Length: 10\r\n\r\nhalf', 'Content-Length: 10\r\n\r\n', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n']) {
    const answer = await exchange(port, `POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${begun}`)
    t.equal(statusOf(answer), 408, begun)
  }
  await closed.promise
})

test('a client that goes on slowly is waited for', async (t) => {
  const upstream = await startUpstream(t)
  const { port } = await start(t, upstream.url, { server: { clientTimeout: '1s' } })
  const request = ask(port, { method: 'POST', headers: { 'content-length': 8 } })
  const answered = responseTo(request)
  for (const byte of 'slowly..') {
    request.write(byte)
    await new Promise((resolve) => { setTimeout(resolve, 200) })
  }
  request.end()
  t.equal((await answered).statusCode, 200)
})

test('an application that takes no more of a body is to blame, not the client', async (t) => {
  const recorder = await startByteRecorder(t, (socket) => { socket.pause() })
  const { port } = await start(t, recorder.url, { server: { clientTimeout: '200ms' } })
  const request = ask(port, { method: 'POST', headers: { 'content-length': 256 * 1024 * 1024 } })
  request.on('error', () => {})
  const block = Buffer.alloc(1024 * 1024)
  const pour = (): void => { while (request.write(block)); }
  request.on('drain', pour)
  pour()
  t.equal((await responseTo(request)).statusCode, 504)
})

test('a client that takes nothing of its answer is cut off, and the application’s connection is free', async (t) => {
  const closed = Promise.withResolvers<undefined>()
  const upstream = await startUpstream(t, (_request, response) => {
    const pour = (): void => { while (response.write(Buffer.alloc(1024 * 1024))); }
    response.on('drain', pour).on('close', () => { closed.resolve(undefined) })
    pour()
  })
  const { port } = await start(t, upstream.url, { server: { clientTimeout: '200ms' } })
  const socket = await open(port, requestText('GET', '/'))
  t.teardown(() => { socket.destroy() })
  socket.pause()
  await closed.promise
  t.pass()
})

test('requests of a pipeline reach the application one after the other', async (t) => {
  let [running, most] = [0, 0]
  const upstream = await startUpstream(t, async (_request, response) => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => { setImmediate(resolve) })
    running--
    response.end('ok')
  })
  const { port } = await start(t, upstream.url)
  const line = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
  const answer = await exchange(port, line.repeat(9) + requestText('GET', '/last'))
  t.equal(answer.match(/HTTP\/1\.1 200 OK/g)?.length, 10)
  t.equal(upstream.requests.at(-1)?.url, '/last')
  t.equal(most, 1)
})

test('a pipeline that is too long ends', async (t) => {
  const answered = Promise.withResolvers<undefined>()
  const upstream = await startUpstream(t, async (_request, response) => {
    await answered.promise
    response.end('ok')
  })
  const { port, origin } = await start(t, upstream.url)
  const socket = await open(port, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(1000))
  await once(socket.resume(), 'close')
  answered.resolve(undefined)
  t.ok(upstream.requests.length <= 1)
  t.equal((await new Browser().get(origin)).status, 200, 'and nobody else suffers')
})

test('a header section may be as large as the configuration says', async (t) => {
  const upstream = await startUpstream(t)
  const { port } = await start(t, upstream.url, { server: { maxHeaderSize: '8KiB' } })
  const status = async (length: number): Promise<number> => statusOf(await exchange(port, requestText('GET', '/', [['X-Long', 'x'.repeat(length)]])))
  t.strictSame([await status(7 * 1024), await status(9 * 1024)], [200, 431])
})

test('no more connections are open than the configuration says', async (t) => {
  const upstream = await startUpstream(t)
  const { port, origin } = await start(t, upstream.url, { server: { maxConnections: 2 } })
  const held = [await open(port, ''), await open(port, '')]
  const third = await open(port, requestText('GET', '/'))
  await once(third.resume(), 'close')
  t.equal(upstream.requests.length, 0)
  held[0]?.destroy()
  // The place is free once Doorward has seen that the connection is gone.
  let answer = ''
  while (answer === '') answer = await exchange(port, requestText('GET', '/'))
  t.equal(statusOf(answer), 200)
  held[1]?.destroy()
  t.match(parseMessage(answer).startLine, 'HTTP/1.1 200 OK', origin)
})
