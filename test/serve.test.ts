/** The HTTP server itself: what it answers before, or without, anybody who decides about a request. */
import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { problems } from '../src/errors.ts'
import { ask, responseTo, startOpenGateway } from './proxy/open-gateway.ts'
import { exchange, parseMessage, requestText, statusOf, valuesOf } from './support/raw-socket.ts'

t.test('headers that are too large are refused in words, and the log has the code', async (t) => {
  const { port, logs } = await startOpenGateway(t, (_request, response) => { response.end('ok') })
  const answer = parseMessage(await exchange(port, requestText('GET', '/', [['Cookie', `secret=${'x'.repeat(70_000)}`]])))
  t.equal(answer.startLine, 'HTTP/1.1 431 Request Header Fields Too Large')
  t.strictSame(valuesOf(answer, 'content-type'), ['text/plain; charset=utf-8'])
  t.strictSame(valuesOf(answer, 'connection'), ['close'])
  t.equal(answer.body, `${problems.headers_too_large.title}\n\n${problems.headers_too_large.detail}\n`.replaceAll('’', '\u00e2\u0080\u0099'))
  const refused = logs.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ event }) => event === 'request.refused')
  t.match(refused, [{ level: 'info', code: 'headers_too_large', peer: '127.0.0.1' }])
  t.notMatch(logs.join(''), 'secret=')
})

t.test('an answer that has begun is cut, never written into', async (t) => {
  const { port } = await startOpenGateway(t, (_request, response) => {
    response.writeHead(200, { 'content-length': '1000' })
    response.write('begun')
  })
  const socket = connect({ port, host: '127.0.0.1' })
  t.teardown(() => socket.destroy())
  socket.setEncoding('latin1').on('error', () => {})
  let received = ''
  const begun = Promise.withResolvers<undefined>()
  socket.on('data', (text: string) => {
    received += text
    if (received.endsWith('begun')) begun.resolve(undefined)
  })
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await begun.promise
  const closed = once(socket, 'close')
  socket.write('what is this\r\n\r\n')
  await closed
  t.equal(parseMessage(received).body, 'begun')
})

t.test('after a request that asks for an upgrade the connection ends, on every route', async (t) => {
  const { port } = await startOpenGateway(t, (_request, response) => { response.end('ok') })
  for (const target of ['/', '/oidc/jwks', '/oidc/session', '/oidc/other', '/oidc/%zz', '/a//b']) {
    const request = `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n`
    const answer = await exchange(port, `${request}GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    t.strictSame(valuesOf(parseMessage(answer), 'connection'), ['close'], target)
    t.equal(answer.match(/HTTP\/1\.1 \d/g)?.length, 1, `${target}: one answer`)
  }
  const plain = 'GET /oidc/jwks HTTP/1.1\r\nHost: localhost\r\n\r\n'
  t.equal((await exchange(port, `${plain}${requestText('GET', '/oidc/jwks')}`)).match(/HTTP\/1\.1 200/g)?.length, 2, 'any other connection stays')
})

t.test('the head of what has no effect can be asked for, and of nothing else', async (t) => {
  const { port } = await startOpenGateway(t, (_request, response) => { response.end('ok') })
  const got = await responseTo(ask(port, { path: '/oidc/jwks' }).end())
  const head = await responseTo(ask(port, { method: 'HEAD', path: '/oidc/jwks' }).end())
  got.resume()
  t.equal(head.statusCode, 200)
  t.strictSame(['content-type', 'content-length', 'cache-control'].map((name) => head.headers[name]), ['content-type', 'content-length', 'cache-control'].map((name) => got.headers[name]))

  const session = await responseTo(ask(port, { method: 'HEAD', path: '/oidc/session' }).end())
  t.equal(session.statusCode, 401)
  t.match(session.headers, { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
  for (const path of ['/oidc/login', '/oidc/logout', '/oidc/callback']) {
    t.equal(statusOf(await exchange(port, requestText('HEAD', path))), 404, path)
  }
})
