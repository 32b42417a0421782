/** WebSockets: the handshake goes to the application first, then bytes go both ways at the pace of the slower side. */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { json } from 'node:stream/consumers'
import { test } from 'tap'
import { samplesOf, scrape, untilCounted } from '../admin/scrape.ts'
import { startGateway } from '../support/gateway.ts'
import { exchange, isRefused, parseMessage, statusOf } from '../support/raw-socket.ts'
import { startByteRecorder } from '../support/upstream.ts'
import { connectWebSocket, openWebSocket, refusalOf, startWebSocketUpstream } from '../support/web-sockets.ts'
import { startGatewayProcess } from './gateway-process.ts'
import { startOpenGateway, startRecordedGateway } from './open-gateway.ts'

const mebibyte = 1024 * 1024

test('a WebSocket is opened at the application, under the very address, with its protocol and extensions', async (t) => {
  const upstream = await startWebSocketUpstream(t)
  const { port } = await startOpenGateway(t, upstream.url)
  const socket = await openWebSocket(t, port, '/live/caf%E9?room=1&x=%2F', { headers: { 'x-app': 'mine', origin: 'https://any.example' } })
  socket.send('hello')
  t.equal(String((await once(socket, 'message'))[0]), 'hello')
  const [handshake] = upstream.handshakes
  t.equal(handshake?.url, '/live/caf%E9?room=1&x=%2F')
  t.match(handshake?.headers, { upgrade: 'websocket', 'x-app': 'mine', origin: 'https://any.example', 'x-forwarded-for': '127.0.0.1', 'sec-websocket-extensions': /permessage-deflate/ })
  t.match(socket.extensions, 'permessage-deflate', 'the application’s answer is relayed')
})

test('a hundred WebSockets at once stay apart', async (t) => {
  const upstream = await startWebSocketUpstream(t)
  const { port } = await startOpenGateway(t, upstream.url)
  const answers = await Promise.all(Array.from({ length: 100 }, async (_, index) => {
    const socket = await openWebSocket(t, port, `/${index}`, { perMessageDeflate: false })
    const sent = [randomBytes(640 * 1024), Buffer.from(`last of ${index}`)]
    const received: Buffer[] = []
    const all = new Promise<void>((resolve) => {
      socket.on('message', (data) => { if (received.push(data as Buffer) === sent.length) resolve() })
    })
    for (const message of sent) socket.send(message)
    await all
    socket.close(4000, `bye ${index}`)
    const [code, reason] = await once(socket, 'close') as [number, Buffer]
    return { isSame: Buffer.concat(received).equals(Buffer.concat(sent)), code, reason: String(reason) }
  }))
  t.strictSame(answers, Array.from({ length: 100 }, (_, index) => ({ isSame: true, code: 4000, reason: `bye ${index}` })), 'and the close frames are theirs')
})

test('64 MiB go through each way, byte for byte', async (t) => {
  const upstream = await startWebSocketUpstream(t)
  const { port } = await startOpenGateway(t, upstream.url)
  const socket = await openWebSocket(t, port, '/', { perMessageDeflate: false, maxPayload: 128 * mebibyte })
  const [sent, received] = [createHash('sha256'), createHash('sha256')]
  const chunk = randomBytes(4 * mebibyte)
  let bytes = 0
  const all = new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer) => {
      received.update(data)
      bytes += data.length
      if (bytes === 64 * mebibyte) resolve()
    })
  })
  for (let sentBytes = 0; sentBytes < 64 * mebibyte; sentBytes += chunk.length) {
    chunk.writeUInt32BE(sentBytes)
    sent.update(chunk)
    await new Promise<void>((resolve, reject) => { socket.send(Buffer.from(chunk), (error) => { if (error) reject(error); else resolve() }) })
  }
  await all
  t.equal(received.digest('hex'), sent.digest('hex'))
})

const handshake = (port: number, extra = ''): string => `GET /live HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${extra}\r\n`
const accepted = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade, X-Secret\r\nUpgrade: websocket\r\nX-Secret: s\r\nX-App: kept\r\nContent-Length: 0\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'

/** A client of bytes, and all that it has received. */
async function client (port: number, bytes: string): Promise<{ socket: Socket, received: () => string, has: (text: string) => Promise<void> }> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let received = ''
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => { received += text })
  socket.on('error', () => {})
  socket.write(bytes, 'latin1')
  return {
    socket,
    received: () => received,
    async has (text) {
      while (!received.includes(text)) await once(socket, 'data')
    }
  }
}

test('the end of one direction is passed on, and the other goes on', async (t) => {
  const recorder = await startByteRecorder(t, (socket, received) => {
    if (received.endsWith('\r\n\r\n')) {
      socket.write(accepted)
      socket.on('end', () => { socket.end('all that I know') })
    }
  })
  const { port } = await startOpenGateway(t, recorder.url)
  const { socket, received, has } = await client(port, handshake(port))
  await has('\r\n\r\n')
  socket.end('my last words')
  await once(socket, 'end')
  t.match(recorder.connections[0], /\r\n\r\nmy last words$/)
  t.match(received(), /\r\n\r\nall that I know$/, 'what came after the client had ended')
})

test('what the client sends with its handshake reaches the application behind it, and only then', async (t) => {
  const recorder = await startByteRecorder(t, (socket, received) => {
    if (received.endsWith('\r\n\r\n')) socket.write(accepted + 'first')
    else socket.end()
  })
  const { port } = await startOpenGateway(t, recorder.url)
  const { socket, received } = await client(port, handshake(port) + 'too early')
  await once(socket, 'end')
  const { startLine, headers, body } = parseMessage(received())
  t.strictSame([startLine, body], ['HTTP/1.1 101 Switching Protocols', 'first'])
  t.strictSame(headers.map(([name]) => name), ['Connection', 'Upgrade', 'X-App', 'Sec-WebSocket-Accept'], 'what is about the connection, and says so, stays')
  t.match(recorder.connections[0], /\r\n\r\ntoo early$/)
})

test('an application that refuses is quoted, and the connection ends with what was sent too early', async (t) => {
  const recorder = await startByteRecorder(t, (socket) => { socket.write('HTTP/1.1 426 Upgrade Required\r\nX-Why: version\r\nContent-Length: 3\r\n\r\nno!') })
  const { port } = await startOpenGateway(t, recorder.url)
  const answer = await exchange(port, handshake(port) + 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n')
  const { startLine, headers, body } = parseMessage(answer)
  t.strictSame([startLine, body], ['HTTP/1.1 426 Upgrade Required', 'no!'])
  t.ok(headers.some(([name, value]) => name === 'X-Why' && value === 'version'))
  t.notMatch(recorder.connections.join(''), /smuggled/)
})

test('an application that is away, breaks off or speaks another protocol is a 502', async (t) => {
  const answers = ['', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n', 'SSH-2.0-x\r\n']
  for (const answer of answers) {
    const recorder = await startByteRecorder(t, (socket) => { socket.end(answer) })
    const { port } = await startOpenGateway(t, recorder.url)
    const response = await refusalOf(connectWebSocket(t, port))
    t.equal(response.statusCode, 502, JSON.stringify(answer))
    t.match(await json(response), { status: 502, title: 'Application not reachable' })
  }
  const { port } = await startOpenGateway(t, 'http://127.0.0.1:1')
  t.equal((await refusalOf(connectWebSocket(t, port))).statusCode, 502)
})

test('when one side breaks off, the other is closed', async (t) => {
  const upstream = await startWebSocketUpstream(t)
  const { port } = await startOpenGateway(t, upstream.url)
  const first = await openWebSocket(t, port)
  const [there] = upstream.sockets
  first.terminate()
  if (there !== undefined) await once(there, 'close')
  const second = await openWebSocket(t, port)
  upstream.sockets[1]?.terminate()
  t.strictSame((await once(second, 'close'))[0], 1006)
})

test('an upgrade to anything but WebSocket is passed over: the request gets its ordinary answer', async (t) => {
  const { gateway: { port }, send } = await startRecordedGateway(t)
  const requests = ['Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n', 'Connection: Upgrade\r\nUpgrade: foo\r\n', 'Connection: close\r\nUpgrade: websocket\r\n', 'Connection: Upgrade, close\r\n']
  for (const lines of requests) {
    const { answer, received } = await send(`GET /plain HTTP/1.1\r\nHost: localhost:${port}\r\n${lines}\r\n`)
    t.equal(statusOf(answer), 200, lines)
    t.strictSame(received.headers.filter(([name, value]) => /upgrade|http2/i.test(name + value)), [], lines)
  }
})

test('a handshake with another method or with a body is an ordinary request', async (t) => {
  const { gateway: { port }, send } = await startRecordedGateway(t)
  const post = handshake(port).replace('GET', 'POST').replace('\r\n\r\n', '\r\nContent-Length: 4\r\n\r\nbody')
  const got = handshake(port, 'Content-Length: 4\r\n') + 'body'
  for (const request of [post, got]) {
    const { answer, received } = await send(request)
    t.equal(statusOf(answer), 200)
    t.equal(received.body, 'body')
    t.strictSame(received.headers.filter(([name]) => /upgrade/i.test(name)), [])
  }
})

test('when Doorward stops, whoever has a WebSocket is told by a close frame that it is going away', async (t) => {
  const upstream = await startWebSocketUpstream(t)
  const gateway = await startOpenGateway(t, upstream.url)
  const socket = await openWebSocket(t, gateway.port)
  const closed = once(socket, 'close')
  await gateway.close()
  t.strictSame((await closed)[0], 1001)
})

const goingAway = '\x88\x02\x03\xe9'
const mebibyteFrame = '\x82\x7f\0\0\0\0\0\x10\0\0'

test('the close frame comes between two frames of the application, however these arrive, or not at all', async (t) => {
  const long = 'x'.repeat(mebibyte)
  const cases: ReadonlyArray<readonly [what: string, before: string, after: string, received: string]> = [
    ['no frame', '', '', goingAway],
    ['a whole frame', '\x81\x02hi', '', `\x81\x02hi${goingAway}`],
    ['an empty frame', '\x89\0', '', `\x89\0${goingAway}`],
    ['two frames and a part of a message', '\x81\x02hi\x01\x03abc', '', `\x81\x02hi\x01\x03abc${goingAway}`],
    ['half a frame, and then its rest and another', '\x81\x04ha', 'lf\x81\x02no', `\x81\x04half${goingAway}`],
    ['half a header, and then its rest', '\x82\x7e\x01', `\0${'y'.repeat(256)}\x81`, `\x82\x7e\x01\0${'y'.repeat(256)}${goingAway}`],
    ['a masked frame, which is not allowed', '\x81\x82mask', 'hi\x81', `\x81\x82maskhi${goingAway}`],
    ['a long frame, and then its rest', mebibyteFrame, `${long}\x81\x02no`, `${mebibyteFrame}${long}${goingAway}`],
    ['half a frame whose rest never comes', '\x81\x04ha', '', '\x81\x04ha'],
    ['a close frame of its own', '\x88\x02\x03\xe8', '', '\x88\x02\x03\xe8']
  ]
  await Promise.all(cases.map(async ([what, before, after, expected]) => {
    const opened = Promise.withResolvers<Socket>()
    const recorder = await startByteRecorder(t, (socket) => {
      socket.write(accepted + before, 'latin1')
      opened.resolve(socket)
    })
    const gateway = await startOpenGateway(t, recorder.url)
    const { socket, received, has } = await client(gateway.port, handshake(gateway.port))
    const application = await opened.promise
    await has(`\r\n\r\n${before}`)
    const ended = once(socket.on('end', () => { socket.end() }), 'close')
    const closed = gateway.close()
    await until(async () => await isRefused(gateway.port))
    application.write(after, 'latin1')
    await ended
    await closed
    t.ok(parseMessage(received()).body === expected, what)
  }))
})

test('a client that does not answer a close frame is not waited for', async (t) => {
  const recorder = await startByteRecorder(t, (socket) => { socket.write(accepted) })
  const gateway = await startOpenGateway(t, recorder.url)
  const { socket, has } = await client(gateway.port, handshake(gateway.port))
  t.teardown(() => { socket.destroy() })
  await has('\r\n\r\n')
  await gateway.close()
  await has(goingAway)
  t.pass()
})

test('a handshake behind another request of its connection is an ordinary request, and harms nobody', async (t) => {
  const upstream = await startWebSocketUpstream(t)
  const { port, origin } = await startOpenGateway(t, upstream.url)
  for (const before of ['GET /x HTTP/1.1', 'GET /oidc/login HTTP/1.1', 'GET /oidc/jwks HTTP/1.1']) {
    const { socket, received } = await client(port, `${before}\r\nHost: localhost\r\n\r\n${handshake(port)}`)
    await once(socket, 'end')
    t.equal(received().match(/HTTP\/1\.1 \d{3}/g)?.length, 2, before)
    t.notMatch(received(), / 101 /)
    socket.destroy()
  }
  t.strictSame(upstream.handshakes, [])
  t.equal((await fetch(`${origin}/oidc/jwks`)).status, 200, 'Doorward lives')
})

test('a refused handshake gives its connection up, whatever the client sends behind it and never closes', async (t) => {
  const recorder = await startByteRecorder(t, (socket) => { socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n') })
  const gateway = await startGatewayProcess(t, recorder.url)
  const before = await gateway.sockets()
  const clients = await Promise.all(['', 'late', 'x'.repeat(100_000)].flatMap((late) => [late, late, late]).map(async (late) => {
    const socket = connect({ path: gateway.socket, allowHalfOpen: true })
    socket.on('error', () => {})
    socket.resume().write(handshake(1) + late)
    await once(socket, 'end')
    return socket
  }))
  t.teardown(() => { for (const socket of clients) socket.destroy() })
  // The connection to the application may stay, for the next request.
  await until(async () => await gateway.sockets() <= before + 9)
  t.pass('nothing is held for clients that hold on')
  for (const socket of clients) socket.destroy()
})

test('a client that leaves before the application has answered its handshake is noticed', async (t) => {
  const closed = Promise.withResolvers<undefined>()
  const asked = Promise.withResolvers<undefined>()
  const recorder = await startByteRecorder(t, (socket) => {
    socket.on('close', () => { closed.resolve(undefined) })
    asked.resolve(undefined)
  })
  const { port } = await startOpenGateway(t, recorder.url)
  const { socket } = await client(port, handshake(port))
  await asked.promise
  socket.end()
  await closed.promise
  t.pass()
})

test('a tunnel of which one half has ended ends when nothing comes through the other', async (t) => {
  for (const first of ['client', 'application'] as const) {
    const recorder = await startByteRecorder(t, (socket, received) => {
      if (!received.endsWith('\r\n\r\n')) return
      socket.write(accepted)
      if (first === 'application') socket.end()
    }, { allowHalfOpen: true })
    const { port, admin } = await startGateway(t, { issuer: 'http://localhost:1', upstream: recorder.url, configuration: { access: { default: 'anonymous' }, server: { clientTimeout: '100ms' } } })
    const { socket, has } = await client(port, handshake(port))
    t.teardown(() => { socket.destroy() })
    await has('\r\n\r\n')
    await untilCounted(admin, 'doorward_websockets_open', '', 1)
    if (first === 'client') socket.end()
    await until(async () => samplesOf(await scrape(admin), 'doorward_websockets_open')[''] === 0)
    t.pass(first)
  }
})

async function until (isSo: () => Promise<boolean>): Promise<void> {
  while (!await isSo()) await new Promise((resolve) => { setTimeout(resolve, 20) })
}
