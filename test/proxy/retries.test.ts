/** A connection that breaks in the very moment of its use: tried once more where nothing can happen twice. */
import { type Socket } from 'node:net'
import { test } from 'tap'
import { exchange, requestText, statusOf } from '../support/raw-socket.ts'
import { type ByteRecorder, startByteRecorder } from '../support/upstream.ts'
import { startOpenGateway } from './open-gateway.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

interface Flaky {
  readonly recorder: ByteRecorder
  /** Sends a request over a connection of its own; the status of the answer. */
  ask (request: string): Promise<number>
}

/** An application that breaks the connection where it would answer, as often as told. */
async function startFlaky (t: Parameters<typeof startOpenGateway>[0], failures: () => boolean, breakOff = (socket: Socket) => { socket.destroy() }): Promise<Flaky> {
  const recorder = await startByteRecorder(t, (socket, received) => {
    if (!/\r\n\r\n(?:body)?$/.test(received)) return
    if (failures()) breakOff(socket)
    else socket.write(ok)
  })
  const { port } = await startOpenGateway(t, recorder.url)
  return { recorder, ask: async (request) => statusOf(await exchange(port, request)) }
}

function times (count: number): () => boolean {
  return () => count-- > 0
}

test('an idempotent request without a body is sent once more when its connection breaks before any answer', async (t) => {
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']) {
    const { recorder, ask } = await startFlaky(t, times(1))
    t.equal(await ask(requestText(method, '/x')), 200, method)
    t.strictSame(recorder.connections.map((text) => text.split(' ').slice(0, 2).join(' ')), [`${method} /x`, `${method} /x`])
    t.equal(recorder.connections[0], recorder.connections[1], 'byte for byte')
  }
})

test('a connection that the application has closed while it was idle costs nobody a request', async (t) => {
  const isStale = new WeakSet<Socket>()
  const recorder = await startByteRecorder(t, (socket, received) => {
    if (!received.endsWith('\r\n\r\n')) return
    // As a server whose idle time is over the moment that the next request arrives.
    if (isStale.has(socket)) socket.resetAndDestroy()
    else socket.write(ok)
    isStale.add(socket)
  })
  const { port } = await startOpenGateway(t, recorder.url)
  for (let round = 0; round < 4; round++) t.equal(statusOf(await exchange(port, requestText('GET', `/${round}`))), 200)
})

test('it is sent once more, not again and again', async (t) => {
  const { recorder, ask } = await startFlaky(t, times(10))
  t.equal(await ask(requestText('GET', '/')), 502)
  t.equal(recorder.connections.length, 2)
})

test('what might happen twice is never sent twice', async (t) => {
  const requests = [requestText('POST', '/'), requestText('PATCH', '/'), requestText('PROPFIND', '/'), requestText('PUT', '/', [], 'body'), requestText('DELETE', '/', [], 'body')]
  for (const request of requests) {
    const { recorder, ask } = await startFlaky(t, times(1))
    t.equal(await ask(request), 502)
    t.equal(recorder.connections.length, 1, request)
  }
})

test('after the first byte of an answer nothing is sent again', async (t) => {
  for (const beginning of ['HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nha']) {
    const { recorder, ask } = await startFlaky(t, times(1), (socket) => { socket.write(beginning, () => { socket.destroy() }) })
    await ask(requestText('GET', '/'))
    t.equal(recorder.connections.length, 1, beginning)
  }
})
