/** Traces, seen where a collector sees them and where the application does. */
import { EventEmitter, once } from 'node:events'
import { test, type Test } from 'tap'
import { createLogger, openTracing, type Tracing } from '../../src/observability/index.ts'
import { tracingSettings } from '../../src/observability/tracing-settings.ts'
import { eventsIn, startServe } from '../cli/serve-process.ts'
import { minute, startJourney, stoppedClock } from '../flows/journey.ts'
import { ask, responseTo } from '../proxy/open-gateway.ts'
import { startGateway } from '../support/gateway.ts'
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver, treeOf } from '../support/otlp-receiver.ts'
import { exchange, requestText, statusOf } from '../support/raw-socket.ts'
import { startUpstream, type Upstream, type UpstreamHandler } from '../support/upstream.ts'
import { openWebSocket, startWebSocketUpstream } from '../support/web-sockets.ts'

interface Traced {
  readonly receiver: OtlpReceiver
  readonly tracing: Tracing
  /** Those of tracing, in order. */
  readonly events: string[]
  /** Resolves once there are as many events. */
  told (count: number): Promise<void>
  /** Everything but the search for the provider, which goes on beside the requests, once nothing comes any more. */
  spans (gateway: { close (): Promise<void> }): Promise<ReceivedSpan[]>
}

async function startTracing (t: Test, environment: Readonly<Record<string, string>> = {}, status?: () => number): Promise<Traced> {
  const receiver = await startOtlpReceiver(t, status)
  const events: string[] = []
  const log = new EventEmitter()
  const logger = createLogger({ level: 'trace', format: 'json', isTerminal: false, secretPaths: [] }, {
    write (line) {
      events.push((JSON.parse(line) as { event: string }).event)
      log.emit('line')
    }
  })
  const tracing = await openTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...environment }, { logger, version: '1.2.3' })
  t.teardown(() => tracing.close())
  return {
    receiver,
    tracing,
    events,
    async told (count) {
      while (events.length < count) await once(log, 'line')
    },
    async spans (gateway) {
      await gateway.close()
      await tracing.close()
      return beside(receiver.spans)
    }
  }
}

function beside (spans: readonly ReceivedSpan[]): ReceivedSpan[] {
  return spans.filter(({ name }) => name !== 'GET discovery')
}

/** Open to everybody. */
async function startTracedGateway (t: Test, tracing: Tracing, application: UpstreamHandler | string, server: object = {}) {
  const upstream = typeof application === 'string' ? undefined : await startUpstream(t, application)
  const gateway = await startGateway(t, { issuer: 'http://localhost:1', upstream: upstream?.url ?? String(application), tracing, configuration: { access: { default: 'anonymous' }, server: { ...server } } })
  return { ...gateway, requests: upstream?.requests ?? [] }
}

const ok: UpstreamHandler = (_request, response) => { response.end('ok') }
const theirs = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }

function traceOf (requests: Upstream['requests']): unknown[] {
  return requests.map(({ headers }) => [headers['traceparent'], headers['tracestate']])
}

test('a sign-in and what follows are spans, each under the one that it is part of, without a secret or a name', async (t) => {
  const traced = await startTracing(t)
  const { browser, url, gateway, upstream } = await startJourney(t, { tracing: traced.tracing })
  await browser.signIn(url('/reset/capability?secret=query'), 'bob')
  const spans = await traced.spans(gateway)
  t.strictSame(treeOf(spans), [
    'server GET',
    'server GET /oidc/login',
    'server GET /oidc/callback', '  client POST token', '  client GET keys', '  client GET userinfo',
    'server GET /', '  client GET upstream'
  ])
  const [callback, token, forwarded, sent] = ['GET /oidc/callback', 'POST token', 'GET /', 'GET upstream'].map((wanted) => spans.find(({ name }) => name === wanted))
  const { port } = new URL(gateway.origin)
  t.match(callback?.attributes, {
    'http.request.method': 'GET',
    'http.route': '/oidc/callback',
    'http.response.status_code': 303,
    'url.scheme': 'http',
    'server.address': 'localhost',
    'server.port': Number(port),
    'network.protocol.version': '1.1',
    'doorward.provider': 'default',
    'doorward.login.outcome': 'success'
  })
  const login = gateway.audit.find(({ event }) => event === 'login')
  t.equal(callback?.attributes['doorward.request.id'], (login?.['request'] as { id: string }).id, 'by which the log and the audit trail are found')
  t.strictSame([token?.attributes['doorward.provider.endpoint'], token?.attributes['http.response.status_code']], ['token', 200])
  t.strictSame(traceOf(upstream.requests), [[`00-${forwarded?.traceId}-${sent?.spanId}-01`, undefined]])
  t.match(spans[0]?.resource, { 'service.name': 'doorward', 'service.version': '1.2.3' })
  t.match(traced.receiver.spans.find(({ name }) => name === 'GET discovery'), { kind: 'client', parentId: '', attributes: { 'doorward.provider': 'default', 'doorward.provider.endpoint': 'discovery' } })
  const written = traced.receiver.bytes()
  for (const secret of ['bob', 'capability', 'query', '127.0.0.1:1', 'code=', 'state=', 'eyJ', 'Mozilla']) t.notMatch(written, secret)
})

test('requests are traced by each configuration, and calls of a provider that was known before keep their names', async (t) => {
  const traced = await startTracing(t)
  const { browser, url, gateway } = await startJourney(t, { tracing: traced.tracing })
  await browser.signIn(url('/page'), 'bob')
  await gateway.reload({ configuration: { access: { rules: [{ path: '/new/**', deny: true }] } } })
  browser.jar.clear()
  await browser.signIn(url('/page'), 'bob')
  const names = (await traced.spans(gateway)).map(({ name }) => name)
  const signIn = ['GET', 'GET /oidc/login', 'POST token', 'GET userinfo', 'GET /oidc/callback', 'GET /', 'GET upstream']
  t.strictSame(names.filter((name) => name !== 'GET keys'), [...signIn, ...signIn])
})

test('a stranger’s trace is linked to and not joined, whatever it wants recorded', async (t) => {
  const traced = await startTracing(t)
  const gateway = await startTracedGateway(t, traced.tracing, ok)
  const headers = (flags: string, more: Array<[string, string]> = []): Array<[string, string]> => [['traceparent', `00-${theirs.traceId}-${theirs.spanId}-${flags}`], ['tracestate', 'evil=1'], ...more]
  for (const sent of [headers('00'), headers('01'), headers('zz'), [...headers('01'), ...headers('01')]]) await exchange(gateway.port, requestText('GET', '/', sent))
  const spans = await traced.spans(gateway)
  const servers = spans.filter(({ kind }) => kind === 'server')
  t.strictSame(servers.map(({ links }) => links), [[`${theirs.traceId} ${theirs.spanId}`], [`${theirs.traceId} ${theirs.spanId}`], [], []])
  t.strictSame(servers.map(({ parentId, traceState }) => parentId + traceState), ['', '', '', ''])
  const clients = spans.filter(({ kind }) => kind === 'client')
  t.strictSame(traceOf(gateway.requests), clients.map(({ traceId, spanId }) => [`00-${traceId}-${spanId}-01`, undefined]))
  t.notOk(spans.some(({ traceId }) => traceId === theirs.traceId))
  t.notMatch(traced.receiver.bytes(), 'evil')
})

test('a trace that a trusted proxy has begun goes on, recorded or not as it says', async (t) => {
  const traced = await startTracing(t)
  const gateway = await startTracedGateway(t, traced.tracing, ok, { trustedProxies: ['127.0.0.1'] })
  for (const flags of ['01', '00']) await exchange(gateway.port, requestText('GET', '/', [['Traceparent', `00-${theirs.traceId}-${theirs.spanId}-${flags}`], ['Tracestate', 'vendor=x']]))
  const spans = await traced.spans(gateway)
  t.strictSame(treeOf(spans), ['server GET /', '  client GET upstream'])
  t.match(spans.find(({ kind }) => kind === 'server'), { ...theirs, spanId: String, parentId: theirs.spanId, traceState: 'vendor=x' })
  const [first, second] = traceOf(gateway.requests) as Array<[string, string]>
  t.strictSame(first, [`00-${theirs.traceId}-${spans.find(({ kind }) => kind === 'client')?.spanId}-01`, 'vendor=x'])
  t.match(second?.[0], new RegExp(`^00-${theirs.traceId}-(?!${theirs.spanId})[0-9a-f]{16}-00$`), 'the application learns that nobody records')
})

test('what is sampled out is not sent, and the application is told so', async (t) => {
  for (const sampler of [{ OTEL_TRACES_SAMPLER: 'always_off' }, { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }]) {
    const traced = await startTracing(t, sampler)
    const gateway = await startTracedGateway(t, traced.tracing, ok)
    await exchange(gateway.port, requestText('GET', '/', [['traceparent', `00-${theirs.traceId}-${theirs.spanId}-01`]]))
    t.strictSame(await traced.spans(gateway), [])
    t.strictSame(traced.receiver.deliveries, [])
    t.match(gateway.requests[0]?.headers['traceparent'], /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
  }
})

test('failures are seen: of the application, of an answer that breaks off, of a client that leaves', async (t) => {
  const traced = await startTracing(t)
  const asked = Promise.withResolvers<{ left: Promise<unknown> }>()
  const gateway = await startTracedGateway(t, traced.tracing, ({ url }, response) => {
    if (url === '/silent') asked.resolve({ left: once(response, 'close') })
    else if (url === '/broken') response.writeHead(200, { 'content-length': 9 }).write('half', () => { response.destroy() })
    else if (url === '/away') response.destroy()
    else response.writeHead(Number(url?.slice(1))).end()
  })
  for (const path of ['/404', '/503', '/away', '/broken']) await exchange(gateway.port, requestText('POST', path))
  await exchange(gateway.port, requestText('PROPFIND', '/207'))
  const impatient = ask(gateway.port, { path: '/silent', method: 'PUT' }).on('error', () => {}).end()
  const { left } = await asked.promise
  impatient.destroy()
  await left
  const spans = await traced.spans(gateway)
  const told = spans.map(({ kind, name, attributes, isError }) => [kind, name, attributes['http.response.status_code'], attributes['error.type'], isError].join(' '))
  t.strictSame(told.sort(), [
    'client HTTP upstream 207  false',
    'client POST upstream  upstream_failed true',
    'client POST upstream 200 upstream_failed true',
    'client POST upstream 404 404 true',
    'client POST upstream 503 503 true',
    'client PUT upstream   false',
    'server HTTP / 207  false',
    'server POST / 200  false',
    'server POST / 404  false',
    'server POST / 502 502 true',
    'server POST / 503 503 true',
    'server PUT /  client_left true'
  ].sort())
  t.ok(spans.some(({ attributes }) => attributes['http.request.method'] === '_OTHER' && attributes['http.request.method_original'] === 'PROPFIND'))
})

test('the span of a WebSocket is its handshake: it does not wait for the end', async (t) => {
  const traced = await startTracing(t, { OTEL_BSP_SCHEDULE_DELAY: '1' })
  const upstream = await startWebSocketUpstream(t)
  const gateway = await startTracedGateway(t, traced.tracing, upstream.url)
  await openWebSocket(t, gateway.port)
  const spans = await untilReceived(traced.receiver, 2)
  t.strictSame(treeOf(spans), ['server GET /', '  client GET upstream'])
  t.strictSame(spans.map(({ attributes }) => attributes['http.response.status_code']), [101, 101])
  t.match(upstream.handshakes[0]?.headers['traceparent'], spans.find(({ kind }) => kind === 'client')?.spanId)
})

async function untilReceived (receiver: OtlpReceiver, count: number): Promise<ReceivedSpan[]> {
  while (beside(receiver.spans).length < count) await once(receiver.arrivals, 'delivery')
  return beside(receiver.spans)
}

test('a refresh is a span of the request that finds it due, and what it asks the provider is below', async (t) => {
  const clock = stoppedClock()
  const traced = await startTracing(t)
  const { browser, url, gateway } = await startJourney(t, { tracing: traced.tracing, now: () => clock.now, configuration: { session: { idleTimeout: '8h' } }, client: { grant_types: ['authorization_code', 'refresh_token'] } })
  await browser.signIn(url('/'), 'bob')
  clock.now += 59 * minute
  await browser.get(url('/'))
  const spans = await traced.spans(gateway)
  const refresh = spans.find(({ name }) => name === 'refresh')
  const request = spans.find(({ spanId }) => spanId === refresh?.parentId)
  t.strictSame(treeOf(spans.filter(({ traceId }) => traceId === refresh?.traceId)).slice(0, 3), ['server GET /', '  internal refresh', '    client POST token'])
  t.match(refresh?.attributes, { 'doorward.session.refresh.outcome': 'success', 'doorward.provider': 'default' })
  t.equal(request?.kind, 'server')
})

test('a refusal is told with its reason', async (t) => {
  const traced = await startTracing(t)
  const { browser, url, gateway } = await startJourney(t, { tracing: traced.tracing, configuration: { groups: { allow: ['nobody'] } } })
  await browser.signIn(url('/'), 'bob')
  const spans = await traced.spans(gateway)
  t.match(spans.find(({ name }) => name === 'GET /oidc/callback')?.attributes, { 'doorward.login.outcome': 'failure', 'doorward.login.reason': 'required_group_missing', 'http.response.status_code': 403 })
})

test('a receiver that refuses is told of once, and once it works again', async (t) => {
  let status = 400
  const traced = await startTracing(t, { OTEL_BSP_SCHEDULE_DELAY: '1' }, () => status)
  const gateway = await startTracedGateway(t, traced.tracing, ok)
  for (let failed = 0; failed < 3; failed++) {
    const delivery = once(traced.receiver.arrivals, 'delivery')
    t.equal(statusOf(await exchange(gateway.port, requestText('GET', '/'))), 200)
    await delivery
    await traced.told(2)
  }
  status = 200
  await exchange(gateway.port, requestText('GET', '/'))
  await traced.told(3)
  t.strictSame(traced.events, ['tracing.on', 'tracing.failed', 'tracing.resumed'])
})

/** Writes down each library of OpenTelemetry that is read; the API is one of prom-client's, too. */
const watchImports = ['--import', 'data:text/javascript,import{registerHooks}from"node:module";registerHooks({resolve(name,context,next){if(/^@opentelemetry.(?!api$)/.test(name))process.stderr.write(name+"\\n");return next(name,context)}})']

test('while tracing is off, its libraries are not read, and the client’s words go through as they are', async (t) => {
  const upstream = await startUpstream(t, ok)
  const receiver = await startOtlpReceiver(t)
  for (const env of [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_SDK_DISABLED: 'true' }, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_TRACES_EXPORTER: 'none' }]) {
    const gateway = await startServe(t, { upstream: { url: upstream.url }, server: { hosts: ['localhost'] } }, undefined, { node: watchImports, env })
    await gateway.logged('started')
    await exchange(gateway.port, requestText('GET', '/', [['traceparent', 'as it came'], ['tracestate', 'a=b']]))
    gateway.child.kill('SIGTERM')
    t.equal(await gateway.ended, 0)
    t.equal(gateway.stderr(), '')
    t.strictSame(traceOf(upstream.requests.splice(0)), [['as it came', 'a=b']])
  }
  t.strictSame(receiver.deliveries, [])
})

test('the process takes the usual variables, and sends what is left before it ends', async (t) => {
  const upstream = await startUpstream(t, ok)
  const receiver = await startOtlpReceiver(t)
  const env = {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/own/path`,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a%20b',
    OTEL_SERVICE_NAME: 'door-1',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    OTEL_TRACES_SAMPLER: 'sometimes'
  }
  const gateway = await startServe(t, { upstream: { url: upstream.url }, server: { hosts: ['localhost'] } }, undefined, { node: watchImports, env })
  await gateway.logged('started')
  t.match(gateway.stderr(), '@opentelemetry/sdk-trace\n', 'what the test above does not see')
  await exchange(gateway.port, requestText('GET', '/'))
  gateway.child.kill('SIGTERM')
  t.equal(await gateway.ended, 0)
  t.match(receiver.deliveries, [{ path: '/own/path', headers: { 'x-tenant': 'a b' } }])
  t.strictSame(treeOf(beside(receiver.spans)), ['server GET /', '  client GET upstream'])
  t.match(receiver.spans[0]?.resource, { 'service.name': 'door-1', 'deployment.environment.name': 'test' })
  t.match(eventsIn(gateway.stdout()).filter(({ event }) => String(event).startsWith('tracing.')), [{ level: 'warn', event: 'tracing.warning' }, { level: 'info', event: 'tracing.on', receiver: receiver.url }])
})

test('a receiver that never answers holds up no request and not the end of the process', async (t) => {
  const upstream = await startUpstream(t, ok)
  const silent = await startUpstream(t, () => {})
  // The longest that the end may take is shorter than what the exporter would wait.
  const gateway = await startServe(t, { upstream: { url: upstream.url }, server: { drainTimeout: '1s' } }, undefined, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: silent.url, OTEL_BSP_SCHEDULE_DELAY: '1', OTEL_BSP_MAX_QUEUE_SIZE: '2' } })
  await gateway.logged('started')
  for (let request = 0; request < 20; request++) {
    const response = await responseTo(ask(gateway.port).end())
    response.resume()
    await once(response, 'end')
    t.equal(response.statusCode, 200)
  }
  gateway.child.kill('SIGTERM')
  t.equal(await gateway.ended, 0, 'by itself, and not as one that hangs')
  t.match(eventsIn(gateway.stdout()).at(-1), { event: 'stopped' })
})

test('the variables mean what OpenTelemetry says, and what means nothing is told', async (t) => {
  const url = 'http://collector:4318'
  const usual = { url: `${url}/v1/traces`, sampler: 'parentbased_always_on', ratio: 1, maxQueueSize: 2048, maxBatchSize: 512, delayMilliseconds: 5_000 }
  const rows: ReadonlyArray<readonly [environment: Readonly<Record<string, string>>, settings: object | undefined, warnings: number]> = [
    [{}, undefined, 0],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, undefined, 0],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: url }, usual, 0],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/` }, usual, 0],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/base` }, { ...usual, url: `${url}/base/v1/traces` }, 0],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://other', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url }, { ...usual, url }, 0],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, { ...usual, url: 'http://localhost:4318/v1/traces' }, 0],
    [{ OTEL_TRACES_EXPORTER: 'console', OTEL_EXPORTER_OTLP_ENDPOINT: url }, usual, 1],
    [{ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: url }, undefined, 0],
    [{ OTEL_SDK_DISABLED: 'TRUE', OTEL_EXPORTER_OTLP_ENDPOINT: url }, undefined, 0],
    [{ OTEL_SDK_DISABLED: 'false', OTEL_EXPORTER_OTLP_ENDPOINT: url }, usual, 0],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, undefined, 1],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, usual, 1],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' }, usual, 0],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' }, { ...usual, sampler: 'traceidratio', ratio: 0.25 }, 0],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_TRACES_SAMPLER: 'jaeger_remote', OTEL_TRACES_SAMPLER_ARG: '2' }, usual, 2],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_BSP_MAX_QUEUE_SIZE: '100', OTEL_BSP_SCHEDULE_DELAY: 'soon' }, { ...usual, maxQueueSize: 100, maxBatchSize: 100 }, 1]
  ]
  for (const [environment, settings, count] of rows) {
    const read = tracingSettings(environment)
    t.strictSame([read.settings, read.warnings.length], [settings, count], JSON.stringify(environment))
  }
})
