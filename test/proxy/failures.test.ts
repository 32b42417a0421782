/** An application that is gone, late, half dead or not who it says: an honest answer, which tells nothing about the inside. */
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { type AddressInfo, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { listenOnLoopback } from '../../demo/loopback.ts'
import { samplesOf, scrape } from '../admin/scrape.ts'
import { type Answer, Browser } from '../support/browser.ts'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { freePort } from '../support/gateway.ts'
import { missingPart } from '../support/parts.ts'
import { exchange, parseMessage, requestText, statusOf } from '../support/raw-socket.ts'
import { startByteRecorder, startUpstream } from '../support/upstream.ts'
import { startOpenGateway } from './open-gateway.ts'

/** Nothing that only somebody inside should know. */
const inside = /ECONN|ENOTFOUND|EAI_|UND_ERR|ERR_TLS|SELF_SIGNED|CERT|127\.0\.0\.1|invalid\b.*host|undici|node:|at .+:\d+:\d+/i

function assertSilent (t: Test, answer: Answer, status: number, secrets: readonly string[]): void {
  t.equal(answer.status, status)
  t.notMatch(answer.text.replaceAll(/<style>.*<\/style>/gs, ''), inside)
  const sent = [answer.text, ...answer.rawHeaders].join('\n')
  for (const secret of secrets) t.notOk(sent.includes(secret), `does not say ${secret}`)
  t.equal(answer.headers['cache-control'], 'no-store')
}

/** The answers for a person and for a program, both without a word about the inside. */
async function assertProblem (t: Test, origin: string, status: number, code: string, secrets: readonly string[]): Promise<void> {
  const page = await new Browser().get(`${origin}/x`)
  assertSilent(t, page, status, secrets)
  t.match(page.headers['content-type'], /^text\/html/)
  const data = await new Browser().get(`${origin}/x`, { program: true, method: 'POST', body: 'x' })
  assertSilent(t, data, status, secrets)
  t.match(data.headers['content-type'], /^application\/problem\+json/)
  t.match(data.json(), { status, code, type: `urn:doorward:problem:${code}`, request_id: /^[0-9a-f-]{36}$/ })
}

t.test('E10: an application that refuses the connection', async (t) => {
  const port = await freePort()
  const { origin, logs } = await startOpenGateway(t, `http://127.0.0.1:${port}`)
  await assertProblem(t, origin, 502, 'upstream_failed', [String(port)])
  t.match(logs.join(''), /"event":"request.problem","code":"upstream_failed".*ECONNREFUSED/, 'the log says why')
  t.notMatch(logs.join(''), '"stack"', 'and not where in the program: every request brings such a line')
})

t.test('an application whose name nobody knows', async (t) => {
  const { origin, logs } = await startOpenGateway(t, 'http://no-such-application.invalid')
  await assertProblem(t, origin, 502, 'upstream_failed', ['no-such-application'])
  t.match(logs.join(''), /ENOTFOUND|EAI_AGAIN/)
})

t.test('an application that does not answer in time', async (t) => {
  const ended: Array<Promise<unknown>> = []
  const upstream = await startUpstream(t, (_request, response) => { ended.push(once(response, 'close')) })
  const { origin } = await startOpenGateway(t, upstream.url, { responseTimeout: '100ms' })
  await assertProblem(t, origin, 504, 'upstream_timeout', [String(upstream.port)])
  t.equal(ended.length, 2)
  await Promise.all(ended)
})

/** What the metrics call it, and bytes in place of an answer; without any the connection is closed. */
const nonsense: Readonly<Record<string, readonly [reason: string, response?: string]>> = {
  nothing: ['connection_lost'],
  'no HTTP': ['response_invalid', 'SSH-2.0-OpenSSH_9.6\r\n'],
  'a status that is none': ['response_invalid', 'HTTP/1.1 99999 X\r\n\r\n'],
  'half a header': ['connection_lost', 'HTTP/1.1 200 OK\r\nX-Ha'],
  'two lengths': ['response_invalid', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'],
  'a length and chunks': ['response_invalid', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
  'a header with a NUL': ['response_invalid', 'HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 2\r\n\r\nok'],
  'headers without end': ['response_invalid', `HTTP/1.1 200 OK\r\n${'X-A: '.padEnd(1000, 'a').concat('\r\n').repeat(300)}`]
}

function respond (socket: Socket, response: string | undefined): void {
  if (response === undefined) socket.destroy()
  else socket.end(response, 'latin1')
}

for (const [name, [reason, response]] of Object.entries(nonsense)) {
  t.test(`an application that answers with ${name}`, async (t) => {
    const recorder = await startByteRecorder(t, (socket) => { respond(socket, response) })
    const { origin, admin, logs } = await startOpenGateway(t, recorder.url)
    await assertProblem(t, origin, 502, 'upstream_failed', [String(recorder.port)])
    t.equal(samplesOf(await scrape(admin), 'doorward_upstream_errors_total')[`{upstream="/",reason="${reason}"}`], 2)
    t.match(logs.join(''), `127.0.0.1:${recorder.port}: `, 'the log says which application it was')
  })
}

const cutBodies: Readonly<Record<string, string>> = {
  'with its length': 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf',
  'in chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
  'in the middle of a chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf',
  'with a chunk that is none': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nxyz\r\n'
}

for (const [framing, response] of Object.entries(cutBodies)) {
  for (const how of ['end', 'destroy'] as const) {
    t.test(`a body ${framing} that breaks off (${how}) is never made to look whole`, async (t) => {
      const recorder = await startByteRecorder(t, (socket) => { socket.write(response, 'latin1', () => { socket[how]() }) })
      const { port, origin, logs } = await startOpenGateway(t, recorder.url)
      const { body, headers } = parseMessage(await exchange(port, requestText('GET', '/')))
      const isChunked = headers.some(([name]) => name.toLowerCase() === 'transfer-encoding')
      t.notOk(isChunked && body.endsWith('0\r\n\r\n'), 'no last chunk')
      t.ok(isChunked || body.length < 100, 'less than was announced')
      await t.rejects(new Browser().get(`${origin}/`), { code: 'ECONNRESET' }, 'a client sees that it is cut')
      t.match(logs.join(''), /"event":"request\.cut","code":"upstream_failed"/)
    })
  }
}

t.test('bytes after an answer belong to nobody', async (t) => {
  const recorder = await startByteRecorder(t, (socket, received) => {
    // The second answer is what an attacker hopes that the next person gets (CVE-2026-6733).
    if (received.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil')
  })
  const { port } = await startOpenGateway(t, recorder.url)
  const answers = []
  for (let round = 0; round < 5; round++) answers.push(await exchange(port, requestText('GET', `/${round}`)))
  t.ok(answers.every((answer) => statusOf(answer) === 200 && parseMessage(answer).body === 'ok'))
  t.strictSame(recorder.connections.map((text) => text.match(/GET \/\d/g)?.length), [1, 1, 1, 1, 1], 'no connection is used again')
})

/** Speaks HTTP/2 as well, to whoever asks for it. */
async function startTlsUpstream (t: Test, { cert, key }: Certificates): Promise<number> {
  const server = createSecureServer({ cert, key, allowHTTP1: true }, (request, response) => {
    response.writeHead(200, { 'set-cookie': ['a=1', 'b=2'] }).end(`over TLS, HTTP/${request.httpVersion}`)
  })
  server.listen(0, '127.0.0.1')
  t.teardown(() => { server.close() })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

t.test('E1: an application behind TLS is who its certificate says', { skip: missingPart('openssl') }, async (t) => {
  const certificates = await makeCertificates(t, ['localhost'])
  const port = await startTlsUpstream(t, certificates)
  const url = `https://localhost:${port}`

  const strict = await startOpenGateway(t, url)
  await assertProblem(t, strict.origin, 502, 'upstream_failed', [String(port)])
  t.match(strict.logs.join(''), /"code":"(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE)"/, 'by default only authorities of the system are trusted')

  const named = await startOpenGateway(t, url, { tls: { caFile: certificates.caFile } })
  const answer = await new Browser().get(`${named.origin}/`)
  t.equal(answer.text, 'over TLS, HTTP/1.1')
  t.strictSame(answer.setCookies, ['a=1', 'b=2'])

  const otherAuthority = await startOpenGateway(t, url, { tls: { caFile: (await makeCertificates(t)).caFile } })
  await assertProblem(t, otherAuthority.origin, 502, 'upstream_failed', [String(port)])

  const otherName = await startOpenGateway(t, `https://127.0.0.1:${port}`, { tls: { caFile: certificates.caFile } })
  await assertProblem(t, otherName.origin, 502, 'upstream_failed', [String(port)])
  t.match(otherName.logs.join(''), /ERR_TLS_CERT_ALTNAME_INVALID/, 'the name is that of the application, not the public one')

  const lax = await startOpenGateway(t, `https://127.0.0.1:${port}`, { tls: { verify: false } })
  t.equal((await new Browser().get(`${lax.origin}/`)).text, 'over TLS, HTTP/1.1')
})

t.test('an application behind TLS need not have the public name', { skip: missingPart('openssl') }, async (t) => {
  const certificates = await makeCertificates(t)
  const port = await startTlsUpstream(t, certificates)
  for (const host of ['127.0.0.1', 'localhost']) {
    const gateway = await startOpenGateway(t, `https://${host}:${port}`, { tls: { caFile: certificates.caFile } }, 'https://app.example.com')
    t.match(await exchange(gateway.port, requestText('GET', '/')), /over TLS, HTTP\/1\.1/, host)
  }
})

t.test('the application can go and come back', async (t) => {
  const upstream = await startUpstream(t)
  const { origin } = await startOpenGateway(t, upstream.url)
  t.equal((await new Browser().get(`${origin}/`)).status, 200)
  await upstream.close()
  t.equal((await new Browser().get(`${origin}/`)).status, 502)
  const { close } = await listenOnLoopback(createHttpServer((_request, response) => { response.end('back') }), upstream.port)
  t.teardown(close)
  t.equal((await new Browser().get(`${origin}/`)).text, 'back')
})
