/** From the signal to stop to the end of the process: who is still served, who is told to go elsewhere, and who is cut. */
import { once } from 'node:events'
import { Agent, type IncomingMessage, type RequestOptions } from 'node:http'
import { Agent as SecureAgent, request as secureRequest } from 'node:https'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { connect as connectSecurely } from 'node:tls'
import { type Test, test } from 'tap'
import { ask, responseTo } from '../proxy/open-gateway.ts'
import { makeCertificates } from '../support/certificates.ts'
import { missingPart } from '../support/parts.ts'
import { isRefused } from '../support/raw-socket.ts'
import { startUpstream, type UpstreamHandler } from '../support/upstream.ts'
import { openWebSocket, startWebSocketUpstream } from '../support/web-sockets.ts'
import { eventsIn, type ServeProcess, startServe } from './serve-process.ts'

const page: UpstreamHandler = (_request, response) => { response.end('a page') }

async function start (t: Test, application: UpstreamHandler | string, server: object): Promise<ServeProcess> {
  const url = typeof application === 'string' ? application : (await startUpstream(t, application)).url
  const gateway = await startServe(t, { upstream: { url }, server })
  await gateway.logged('started')
  return gateway
}

/** A client that keeps its one connection for as long as it may. */
function keepAlive (t: Test): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => { agent.destroy() })
  return agent
}

async function get (port: number, options: RequestOptions = {}): Promise<IncomingMessage> {
  const response = await responseTo(ask(port, options).end())
  response.resume()
  await once(response, 'end')
  return response
}

/** Of the stop, as the log tells them; beside them it may tell of the provider. */
function stages ({ stdout }: ServeProcess): Record<string, unknown>[] {
  return eventsIn(stdout()).filter(({ event }) => ['stopping', 'closing', 'stopped'].includes(String(event)))
}

test('after SIGTERM nobody should be sent here, and whoever comes is served, and told to come elsewhere next time', async (t) => {
  const gateway = await start(t, page, { drainDelay: '10m' })
  const agent = keepAlive(t)
  t.equal((await get(gateway.port, { agent })).headers.connection, 'keep-alive')
  gateway.child.kill('SIGTERM')
  await gateway.logged('stopping')
  t.equal((await fetch(`${gateway.admin}/readyz`)).status, 503)
  const known = await get(gateway.port, { agent })
  t.strictSame([known.statusCode, known.headers.connection], [200, 'close'], 'on a connection from before')
  for (const path of ['/', '/oidc/jwks', '/oidc/session']) {
    const next = await get(gateway.port, { agent, path })
    t.strictSame([next.statusCode, next.headers.connection], [path === '/oidc/session' ? 401 : 200, 'close'], `on a new one: ${path}`)
  }
  const expecting = ask(gateway.port, { method: 'POST', agent, headers: { expect: '100-continue', 'content-length': 2 } })
  await once(expecting, 'continue')
  t.equal((await responseTo(expecting.end('ok'))).headers.connection, 'close')

  gateway.child.kill('SIGTERM')
  t.equal(await gateway.ended, 1, 'a second signal ends it at once')
  t.equal(gateway.stderr(), 'doorward: a second SIGTERM: ended at once\n')
})

test('after the delay nobody new is let in, what runs is finished, and nobody who asks for nothing is waited for', async (t) => {
  const asked = Promise.withResolvers<() => void>()
  const gateway = await start(t, (request, response) => {
    if (request.url !== '/slow') response.end('a page')
    else asked.resolve(() => { response.end('at last') })
  }, { drainDelay: '50ms', drainTimeout: '10m' })
  const agent = keepAlive(t)
  await get(gateway.port, { agent })
  const silent = connect({ port: gateway.port, host: '127.0.0.1' })
  const closed = once(silent.resume(), 'close')
  t.teardown(() => { silent.destroy() })
  await once(silent, 'connect')
  const slow = responseTo(ask(gateway.port, { path: '/slow', agent: keepAlive(t) }).end())
  const finish = await asked.promise

  gateway.child.kill('SIGTERM')
  await gateway.logged('closing')
  while (!await isRefused(gateway.port));
  await closed
  t.ok(Object.keys(agent.freeSockets).length === 0, 'a connection that was kept is closed, and so is one that never brought a request')
  finish()
  const response = await slow
  t.strictSame([response.statusCode, response.headers.connection], [200, 'close'], 'a request from before the signal')
  t.equal(await text(response), 'at last')
  t.equal(await gateway.ended, 0)
  t.match(stages(gateway), [{ event: 'stopping', signal: 'SIGTERM' }, { event: 'closing' }, { event: 'stopped', connectionsCut: 0 }])
})

test('an upload that takes too long is cut, and the application is not blamed for it', async (t) => {
  const begun = Promise.withResolvers<undefined>()
  const gateway = await start(t, (request) => { request.once('data', begun.resolve) }, { drainDelay: '0s', drainTimeout: '50ms' })
  const upload = ask(gateway.port, { method: 'POST', path: '/upload', headers: { 'content-length': 100 } })
  upload.write('the first of it')
  await begun.promise
  gateway.child.kill('SIGTERM')
  await t.rejects(responseTo(upload), { code: 'ECONNRESET' })
  t.equal(await gateway.ended, 0)
  const events = eventsIn(gateway.stdout())
  t.match(events.at(-1), { event: 'stopped', connectionsCut: 1 })
  t.strictSame(events.filter(({ event }) => event === 'request.problem'), [])
})

test('an answer that had begun before the signal does not keep its connection, once it is whole', async (t) => {
  const asked = Promise.withResolvers<() => void>()
  const gateway = await start(t, (_request, response) => {
    response.write('begun, ')
    asked.resolve(() => { response.end('and ended') })
  }, { drainDelay: '50ms', drainTimeout: '10m' })
  const response = await responseTo(ask(gateway.port, { agent: keepAlive(t) }).end())
  gateway.child.kill('SIGTERM')
  await gateway.logged('closing');
  (await asked.promise)()
  t.equal(await text(response), 'begun, and ended')
  t.equal(await gateway.ended, 0)
  t.match(eventsIn(gateway.stdout()).at(-1), { event: 'stopped', connectionsCut: 0 })
})

test('whoever has a WebSocket is told that Doorward is going away', async (t) => {
  const upstream = await startWebSocketUpstream(t)
  const gateway = await start(t, upstream.url, { drainDelay: '50ms', drainTimeout: '10m' })
  const socket = await openWebSocket(t, gateway.port)
  const closed = once(socket, 'close')
  gateway.child.kill('SIGTERM')
  t.equal((await closed)[0], 1001)
  t.equal(await gateway.ended, 0)
})

test('Ctrl-C waits for what runs, and for nothing else', async (t) => {
  const gateway = await start(t, page, { drainDelay: '10m' })
  await get(gateway.port, { agent: keepAlive(t) })
  gateway.child.kill('SIGINT')
  t.equal(await gateway.ended, 0)
  t.match(stages(gateway), [{ event: 'stopping', signal: 'SIGINT' }, { event: 'closing' }, { event: 'stopped', connectionsCut: 0 }])
})

test('over TLS it is no other', { skip: missingPart('openssl') }, async (t) => {
  const { ca, certFile, keyFile } = await makeCertificates(t)
  const gateway = await start(t, page, { drainDelay: '50ms', drainTimeout: '10m', publicUrl: 'https://localhost', tls: { certFile, keyFile } })
  const agent = new SecureAgent({ keepAlive: true, maxSockets: 1, ca })
  t.teardown(() => { agent.destroy() })
  const kept = await responseTo(secureRequest({ agent, host: 'localhost', family: 4, port: gateway.port, headers: { host: 'localhost' } }).end())
  t.equal(await text(kept), 'a page')
  const silent = connectSecurely({ port: gateway.port, host: '127.0.0.1', servername: 'localhost', ca })
  t.teardown(() => { silent.destroy() })
  await once(silent.resume(), 'secureConnect')
  const closed = once(silent, 'close')
  gateway.child.kill('SIGTERM')
  await closed
  t.equal(await gateway.ended, 0)
  t.match(eventsIn(gateway.stdout()).at(-1), { event: 'stopped', connectionsCut: 0 })
})
