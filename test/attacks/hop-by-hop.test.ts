/** What concerns one connection and is taken for a part of the message, in both directions (RFC 9110 section 7.6.1, CVE-2024-45410, CVE-2026-29054, CVE-2026-33805). */
import t from 'tap'
import { startRecordedGateway } from '../proxy/open-gateway.ts'
import { exchange, parseMessage, requestText, statusOf, valuesOf } from '../support/raw-socket.ts'
import { signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'
import { folded, spelled } from '../support/spellings.ts'
import { answerOnce, startByteRecorder } from '../support/upstream.ts'

const mark = 'of-this-connection'
const names = ['Connection', 'Proxy-Connection', 'Keep-Alive', 'TE', 'Trailer', 'Proxy-Authenticate', 'Proxy-Authorization', 'Proxy-Authentication-Info', 'Transfer-Encoding', 'Content-Length', 'Upgrade', 'Host', 'Expect']
/** What frames the message, or says where it goes, is no field about the connection while it is spelled well. */
const meant = new Set(['transfer-encoding', 'content-length', 'upgrade', 'host', 'expect'])
const fields = spelled(names).filter((name) => !meant.has(name.toLowerCase())).map((name) => [name, mark] as const)

const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n'
const ways: Readonly<Record<string, (lines: string) => string>> = {
  'a page': (lines) => `GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${lines}\r\n`,
  'the head of a page': (lines) => `HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${lines}\r\n`,
  'a preflight': (lines) => `OPTIONS / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nOrigin: https://evil.example\r\nAccess-Control-Request-Method: PUT\r\n${lines}\r\n`,
  'an upload with its length': (lines) => `POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${lines}Content-Length: 4\r\n\r\nbody`,
  'an upload in chunks': (lines) => `PUT / HTTP/1.1\r\nHost: localhost\r\n${lines}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n`,
  'an upload that waits': (lines) => `POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue\r\n${lines}Content-Length: 4\r\n\r\nbody`,
  'an upgrade': (lines) => `GET / HTTP/1.1\r\nHost: localhost\r\n${upgrade}${lines}\r\n`,
  'HTTP/1.0': (lines) => `GET / HTTP/1.0\r\nHost: localhost\r\n${lines}\r\n`
}

t.test('E5: Proxy-Authorization and its like never reach the application, in any spelling, on any way', async (t) => {
  const { send } = await startRecordedGateway(t)
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  for (const [way, request] of Object.entries(ways)) {
    const { answer, received } = await send(request(`${lines}X-Kept: yes\r\n${lines}`))
    t.equal(statusOf(answer.replace('HTTP/1.1 100 Continue\r\n\r\n', '')), 200, way)
    t.strictSame(received.headers.filter(([, value]) => value.includes(mark)), [], way)
    t.strictSame(valuesOf(received, 'x-kept'), ['yes'], way)
    for (const name of ['host', 'content-length', 'transfer-encoding']) {
      t.ok(received.headers.filter(([each]) => folded(each) === name).every(([each]) => each.toLowerCase() === name), `${way}: nothing beside ${name}`)
    }
  }
})

/** Whoever names these as fields of the connection would rather have them away. */
const namedAway = [
  'Host', 'Content-Length', 'Transfer-Encoding', 'Content-Length, Transfer-Encoding, Host', 'Cookie', 'Expect', 'Authorization', 'X-Forwarded-For, x-forwarded-host, FORWARDED, X-Request-Id', 'Connection', 'close, connection', '__proto__', 'constructor, toString, hasOwnProperty', '*', '"x-forwarded-for"', 'x-forwarded-for;q=1', ', , ,', `${'x,'.repeat(5_000)}x-forwarded-for`
]

t.test('naming a header in Connection takes away neither the framing nor anything of ours', async (t) => {
  const { send } = await startRecordedGateway(t)
  const own = { host: ['localhost'], 'x-forwarded-for': ['127.0.0.1'], 'x-forwarded-host': ['localhost'], 'x-forwarded-proto': ['http'] }
  for (const tokens of namedAway) {
    for (const [way, request] of Object.entries(ways)) {
      const { answer, received } = await send(request(`Connection: ${tokens}\r\n__proto__: a\r\nconstructor: b\r\n`))
      const title = `${way}: ${tokens.slice(0, 60)}`
      t.equal(statusOf(answer.replace('HTTP/1.1 100 Continue\r\n\r\n', '')), 200, title)
      t.strictSame(Object.fromEntries(Object.keys(own).map((name) => [name, valuesOf(received, name)])), own, title)
      t.equal(valuesOf(received, 'x-request-id').length, 1, title)
      t.equal(received.body, /^P/.test(request('')) ? 'body' : '', title)
      t.equal(valuesOf(received, 'content-length').length + valuesOf(received, 'transfer-encoding').length, received.body === '' ? 0 : 1, `${title}: framed once, or not at all`)
    }
  }
})

const responseNames = ['Proxy-Connection', 'Keep-Alive', 'TE', 'Trailer', 'Upgrade', 'Proxy-Authenticate', 'Proxy-Authorization', 'Proxy-Authentication-Info']
const responseLines = responseNames.flatMap((name) => [name, name.toLowerCase(), name.toUpperCase()]).map((name) => `${name}: ${mark}\r\n`).join('')
const statuses = ['200 OK', '204 No Content', '206 Partial Content', '301 Moved Permanently', '304 Not Modified', '401 Unauthorized', '404 Not Found', '407 Proxy Authentication Required', '426 Upgrade Required', '500 Internal Server Error', '599 Odd']

t.test('E4: what concerns the application’s connection never reaches the client, whatever the status', async (t) => {
  let status = ''
  const { send } = await startRecordedGateway(t, () => `HTTP/1.1 ${status}\r\n${responseLines}connection: X-Secret , ${mark}\r\nCONNECTION: close\r\nx-SECRET: ${mark}\r\n__proto__: kept\r\nconstructor: kept\r\nX-Kept: kept\r\nContent-Length: 0\r\n\r\n`)
  for (status of statuses) {
    for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS']) {
      const { answer } = await send(requestText(method, '/'))
      t.equal(statusOf(answer), Number.parseInt(status), `${method} ${status}`)
      t.notMatch(answer, mark, `${method} ${status}`)
      t.strictSame(['__proto__', 'constructor', 'x-kept'].flatMap((name) => valuesOf(parseMessage(answer), name)), ['kept', 'kept', 'kept'], `${method} ${status}`)
    }
  }
})

t.test('E4: an answer whose framing is named in Connection is whole all the same', async (t) => {
  const responses = [
    'Connection: close, Content-Length\r\nContent-Length: 4\r\n\r\nbody',
    'Connection: close, Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n',
    'Connection: content-length, close, __proto__, constructor\r\ncontent-length: 4\r\n\r\nbody'
  ]
  for (const response of responses) {
    const { send } = await startRecordedGateway(t, () => `HTTP/1.1 200 OK\r\n${response}`)
    const message = parseMessage((await send(requestText('GET', '/'))).answer)
    t.equal(valuesOf(message, 'content-length').length + valuesOf(message, 'transfer-encoding').length, 1, response)
    t.match(message.body, /^(4\r\nbody\r\n0\r\n\r\n|body)$/, response)
  }
})

t.test('an application can’t take Doorward’s own cookie for a field of its connection', async (t) => {
  const clock = { now: Date.now() }
  const recorder = await startByteRecorder(t, answerOnce('HTTP/1.1 200 OK\r\nConnection: close, Set-Cookie, Cache-Control\r\nSet-Cookie: gone=1\r\nContent-Length: 2\r\n\r\nok'))
  const { gateway } = await startRogueGateway(t, { upstream: recorder.url, now: () => clock.now })
  const cookie = await signedInCookie(gateway)
  clock.now += 10 * 60 * 1000
  const message = parseMessage(await exchange(gateway.port, requestText('GET', '/', [['Cookie', cookie]])))
  t.match(valuesOf(message, 'set-cookie'), [/^doorward=/])
  t.match(valuesOf(message, 'cache-control'), [/private/])
})
