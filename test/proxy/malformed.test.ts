/** What is not HTTP, or HTTP that two readers read differently (RFC 9112, CVE-2022-32213 to 32215). The application gets nothing of it. */
import t from 'tap'
import { exchange, requestText, statusOf } from '../support/raw-socket.ts'
import { startRecordedGateway } from './open-gateway.ts'

const head = 'Host: localhost\r\nConnection: close\r\n'
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'

/** Refused with 400, and the connection ends. */
const refused: Readonly<Record<string, string>> = {
  'a length and chunks': `POST / HTTP/1.1\r\n${head}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  'chunks and a length': `POST / HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${smuggled}`,
  'two lengths': `POST / HTTP/1.1\r\n${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
  'the same length twice': `POST / HTTP/1.1\r\n${head}Content-Length: 2\r\nContent-Length: 2\r\n\r\nab`,
  'a list of lengths': `POST / HTTP/1.1\r\n${head}Content-Length: 2, 2\r\n\r\nab`,
  'a signed length': `POST / HTTP/1.1\r\n${head}Content-Length: +2\r\n\r\nab`,
  'a negative length': `POST / HTTP/1.1\r\n${head}Content-Length: -2\r\n\r\nab`,
  'a hexadecimal length': `POST / HTTP/1.1\r\n${head}Content-Length: 0x2\r\n\r\nab`,
  'an overflowing length': `POST / HTTP/1.1\r\n${head}Content-Length: 99999999999999999999\r\n\r\nab`,
  'an empty length': `POST / HTTP/1.1\r\n${head}Content-Length:\r\n\r\nab`,
  'an unknown transfer coding': `POST / HTTP/1.1\r\n${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`,
  'chunked not last': `POST / HTTP/1.1\r\n${head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`,
  'chunked twice': `POST / HTTP/1.1\r\n${head}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  'a chunk size that is none': `POST / HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n${smuggled}`,
  'an overflowing chunk size': `POST / HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n1ffffffffffffffff\r\na\r\n0\r\n\r\n`,
  'a chunk extension with a line feed': `POST / HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n1;a\nb\r\na\r\n0\r\n\r\n`,
  'a space before the colon': `GET / HTTP/1.1\r\n${head}Content-Length : 5\r\n\r\nabcde`,
  'a folded line': `GET / HTTP/1.1\r\n${head}X-A: a\r\n b\r\n\r\n`,
  'a folded first line': `GET / HTTP/1.1\r\n X-A: a\r\n${head}\r\n`,
  'a bare line feed in a header': `GET / HTTP/1.1\r\n${head}X-A: a\nX-Auth-User: admin\r\n\r\n`,
  'a bare carriage return in a header': `GET / HTTP/1.1\r\n${head}X-A: a\rX-Auth-User: admin\r\n\r\n`,
  'a NUL in a header': `GET / HTTP/1.1\r\n${head}X-A: a\0b\r\n\r\n`,
  'an escape character in a header': `GET / HTTP/1.1\r\n${head}X-A: a\x1bb\r\n\r\n`,
  'a header without a name': `GET / HTTP/1.1\r\n${head}: x\r\n\r\n`,
  'a header without a colon': `GET / HTTP/1.1\r\n${head}X-A\r\n\r\n`,
  'a header name with a space': `GET / HTTP/1.1\r\n${head}X Auth: a\r\n\r\n`,
  'a header name beyond ASCII': `GET / HTTP/1.1\r\n${head}X-\xc4uth: a\r\n\r\n`,
  'no Host': 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n',
  'a control character in the target': `GET /\x01 HTTP/1.1\r\n${head}\r\n`,
  'a space in the target': `GET /a b HTTP/1.1\r\n${head}\r\n`,
  'a method that nobody knows': `FOO / HTTP/1.1\r\n${head}\r\n`,
  'a method in lower case': `get / HTTP/1.1\r\n${head}\r\n`,
  'another protocol': 'SSH-2.0-OpenSSH_9.6\r\n\r\n',
  'TLS on a plain port': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'HTTP/3.7': `GET / HTTP/3.7\r\n${head}\r\n`,
  'a version that is none': `GET / HTTP/1.x\r\n${head}\r\n`,
  'HTTP/2 without its beginning': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'nothing but garbage': '\xff\xfe\x00\x01'.repeat(50)
}

t.test('what is not HTTP is refused, the application gets nothing, and the next one is served', async (t) => {
  const { gateway, connections } = await startRecordedGateway(t)
  for (const [name, bytes] of Object.entries(refused)) {
    const answer = await exchange(gateway.port, bytes)
    t.equal(statusOf(answer), 400, name)
    t.equal(answer.match(/HTTP\/1\.1 /g)?.length, 1, `${name}: one answer`)
    t.notOk(answer.includes('smuggled') || answer.includes('admin'), `${name}: nothing is repeated`)
    t.equal(connections.splice(0).join(''), '', `${name}: not a byte for the application`)
  }
  t.equal(statusOf(await exchange(gateway.port, requestText('GET', '/'))), 200)
})

t.test('headers that are too many are refused with their own status', async (t) => {
  const { gateway, connections } = await startRecordedGateway(t)
  const answer = await exchange(gateway.port, requestText('GET', '/', [['X-Long', 'x'.repeat(70_000)]]))
  t.equal(statusOf(answer), 431)
  t.strictSame(connections, [])
})

/** Legal, if unusual: what comes out is one request. */
const accepted: Readonly<Record<string, string>> = {
  'HTTP/1.0': 'GET / HTTP/1.0\r\nHost: localhost\r\n\r\n',
  'an empty line first': `\r\nGET / HTTP/1.1\r\n${head}\r\n`,
  'white space around a value': `GET / HTTP/1.1\r\n${head}X-A:\t a \t\r\n\r\n`,
  'a chunk extension': `POST / HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n1;a="b"\r\nx\r\n0\r\n\r\n`,
  trailers: `POST / HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n1\r\nx\r\n0\r\nX-Auth-User: admin\r\n\r\n`,
  'chunks in upper case': `POST / HTTP/1.1\r\n${head}TRANSFER-ENCODING: Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`,
  'names that are methods of objects': `GET / HTTP/1.1\r\n${head}__proto__: x\r\nconstructor: y\r\ntoString: z\r\n\r\n`
}

t.test('what is legal, if unusual, is one request', async (t) => {
  const { send } = await startRecordedGateway(t)
  for (const [name, bytes] of Object.entries(accepted)) {
    const { answer, received } = await send(bytes)
    t.equal(statusOf(answer), 200, name)
    t.equal(received.startLine.split(' ').slice(1).join(' '), '/ HTTP/1.1', name)
    t.notOk(received.headers.some(([header, value]) => header.toLowerCase() === 'x-auth-user' || value === 'admin'), `${name}: a trailer is no header`)
    t.ok(received.body === '' || received.body === 'x', `${name}: ${JSON.stringify(received.body)}`)
  }
})
