/** Answers that come before the whole of the upload: they arrive, the rest is not read for ever, and nobody is left waiting. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import t, { type Test, test } from 'tap'
import { makeCertificates } from '../support/certificates.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { missingPart, partPath } from '../support/parts.ts'
import { exchange, parseMessage, statusOf, valuesOf } from '../support/raw-socket.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

const mebibyte = 1024 * 1024
const gibibyte = 1024 * mebibyte
/** What is read of the rest, and what may wait in the buffers of the system: little of a gibibyte. */
const mostTaken = 64 * mebibyte
const block = Buffer.alloc(mebibyte, 'x')

interface Setting {
  readonly upstream: Upstream
  readonly gateway: TestGateway
}

const refusals: Readonly<Record<string, number>> = { '/private': 401, '/denied': 403, '/oidc/nothing': 404, '/small': 413 }

/** The application answers at once and hears out nobody. */
async function start (t: Test, server: Record<string, unknown> = {}, publicUrl?: string): Promise<Setting> {
  const upstream = await startUpstream(t, (_request, response) => { response.writeHead(200, { 'content-length': 6 }).end('enough') })
  const rules = [{ path: '/denied', deny: true }, { path: '/small', maxBody: '10B', allow: 'anonymous' }, { path: '/open/**', allow: 'anonymous' }]
  const gateway = await startGateway(t, {
    issuer: 'http://localhost:1',
    upstream: upstream.url,
    configuration: { server, access: { rules } },
    ...(publicUrl !== undefined && { publicUrl })
  })
  return { upstream, gateway }
}

interface Upload {
  readonly answer: string
  /** Bytes that the system took from the client. */
  readonly sent: number
  /** The connection was closed in good order before anything else became of it. */
  readonly isEnded: boolean
}

/** Sends as much as the other side takes, up to so many bytes, and does not care for the answer until it can send no more. */
async function pour (socket: Socket, head: string, bytes: number): Promise<Upload> {
  const received: Buffer[] = []
  const state = { isEnded: false, isClosed: false }
  const over = new Promise<void>((resolve) => {
    socket.on('data', (part: Buffer) => { received.push(part) })
    socket.on('end', () => { state.isEnded = true })
    socket.on('error', () => {})
    socket.on('close', () => {
      state.isClosed = true
      resolve()
    })
  })
  socket.write(head)
  for (let sent = 0; sent < bytes && !state.isClosed; sent += block.length) {
    await Promise.race([over, new Promise((resolve) => { socket.write(block, resolve) })])
  }
  socket.end()
  await over
  return { answer: Buffer.concat(received).toString('latin1'), sent: socket.bytesWritten - socket.writableLength, isEnded: state.isEnded }
}

function assertWhole (t: Test, answer: string, status: number, name: string): void {
  const message = parseMessage(answer)
  t.equal(statusOf(answer), status, name)
  t.equal(String(message.body.length), valuesOf(message, 'content-length')[0], `${name}: the whole answer`)
}

const clientOf = ({ port }: TestGateway): Socket => connect({ port, host: '127.0.0.1', allowHalfOpen: true })

const framings: Readonly<Record<string, string>> = {
  'with its length': `Content-Length: ${gibibyte}\r\n\r\n`,
  'that is the last': `Content-Length: ${gibibyte}\r\nConnection: close\r\n\r\n`,
  'that waits to be asked for and comes all the same': `Content-Length: ${gibibyte}\r\nExpect: 100-continue\r\n\r\n`,
  'in one large chunk': `Transfer-Encoding: chunked\r\n\r\n${gibibyte.toString(16)}\r\n`,
  'with an expectation that nobody knows': `Content-Length: ${gibibyte}\r\nExpect: the unexpected\r\n\r\n`
}

test('of an upload that is refused, little more is read than what is under way', async (t) => {
  const { upstream, gateway } = await start(t)
  for (const [path, status] of Object.entries(refusals)) {
    for (const [framing, lines] of Object.entries(framings)) {
      const name = `${path}, a body ${framing}`
      const expected = lines.includes('unexpected') ? 417 : path === '/small' && lines.includes('chunked') ? 200 : status
      if (expected === 200) continue
      const { answer, sent, isEnded } = await pour(clientOf(gateway), `PUT ${path} HTTP/1.1\r\nHost: localhost\r\n${lines}`, gibibyte)
      assertWhole(t, answer, expected, name)
      t.match(valuesOf(parseMessage(answer), 'connection'), ['close'], `${name}: says that it is the last`)
      t.ok(isEnded, `${name}: the connection is closed, not cut, before the rest is given up`)
      t.ok(sent < mostTaken, `${name}: ${Math.round(sent / mebibyte)} MiB were taken`)
    }
  }
  t.equal(upstream.requests.length, 0, 'and the application hears nothing')
})

test('of an upload that is cut off, or that the application answers early, too', async (t) => {
  const { gateway } = await start(t)
  const early = await pour(clientOf(gateway), `PUT /open HTTP/1.1\r\nHost: localhost\r\n${framings['with its length']}`, gibibyte)
  const cut = await pour(clientOf(gateway), `PUT /small HTTP/1.1\r\nHost: localhost\r\n${framings['in one large chunk']}`, gibibyte)
  for (const [{ answer, sent, isEnded }, statuses] of [[early, [200]], [cut, [200, 413]]] as const) {
    assertWhole(t, answer, statuses.find((status) => status === statusOf(answer)) ?? 0, 'answered')
    t.ok(isEnded && sent < mostTaken, `${Math.round(sent / mebibyte)} MiB were taken`)
  }
})

test('over TLS, too', { skip: missingPart('openssl') }, async (t) => {
  const { ca, certFile, keyFile } = await makeCertificates(t)
  const { gateway } = await start(t, { tls: { certFile, keyFile } }, 'https://localhost')
  for (const [path, status] of Object.entries({ ...refusals, '/open': 200 })) {
    const socket = connectTls({ port: gateway.port, host: '127.0.0.1', servername: 'localhost', ca })
    const { answer, sent, isEnded } = await pour(socket, `PUT ${path} HTTP/1.1\r\nHost: localhost\r\n${framings['with its length']}`, gibibyte)
    assertWhole(t, answer, status, path)
    t.ok(isEnded && sent < mostTaken, `${Math.round(sent / mebibyte)} MiB were taken`)
  }
})

/** Sends it all, and only then looks for the answer. */
async function sendFirst (socket: Socket, path: string, bytes: number): Promise<string> {
  const failed = new Promise<string>((resolve) => { socket.on('error', (error) => { resolve(String(error)) }) })
  socket.pause().write(`PUT ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${bytes}\r\n\r\n`)
  await new Promise((resolve) => { socket.end(Buffer.alloc(bytes), () => { resolve(undefined) }) })
  return await Promise.race([failed, socket.setEncoding('latin1').toArray().then((parts) => parts.join(''))])
}

test('a client that sends everything before it looks at the answer finds it', { skip: missingPart('openssl') }, async (t) => {
  const { ca, certFile, keyFile } = await makeCertificates(t)
  const [{ gateway: plain }, { gateway: secure }] = [await start(t), await start(t, { tls: { certFile, keyFile } }, 'https://localhost')]
  for (const path of [...Object.keys(refusals), '/open']) {
    for (const socket of [clientOf(plain), connectTls({ port: secure.port, host: '127.0.0.1', servername: 'localhost', ca })]) {
      assertWhole(t, await sendFirst(socket, path, 8 * mebibyte), refusals[path] ?? 200, path)
    }
  }
})

test('the answer does not wait for a body that does not come', async (t) => {
  const { gateway, upstream } = await start(t)
  for (const [path, status] of Object.entries(refusals)) {
    for (const lines of ['', 'Expect: 100-continue\r\n']) {
      const answer = await exchange(gateway.port, `PUT ${path} HTTP/1.1\r\nHost: localhost\r\n${lines}Content-Length: ${gibibyte}\r\n\r\n`)
      assertWhole(t, answer, status, path + lines)
    }
  }
  t.equal(upstream.requests.length, 0)
})

/** The answer to a request, and what comes after its body has been sent together with another request. */
async function sendInParts ({ port }: TestGateway, path: string, length: number): Promise<[string, string]> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  // undici sends the head of a request together with the first of its body.
  socket.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\nx`)
  const [answer] = await once(socket, 'data') as [string]
  socket.write('x'.repeat(length - 1) + 'GET /open/behind HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  return [answer, (await socket.toArray()).join('')]
}

test('what comes behind the body of a refused request is served if the body is short, and else never', async (t) => {
  const { gateway, upstream } = await start(t)
  for (const [path, status] of Object.entries({ ...refusals, '/open': 200 })) {
    t.strictSame((await sendInParts(gateway, path, 100_000)).map(statusOf), [status, 0], path)
    t.strictSame((await sendInParts(gateway, path, 1000)).map(statusOf), [status, 200], path)
  }
  t.equal(upstream.requests.filter(({ url }) => url === '/open/behind').length, 5)
})

test('whoever goes on sending, however slowly, is cut off in the end', async (t) => {
  const { gateway } = await start(t)
  const socket = clientOf(gateway).on('error', () => {}).resume()
  socket.write(`PUT /private HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${gibibyte}\r\n\r\n`)
  const closed = new Promise((resolve) => { socket.on('close', resolve) })
  await once(socket, 'end')
  const drip = setInterval(() => { socket.write('x') }, 100)
  t.teardown(() => { clearInterval(drip) })
  await closed
})

t.test('curl is told at once that an upload is refused', { skip: missingPart('curl') }, async (t) => {
  const { gateway, upstream } = await start(t)
  const folder = await mkdtemp(join(tmpdir(), 'doorward-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'sparse')
  await writeFile(file, '')
  await truncate(file, gibibyte)
  for (const [path, status] of Object.entries(refusals)) {
    for (const expect of ['Expect: 100-continue', 'Expect:']) {
      const target = `http://127.0.0.1:${gateway.port}${path}`
      const { stdout } = await promisify(execFile)(partPath('curl'), ['-sS', '-q', '--noproxy', '*', '-H', expect, '-T', file, '-o', '/dev/null', '-w', '%{http_code} %{size_upload}', target])
      const [code, sent] = stdout.split(' ').map(Number)
      t.equal(code, status, `${path} ${expect}`)
      t.ok(Number(sent) < mostTaken, `${Math.round(Number(sent) / mebibyte)} MiB were sent`)
    }
  }
  t.equal(upstream.requests.length, 0)
})
