/** What goes to the application and what comes back: the same bytes, less what concerns one connection alone. */
import { METHODS } from 'node:http'
import t from 'tap'
import { Browser } from '../support/browser.ts'
import { exchange, parseMessage, requestText, statusOf, valuesOf } from '../support/raw-socket.ts'
import { startByteRecorder, startUpstream } from '../support/upstream.ts'
import { startOpenGateway, startRecordedGateway } from './open-gateway.ts'

/** Set by Doorward or by the connection; what is left is what the client sent. */
const added = /^(host|connection|x-forwarded-.*|forwarded|x-request-id|content-length|transfer-encoding)$/i

t.test('E9: every method but CONNECT and TRACE goes through, with its body', async (t) => {
  const upstream = await startUpstream(t)
  const { port } = await startOpenGateway(t, upstream.url)
  for (const method of METHODS.filter((each) => each !== 'CONNECT' && each !== 'TRACE')) {
    const answer = await exchange(port, requestText(method, '/x?y', [['Content-Type', 'text/x']], `body of ${method}`))
    t.equal(statusOf(answer), 200, method)
    const recorded = upstream.requests.at(-1)
    t.match({ ...recorded, body: recorded?.body.toString() }, { method, url: '/x?y', body: `body of ${method}`, headers: { 'content-type': 'text/x' } }, method)
  }
})

t.test('CONNECT and TRACE end here', async (t) => {
  const { send, connections } = await startRecordedGateway(t)
  const trace = parseMessage((await send(requestText('TRACE', '/x'))).answer)
  t.match(trace.startLine, / 405 /)
  t.match(valuesOf(trace, 'allow'), [/GET.*POST/])
  t.strictSame(valuesOf(trace, 'cache-control'), ['no-store'])
  for (const target of ['127.0.0.1:80', 'localhost:443', '/x']) {
    const { answer } = await send(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\nGET /admin HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    t.notMatch(answer, /HTTP\/1\.1 2/, target)
  }
  t.strictSame(connections, [])
})

t.test('what a client sends arrives in its order and spelling', async (t) => {
  const { send } = await startRecordedGateway(t)
  const headers: Array<readonly [string, string]> = [
    ['ACCEPT', '*/*'], ['x-Twice', '1'], ['Accept-Encoding', 'gzip;q=1.0, br'], ['X-Twice', '2'], ['x-twice', '3'], ['Authorization', 'Basic dTpw'], ['X-Empty', ''], ['X-Latin', 'caf\xe9'], ['X-Quoted', '"a, b"; c=\'d\''],
    ['Range', 'bytes=0-1'], ['If-None-Match', '"x"'], ['__proto__', 'x'], ['constructor', 'y'], ['Referer', 'http://localhost/a?b'], ['Via', '1.1 outer'], ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'], ['X-Long', 'y'.repeat(8_000)]
  ]
  const { answer, received } = await send(requestText('GET', '/', headers))
  t.equal(statusOf(answer), 200)
  t.strictSame(received.headers.filter(([name]) => !added.test(name)), headers)
})

t.test('the target goes through byte by byte', async (t) => {
  const { send } = await startRecordedGateway(t)
  const targets = ['/caf%E9', '/%2561', '/a%20b', '/%7Euser', '/a//b', '/;a=b', "/!$&'()*+,=:@", '/?', '/??', '/?a=b&&c=%20+&%zz=[1]&q="<>`{}|^\\', '/x?a=/../b', '/A%c3%a9']
  for (const target of targets) t.equal((await send(requestText('GET', target))).received.startLine, `GET ${target} HTTP/1.1`, target)
})

t.test('an application may have a path of its own', async (t) => {
  const { send } = await startRecordedGateway(t)
  t.equal((await send(requestText('GET', '/x'))).received.startLine, 'GET /x HTTP/1.1')
  const recorder = await startByteRecorder(t)
  const { port } = await startOpenGateway(t, `${recorder.url}/base/path/`)
  await exchange(port, requestText('GET', '/x%2561/?y'))
  t.match(recorder.connections[0], /^GET \/base\/path\/x%2561\/\?y HTTP\/1\.1\r\n/)
})

const contentTypes = ['foo', ';', '', 'application/json', 'application/json ; charset=utf-8', 'application/json;', '\tapplication/json', 'text/plain; charset="', 'multipart/form-data', 'application/x-www-form-urlencoded', 'a/b/c', 'x'.repeat(8_000), '\xff']

t.test('a body is nobody’s business, whatever its type says', async (t) => {
  const { send } = await startRecordedGateway(t)
  const body = '{"a":\r\n\0\xff not JSON, & not=a form%'
  for (const type of contentTypes) {
    for (const method of ['POST', 'GET', 'DELETE', 'PUT', 'PATCH', 'QUERY', 'PROPFIND']) {
      const { answer, received } = await send(requestText(method, '/', [['Content-Type', type]], body))
      const title = `${method} ${JSON.stringify(type.slice(0, 40))}`
      t.equal(statusOf(answer), 200, title)
      t.strictSame([valuesOf(received, 'content-type'), valuesOf(received, 'content-length'), received.body], [[type.trim()], [String(body.length)], body], title)
    }
  }
  const { received } = await send(requestText('POST', '/', [], body))
  t.strictSame([valuesOf(received, 'content-type'), received.body], [[], body], 'none at all')
})

t.test('a body is framed once, and one that is not there is not made up', async (t) => {
  const { send } = await startRecordedGateway(t)
  // A body that came in whole is sent with its length; test/proxy/streaming.test.ts has those that take longer.
  const chunked = (await send('POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\n\r\n')).received
  t.strictSame([valuesOf(chunked, 'transfer-encoding'), valuesOf(chunked, 'content-length'), chunked.body], [[], ['5'], 'abcde'])
  const empty = (await send(requestText('POST', '/', [['Content-Length', '0']]))).received
  t.strictSame([valuesOf(empty, 'content-length'), valuesOf(empty, 'transfer-encoding'), empty.body], [['0'], [], ''])
  const none = (await send(requestText('GET', '/'))).received
  t.strictSame([valuesOf(none, 'content-length'), valuesOf(none, 'transfer-encoding'), none.body], [[], [], ''])
})

t.test('what concerns one connection stays there', async (t) => {
  const { send } = await startRecordedGateway(t)
  const hopByHop: Array<readonly [string, string]> = [
    ['Connection', 'X-Mine, keep-alive'], ['X-Mine', 'x'], ['Keep-Alive', 'timeout=5, max=1000'], ['Proxy-Connection', 'keep-alive'], ['TE', 'trailers, deflate'], ['Trailer', 'X-After'], ['Upgrade', 'foo'], ['Proxy-Authorization', 'Basic dTpw'], ['Proxy-Authenticate', 'Basic'],
    // Some applications make one variable of these and of the headers that frame the body.
    ['Content_Length', '5'], ['CONTENT.LENGTH', '5'], ['Transfer_Encoding', 'chunked']
  ]
  const { answer, received } = await send(requestText('GET', '/', [...hopByHop, ['X-Yours', 'y']]))
  t.equal(statusOf(answer), 200)
  t.strictSame(received.headers.filter(([name]) => !added.test(name)), [['X-Yours', 'y']])
  // Each on its own: @fastify/reply-from answered 500 to several of them.
  for (const [name, value] of [...hopByHop, ['Upgrade', 'h2c'], ['Upgrade', 'websocket'], ['Expect', '100-continue'], ['Connection', ''], ['Connection', ',,'], ['Keep-Alive', '\x80'], ['HTTP2-Settings', 'AAMAAABkAARAAAAAAAIAAAAA']] as const) {
    t.ok([200].includes(statusOf((await send(requestText('GET', '/', [[name, value]]))).answer.replace('HTTP/1.1 100 Continue\r\n\r\n', ''))), `${name}: ${value}`)
  }
})

t.test('an upload that waits to be asked for is asked for', async (t) => {
  const { send } = await startRecordedGateway(t)
  const { answer, received } = await send(requestText('POST', '/', [['Expect', '100-continue']], 'x'.repeat(2_000)))
  t.match(answer, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
  t.strictSame([received.body.length, valuesOf(received, 'expect')], [2_000, []])
  t.equal(statusOf((await send(requestText('POST', '/', [['Expect', 'something-else']], 'x'))).answer), 417)
})

t.test('an answer comes back in its order and spelling', async (t) => {
  const lines = [
    'Set-Cookie: a=1; Path=/; HttpOnly', 'ETag: W/"x"', 'set-cookie: b="2"; Expires=Wed, 21 Oct 2099 07:28:00 GMT', 'X-Twice: 1', 'SET-COOKIE: c=%20\xe9; SameSite=None', 'x-twice: 2', 'Date: Thu, 01 Jan 1970 00:00:00 GMT', 'Server: App/1.0', 'X-Empty:', 'X-Latin: caf\xe9',
    'Content-Encoding: gzip', 'Content-Type: text/x', 'Location: //elsewhere.example/\\x', 'WWW-Authenticate: Basic realm="x"', 'WWW-Authenticate: Digest', 'Content-Length: 4'
  ]
  const { send } = await startRecordedGateway(t, () => `HTTP/1.1 299 Odd But Legal\r\n${lines.join('\r\n')}\r\n\r\n\x1f\x8b\0\xff`)
  const { headers, startLine, body } = parseMessage((await send(requestText('GET', '/'))).answer)
  t.match(startLine, /^HTTP\/1\.1 299 /)
  t.strictSame(headers.filter(([name]) => name !== 'Connection').map(([name, value]) => `${name}: ${value}`.trim()), lines)
  t.equal(body, '\x1f\x8b\0\xff')
})

t.test('what concerns the application’s connection stays there', async (t) => {
  const { send } = await startRecordedGateway(t, () => 'HTTP/1.1 200 OK\r\nConnection: close, X-Secret\r\nX-Secret: s\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nProxy-Connection: close\r\nUpgrade: h2c\r\nTrailer: X-After\r\nX-Kept: k\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-After: a\r\n\r\n')
  const { headers, body } = parseMessage((await send(requestText('GET', '/'))).answer)
  t.strictSame(headers.filter(([name]) => name !== 'Date'), [['X-Kept', 'k'], ['Connection', 'close'], ['Transfer-Encoding', 'chunked']])
  t.match(body, /^2\r\nok\r\n0\r\n/)
})

t.test('early hints come before the answer, and only to who knows them', async (t) => {
  const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nlink: </b.js>; rel=preload\r\nConnection: X-Inside\r\nX-Inside: 1\r\n\r\n'
  const { gateway, send } = await startRecordedGateway(t, () => `${hints}HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok`)
  const { answer } = await send(requestText('GET', '/'))
  t.match(answer, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>; rel=preload\r\nlink: <\/b\.js>; rel=preload\r\n\r\nHTTP\/1\.1 102 Processing\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
  const old = await exchange(gateway.port, 'GET / HTTP/1.0\r\nHost: localhost\r\n\r\n')
  t.match(old, /^HTTP\/1\.[01] 200 OK/)
})

t.test('trailers are passed on, unless they would be believed to be headers', async (t) => {
  const trailers = 'Grpc-Status: 0\r\nX-Checksum: \xe9\r\nSet-Cookie: a=b\r\nLocation: /evil\r\n'
  const { send } = await startRecordedGateway(t, () => `HTTP/1.1 200 OK\r\nconnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n${trailers}\r\n`)
  const { answer } = await send(requestText('GET', '/'))
  t.match(parseMessage(answer).body, /^2\r\nok\r\n0\r\nGrpc-Status: 0\r\nX-Checksum: \xe9\r\n\r\n$/)
})

t.test('answers without a body have none', async (t) => {
  const responses = {
    head: ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: "x"\r\nConnection: close\r\n\r\n'],
    'head of a chunked body': ['HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n'],
    'no content': ['GET', 'HTTP/1.1 204 No Content\r\nX-A: b\r\nConnection: close\r\n\r\n'],
    'not modified': ['GET', 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 77\r\nConnection: close\r\n\r\n'],
    'reset content': ['POST', 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\nConnection: close\r\n\r\n']
  } as const
  for (const [name, [method, response]] of Object.entries(responses)) {
    const { send } = await startRecordedGateway(t, () => response)
    const answer = parseMessage((await send(requestText(method, '/'))).answer)
    const expected = parseMessage(response)
    t.equal(answer.startLine, expected.startLine, name)
    t.equal(answer.body, '', name)
    t.strictSame(valuesOf(answer, 'content-length'), valuesOf(expected, 'content-length'), name)
    t.strictSame(valuesOf(answer, 'etag'), valuesOf(expected, 'etag'), name)
  }
})

t.test('the Host is the public one, or the application’s own', async (t) => {
  const upstream = await startUpstream(t)
  const kept = await startOpenGateway(t, upstream.url)
  await exchange(kept.port, requestText('GET', '/', [['Host', `LOCALHOST:${kept.port}`], ['X-Host', 'evil.example']]))
  const own = await startOpenGateway(t, upstream.url, { preserveHost: false })
  await exchange(own.port, requestText('GET', '/', [['Host', `localhost:${own.port}`]]))
  t.strictSame(upstream.requests.map(({ headers }) => headers.host), [`localhost:${kept.port}`, `127.0.0.1:${upstream.port}`])
  t.strictSame(upstream.requests.map(({ headers }) => headers['x-forwarded-host']), [`localhost:${kept.port}`, `localhost:${own.port}`])
})

t.test('a request has one id, in the application’s log and in ours', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => { response.destroy() })
  const { origin } = await startOpenGateway(t, upstream.url)
  const data = await new Browser().get(`${origin}/`, { program: true })
  t.equal((data.json() as { request_id: string }).request_id, upstream.requests.at(-1)?.headers['x-request-id'])
  const page = await new Browser().get(`${origin}/`)
  t.ok(page.text.includes(`Reference <code>${String(upstream.requests.at(-1)?.headers['x-request-id'])}</code>`))
})
