/**
 * Nineteen traps of the libraries that Doorward is made of, each found by trying them as they come. A test that a trap
 * has no hold on Doorward begins with its number; those that stand here have no better place.
 */
import { globSync, readFileSync } from 'node:fs'
import t from 'tap'
import { startOpenGateway, startRecordedGateway } from '../proxy/open-gateway.ts'
import { exchange, parseMessage, requestText, statusOf, valuesOf } from '../support/raw-socket.ts'
import { signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'
import { readAnswers, startStrictUpstream } from '../support/strict-upstream.ts'
import { startByteRecorder } from '../support/upstream.ts'

const traps: Readonly<Record<string, string>> = {
  E1: 'the certificate of an upstream is not verified unless asked for',
  E2: 'Keep-Alive, Upgrade and Expect from a client end in 500',
  E3: 'X_Forwarded_User stands beside X-Forwarded-User',
  E4: 'hop-by-hop headers of a response are relayed',
  E5: 'Proxy-Connection and Proxy-Authorization go upstream',
  E6: 'the target that is decided on is not the one that is forwarded',
  E7: 'legal escapes are refused, dangerous ones forwarded',
  E8: 'a body is judged, limited or dropped by its type and its method',
  E9: 'methods beyond seven are not routed',
  E10: 'an upstream that is gone is a 500 that holds its address',
  E11: 'an upgrade is granted before the upstream has been asked, and without an identity',
  E12: 'an upgrade goes to the host that its target names',
  E13: 'a client that leaves does not stop the request upstream',
  E14: 'early hints and trailers are lost',
  E15: 'a stop waits for streams for ever, and answers 503 until then',
  E16: 'ambiguous framing is accepted',
  E17: 'a session outlives its end, and may be larger than a cookie',
  E18: 'keys are not fetched again within a minute of a rotation',
  E19: 'the signature of an ID token is not verified unless asked for'
}

t.test('each trap has its test', async (t) => {
  const names = globSync('test/**/*.test.ts').flatMap((file) => readFileSync(file, 'utf8').match(/(?<=['`])E\d+(?:, E\d+)*(?=: )/g) ?? [])
  const tested = new Set(names.flatMap((name) => name.split(', ')))
  t.strictSame(Object.keys(traps).filter((trap) => !tested.has(trap)), [])
})

const values = ['', 'timeout=5', 'timeout=5, max=1000', 'foo', 'h2c', 'websocket', 'trailers', ',', '"', '\x80\xff', 'x'.repeat(8_000), '100-continue', 'chunked, x']

t.test('E2: no header about the connection ends in an error, however odd', async (t) => {
  const { send } = await startRecordedGateway(t)
  for (const name of ['Keep-Alive', 'Upgrade', 'Connection', 'Proxy-Connection', 'TE', 'Trailer', 'HTTP2-Settings', 'Proxy-Authorization']) {
    for (const value of values) {
      const { answer, received } = await send(requestText('GET', '/x', [[name, value]]))
      const title = `${name}: ${JSON.stringify(value.slice(0, 20))}`
      t.equal(statusOf(answer), 200, title)
      t.equal(received.startLine, 'GET /x HTTP/1.1', title)
    }
  }
})

t.test('E2: an upload that waits to be asked for, as curl’s do, arrives', async (t) => {
  const upstream = await startStrictUpstream(t)
  const { port } = await startOpenGateway(t, upstream.url)
  const upload = 'x'.repeat(1_500_000)
  const answer = await exchange(port, requestText('PUT', '/x', [['Expect', '100-continue'], ['Keep-Alive', 'timeout=5']], upload))
  t.strictSame(readAnswers(answer), [{ status: 100, body: '' }, { status: 200, body: '/x' }])
  t.ok(upstream.readings()[0]?.requests[0]?.body === upload)
})

t.test('E8: a body of any type, size and method arrives', async (t) => {
  const upstream = await startStrictUpstream(t)
  const { port } = await startOpenGateway(t, upstream.url)
  const body = '{"half'.repeat(400_000)
  const kinds = [['POST', 'text/plain'], ['POST', 'application/json'], ['PUT', 'foo'], ['GET', 'application/json'], ['DELETE', 'application/x-www-form-urlencoded'], ['PATCH', 'multipart/form-data']] as const
  for (const [method, type] of kinds) t.equal(statusOf(await exchange(port, requestText(method, '/', [['Content-Type', type]], body))), 200, `${method} ${type}`)
  const requests = upstream.readings().flatMap((reading) => reading.requests)
  t.strictSame(requests.map(({ method, headers }) => [method, ...valuesOf({ headers }, 'content-type')]), kinds)
  t.ok(requests.every((request) => request.body === body), 'byte by byte')
})

const upgrade = (name: string) => [['Connection', 'Upgrade'], ['Upgrade', name], ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='], ['Sec-WebSocket-Version', '13'], ['X-Auth-User', 'evil'], ['X_Auth_User', 'evil']] as const

function upgradeText (name: string, headers: ReadonlyArray<readonly [string, string]> = []): string {
  return requestText('GET', '/socket', [...upgrade(name), ...headers]).replace('Connection: close\r\n', '')
}

t.test('E11: nobody is told of an upgrade that the application has not granted', async (t) => {
  const refusal = 'HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno'
  const recorder = await startByteRecorder(t, (socket, received) => { if (received.includes('\r\n\r\n')) socket.end(refusal) })
  const { gateway } = await startRogueGateway(t, { upstream: recorder.url })
  const cookie = await signedInCookie(gateway)
  const refused = await exchange(gateway.port, upgradeText('websocket', [['Cookie', `app=1; ${cookie}`]]))
  t.strictSame(readAnswers(refused), [{ status: 403, body: 'no' }], 'its answer is the answer')
  const asked = parseMessage(recorder.connections.splice(0).join(''))
  t.strictSame([valuesOf(asked, 'x-auth-user'), valuesOf(asked, 'x_auth_user'), valuesOf(asked, 'cookie')], [['robin'], [], ['app=1']], 'it knows who asks, and not by whose cookie')

  t.equal(statusOf(await exchange(gateway.port, upgradeText('websocket'))), 401)
  t.strictSame(recorder.connections, [], 'without a session it is not asked')

  // A connection that has become HTTP/2 carries requests that nobody has decided on.
  t.notMatch(await exchange(gateway.port, upgradeText('h2c', [['HTTP2-Settings', 'AAMAAABkAARAAAAAAAIAAAAA'], ['Cookie', cookie]])), /^HTTP\/1\.1 101/)
  t.notMatch(recorder.connections.splice(0).join(''), /h2c/i)
})

t.test('E11: an application that is gone refuses an upgrade as it refuses anything', async (t) => {
  const { gateway } = await startRogueGateway(t, { upstream: 'http://127.0.0.1:1' })
  const answer = await exchange(gateway.port, upgradeText('websocket', [['Cookie', await signedInCookie(gateway)]]))
  t.strictSame(readAnswers(answer).map(({ status }) => status), [502])
  t.notMatch(answer, /ECONN|127\.0\.0\.1/)
})

t.test('E14: what comes before and after an answer is no part of it', async (t) => {
  const early = 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\nX-Early: yes\r\nSet-Cookie: early=1\r\n\r\n'
  const before = await startRecordedGateway(t, () => `${early}HTTP/1.1 102 Processing\r\n\r\n${early}HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok`)
  const { answer } = await before.send(requestText('GET', '/'))
  t.strictSame(readAnswers(answer).filter(({ status }) => status >= 200), [{ status: 200, body: 'ok' }])
  t.notMatch(answer.slice(answer.indexOf('HTTP/1.1 200')), /early/i)

  const after = await startRecordedGateway(t, () => 'HTTP/1.1 200 OK\r\nConnection: close\r\nTrailer: X-After\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-After: yes\r\nSet-Cookie: after=1\r\nKeep-Alive: x\r\n\r\n')
  const { headers, body } = parseMessage((await after.send(requestText('GET', '/'))).answer)
  t.strictSame(headers.filter(([name]) => /^(x-after|set-cookie|keep-alive)$/i.test(name)), [])
  t.match(body, /^2\r\nok\r\n0\r\n/)
})

const chunked = 'Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n'
/** Of the request that begins with POST and a target. */
const unclear: Readonly<Record<string, string>> = {
  'HTTP/1.0 in chunks': `HTTP/1.0\r\nConnection: keep-alive\r\n${chunked}`,
  'a coding before chunked': `HTTP/1.1\r\nTransfer-Encoding: identity, chunked\r\n${chunked.slice(28)}`,
  'a compressed body': `HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n${chunked.slice(28)}`,
  'an empty coding': `HTTP/1.1\r\nTransfer-Encoding: ,chunked\r\n${chunked.slice(28)}`,
  'two lines of codings': `HTTP/1.1\r\nTransfer-Encoding: gzip\r\n${chunked}`,
  'a length beyond numbers': 'HTTP/1.1\r\nContent-Length: 9007199254740993\r\n\r\na',
  'HTTP/0.9': 'HTTP/0.9\r\n\r\n',
  'HTTP/0.9 as it was': '\r\n\r\n',
  'HTTP/2 in words': 'HTTP/2.0\r\n\r\n'
}

t.test('E16: what can be read in two ways is refused, and nothing after it is served', async (t) => {
  const { send, gateway } = await startRecordedGateway(t)
  const canary = requestText('GET', '/canary')
  for (const [name, rest] of Object.entries(unclear)) {
    for (const [target, expect] of [['/', ''], ['/oidc/session', ''], ['/oidc/%zz', ''], ['/a%2fb', ''], ['/', 'Expect: 100-continue\r\n'], ['/', 'Expect: x\r\n']] as const) {
      const bytes = `POST ${target} ${rest.replace(/^(HTTP\/1\.\d\r\n)/, `$1Host: localhost\r\n${expect}`)}`
      const { answer, received } = await send(bytes + canary)
      t.strictSame([readAnswers(answer).map(({ status }) => status), received.startLine], [[400], ''], `${name} at ${target} ${expect}`)
      t.match(answer, /^connection: close\r$/im)
    }
  }
  t.match(gateway.logs.join(''), /"code":"request_invalid"/)
  const half = `GET /x HTTP/1.1\r\nHost: localhost\r\nUpgrade: foo\r\n\r\n${canary}`
  const { answer, received } = await send(half)
  t.strictSame([readAnswers(answer).map(({ status }) => status), received.startLine, received.body], [[200], 'GET /x HTTP/1.1', ''], 'nor after what asks for an upgrade')
  t.equal(statusOf(await exchange(gateway.port, requestText('POST', '/', [['Transfer-Encoding', 'Chunked']]).concat('0\r\n\r\n'))), 200, 'what is clear passes')
})
