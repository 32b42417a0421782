/** Bodies of any size, in both directions, at the pace of the slower side. */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { Readable, type Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { startByteRecorder, startUpstream } from '../support/upstream.ts'
import { startGatewayProcess } from './gateway-process.ts'
import { ask, responseTo, startOpenGateway } from './open-gateway.ts'

const mebibyte = 1024 * 1024
/** What may be under way on both connections without Doorward holding any of it, and something for the streams at the ends. */
const buffered = 2 * kernelBuffers() + 8 * mebibyte
const size = 2 * buffered
const block = randomBytes(64 * 1024)
const checksum = createHash('sha256')
for (let written = 0; written < size; written += block.length) checksum.update(block)
const expected = checksum.digest('hex')

/**
 * How far the system lets the buffers of one TCP connection grow (tcp(7)): on a connection that has carried much before,
 * tens of mebibytes wait there, and in nobody's memory.
 */
function kernelBuffers (): number {
  try {
    return ['tcp_rmem', 'tcp_wmem']
      .map((name) => Number(readFileSync(`/proc/sys/net/ipv4/${name}`, 'utf8').trim().split(/\s+/)[2]))
      .reduce((sum, bytes) => sum + Math.ceil(bytes / mebibyte) * mebibyte, 0)
  } catch {
    return 40 * mebibyte
  }
}

/** Writes the body as fast as it is taken; `written` counts what was handed over. */
function writeBody (target: Writable, progress: { written: number }): void {
  Readable.from((function * () {
    for (; progress.written < size; progress.written += block.length) yield block
  })(), { objectMode: false, highWaterMark: block.length }).pipe(target)
}

async function hashOf (body: Readable): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of body) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** Resolves once a number has stopped to grow. Nobody tells when nothing happens any more, so this one waits. */
async function untilStalled (read: () => number): Promise<number> {
  for (let last = -1; ;) {
    const value = read()
    if (value === last && value > 0) return value
    last = value
    await delay(150)
  }
}

/** What the gateway may hold of a transfer that has stalled. */
const mostGrowth = 32 * mebibyte
const framings = { 'with its length': { 'content-length': String(size) }, 'in chunks': {} }

t.test('a slow reader slows the application down', async (t) => {
  let progress = { written: 0 }
  let headers = {}
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(200, headers)
    writeBody(response, progress)
  })
  const { socket, memory } = await startGatewayProcess(t, upstream.url)
  for (const [framing, lines] of Object.entries(framings)) {
    const before = await memory()
    progress = { written: 0 }
    headers = lines
    const response = await responseTo(ask(socket).end())
    const stalled = await untilStalled(() => progress.written)
    t.ok(stalled < buffered, `${framing}: ${stalled / mebibyte} MiB were sent before anybody read`)
    const growth = await memory() - before
    t.ok(growth < mostGrowth, `${framing}: ${Math.round(growth / mebibyte)} MiB of memory`)
    t.equal(await hashOf(response), expected, `${framing}: all of it arrives`)
  }
})

t.test('a slow application slows the sender down', async (t) => {
  let reading = Promise.withResolvers<undefined>()
  const upstream = await startUpstream(t, async (request, response) => {
    await reading.promise
    response.end(await hashOf(request))
  })
  const { socket, memory } = await startGatewayProcess(t, upstream.url)
  for (const [framing, headers] of Object.entries(framings)) {
    const before = await memory()
    reading = Promise.withResolvers()
    const progress = { written: 0 }
    const request = ask(socket, { method: 'PUT', headers })
    writeBody(request, progress)
    const stalled = await untilStalled(() => progress.written)
    t.ok(stalled < buffered, `${framing}: ${stalled / mebibyte} MiB were taken before anybody read`)
    const growth = await memory() - before
    t.ok(growth < mostGrowth, `${framing}: ${Math.round(growth / mebibyte)} MiB of memory`)
    reading.resolve(undefined)
    t.equal(String(await (await responseTo(request)).toArray()), expected, `${framing}: all of it arrives`)
  }
})

t.test('whoever reads slowly from a WebSocket slows the other side down', async (t) => {
  const atUpstream = Promise.withResolvers<Socket>()
  const recorder = await startByteRecorder(t, (socket, received) => {
    if (!received.endsWith('\r\n\r\n')) return
    socket.removeAllListeners('data').pause().write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    atUpstream.resolve(socket)
  })
  const gateway = await startGatewayProcess(t, recorder.url)
  const client = connect({ path: gateway.socket, allowHalfOpen: true })
  client.write('GET / HTTP/1.1\r\nHost: localhost:1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
  t.match(String((await once(client, 'data'))[0]), / 101 /)
  client.pause()
  const server = await atUpstream.promise
  for (const [direction, from, to] of [['to the client', server, client], ['to the application', client, server]] as const) {
    const before = await gateway.memory()
    const progress = { written: 0 }
    writeBody(from, progress)
    const stalled = await untilStalled(() => progress.written)
    t.ok(stalled < buffered, `${direction}: ${stalled / mebibyte} MiB were taken before anybody read`)
    const growth = await gateway.memory() - before
    t.ok(growth < mostGrowth, `${direction}: ${Math.round(growth / mebibyte)} MiB of memory`)
    t.equal(await hashOf(to), expected, `${direction}: all of it arrives`)
  }
})

t.test('both directions flow at once', async (t) => {
  const { port } = await startOpenGateway(t, (request, response) => { request.pipe(response) })
  const request = ask(port, { method: 'POST' })
  request.write('one')
  const response = await responseTo(request)
  for (const word of ['two', 'three']) {
    const [echoed] = await once(response, 'data') as [Buffer]
    t.ok(echoed.length > 0, 'an answer before the end of the question')
    request.write(word)
  }
  request.end()
  await once(response, 'end')
})

t.test('events reach whoever waits for them one by one, and may pause for long', async (t) => {
  const started = Promise.withResolvers<ServerResponse>()
  const { port } = await startOpenGateway(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    started.resolve(response)
  }, { idleTimeout: '100ms' })
  const response = await responseTo(ask(port).end())
  t.equal(response.headers['content-type'], 'text/event-stream', 'the stream is open before the first event')
  const source = await started.promise
  for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
    await delay(250)
    source.write(event)
    t.equal(String((await once(response, 'data'))[0]), event)
  }
  source.end()
  await once(response.resume(), 'end')
})

t.test('any other body that pauses for too long is cut, and seen to be cut', async (t) => {
  const closed = Promise.withResolvers<undefined>()
  const { port } = await startOpenGateway(t, (_request, response) => {
    response.on('close', () => { closed.resolve(undefined) })
    response.writeHead(200, { 'content-type': 'text/plain' }).write('half')
  }, { idleTimeout: '100ms' })
  const response = await responseTo(ask(port).end())
  await t.rejects(response.toArray(), { code: 'ECONNRESET' })
  await closed.promise
})

t.test('a reader who pauses is not the application’s fault', async (t) => {
  const { port } = await startOpenGateway(t, (_request, response) => { writeBody(response, { written: 0 }) }, { idleTimeout: '100ms' })
  const response = await responseTo(ask(port).end())
  await delay(400)
  t.equal(await hashOf(response), expected)
})

t.test('an answer may come before the upload has ended', async (t) => {
  const { port } = await startOpenGateway(t, (request, response) => {
    request.resume()
    response.writeHead(413, { connection: 'close' }).end('too large')
  })
  const request = ask(port, { method: 'POST', headers: { 'content-length': String(size) } }).on('error', () => {})
  request.write(block)
  const response = await responseTo(request)
  t.equal(response.statusCode, 413)
  t.equal(String(await response.toArray()), 'too large')
  request.destroy()
})

t.test('a connection serves one request after another, whatever became of the first', async (t) => {
  const { port } = await startOpenGateway(t, async (request, response) => { response.end(String(await request.toArray())) })
  const socket = connect({ port, host: '127.0.0.1' }).setEncoding('latin1')
  const post = (body: string) => `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  socket.write(`${post('first')}${post('second')}GET /a%2fb HTTP/1.1\r\nHost: localhost\r\n\r\n${post('third').replace('Host: localhost', 'Host: localhost\r\nConnection: close')}`)
  const text = (await socket.toArray()).join('')
  t.strictSame(text.match(/HTTP\/1\.1 \d+|first|second|third/g), ['HTTP/1.1 200', 'first', 'HTTP/1.1 200', 'second', 'HTTP/1.1 400', 'HTTP/1.1 200', 'third'])
})
