/** Bodies far larger than any memory: every byte arrives, and Doorward holds a few of them at a time. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { type Test, test } from 'tap'
import { startGatewayProcess } from './gateway-process.ts'

const mebibyte = 1024 * 1024
/** The whole takes two cores half a minute, which CI alone has to spare. What does not flow shows in much less. */
const size = (process.env.TEST_REQUIRE === 'all' ? 2048 : 256) * mebibyte
const transfers = ['PUT', 'GET', 'PUT', 'GET'] as const
const mostGrowth = transfers.length * 32 * mebibyte

/** Not a power of two: blocks that are lost, doubled or swapped would else look like those in their place. */
const period = 1_000_003
const pattern = randomBytes(period)
const twice = Buffer.concat([pattern, pattern])

/** Writes the pattern over and over, as fast as it is taken. */
async function writePattern (socket: Socket, size: number): Promise<void> {
  for (let sent = 0; sent < size; sent += period) {
    if (!socket.write(pattern.subarray(0, Math.min(period, size - sent)))) await once(socket, 'drain')
  }
}

interface PatternReader {
  take (chunk: Buffer): void
  /** Resolves once a whole message has come; rejects where its body is not the pattern. */
  readonly whole: Promise<string>
  fail (error: Error): void
}

/** Reads one message whose body is the pattern, without holding more of it than its header section. */
function createReader (size: number): PatternReader {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let [header, bytes] = ['', 0]
  const takeBody = (body: Buffer): void => {
    const at = bytes % period
    if (body.length > 0 && body.compare(twice, at, at + body.length) !== 0) reject(new Error(`other bytes than were sent, after ${bytes}`))
    bytes += body.length
    if (bytes === size) resolve(header)
  }
  return {
    whole: promise,
    fail: reject,
    take (chunk) {
      if (header.endsWith('\r\n\r\n')) {
        takeBody(chunk)
        return
      }
      const text = header + chunk.toString('latin1')
      const end = text.indexOf('\r\n\r\n') + 4
      const inChunk = end < 4 ? chunk.length : end - header.length
      header = end < 4 ? text : text.slice(0, end)
      takeBody(chunk.subarray(inChunk))
    }
  }
}

/** An application of few words, one request a connection, which keeps up with anybody: takes the pattern, or sends it. */
async function startApplication (t: Test): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).once('data', (head: Buffer) => {
      const [, method, bytes] = /^(PUT|GET) \/(\d+) /.exec(head.toString('latin1')) ?? []
      const size = Number(bytes)
      if (method === 'PUT') {
        const reader = createReader(size)
        reader.whole.then(() => { socket.write('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n') }, () => { socket.destroy() })
        reader.take(head)
        socket.on('data', reader.take)
        return
      }
      socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`)
      writePattern(socket, size).catch(() => {})
    })
  }).listen(0, '127.0.0.1')
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The first line of the answer to an upload. */
async function upload (path: string, size: number): Promise<string> {
  const socket = connect(path)
  const answered = once(socket, 'data')
  socket.write(`PUT /${size} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${size}\r\n\r\n`)
  await writePattern(socket, size)
  const [answer] = await answered as [Buffer]
  socket.destroy()
  return answer.toString('latin1').split('\r\n', 1).join()
}

/** The first line of the answer, once its body has come, into the same memory over and over. */
async function download (path: string, size: number): Promise<string> {
  const reader = createReader(size)
  const onread = {
    buffer: Buffer.alloc(mebibyte / 2),
    callback (length: number, bytes: Uint8Array) {
      reader.take(Buffer.from(bytes.buffer, bytes.byteOffset, length))
      return true
    }
  }
  const socket = connect({ path, onread })
  socket.on('close', () => { reader.fail(new Error('closed before the end')) })
  socket.write(`GET /${size} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  const header = await reader.whole
  socket.destroy()
  return header.split('\r\n', 1).join()
}

test(`bodies of ${size / mebibyte} MiB, two up and two down at once, take little memory`, async (t) => {
  const { socket, memory } = await startGatewayProcess(t, await startApplication(t))
  const transferAll = async (bytes: number): Promise<string[]> => await Promise.all(transfers.map(async (method) => await (method === 'PUT' ? upload(socket, bytes) : download(socket, bytes))))
  // What a process takes once, when it is first at work, is not what the bodies take.
  await transferAll(64 * mebibyte)
  const before = await memory()
  let most = before
  const sampling = setInterval(() => { memory().then((bytes) => { most = Math.max(most, bytes) }, () => {}) }, 100)
  t.teardown(() => { clearInterval(sampling) })
  const answers = await transferAll(size)
  clearInterval(sampling)
  t.strictSame(answers, transfers.map((method) => method === 'PUT' ? 'HTTP/1.1 204 No Content' : 'HTTP/1.1 200 OK'))
  t.ok(most - before < mostGrowth, `${Math.round((most - before) / mebibyte)} MiB of memory`)
})
