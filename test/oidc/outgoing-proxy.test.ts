/** A proxy between Doorward and the provider, as the environment names it. */
import { createServer, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { test, type Test } from 'tap'
import { listenOnLoopback } from '../../demo/loopback.ts'
import { proxyFrom } from '../../src/oidc/index.ts'
import { Browser } from '../support/browser.ts'
import { makeCertificates } from '../support/certificates.ts'
import { startGateway } from '../support/gateway.ts'
import { missingPart } from '../support/parts.ts'
import { client, startProvider } from '../support/provider.ts'
import { startUpstream } from '../support/upstream.ts'

interface TunnelProxy {
  readonly port: number
  /** What it was asked to connect to, and by whom. */
  readonly asked: Array<{ readonly target: string | undefined, readonly authorization: string | undefined }>
}

/** Joins whoever asks for a tunnel with where it is to go (RFC 9110 section 9.3.6). */
async function startProxy (t: Test, refuses = false): Promise<TunnelProxy> {
  const asked: TunnelProxy['asked'] = []
  const open = new Set<Socket>()
  const server = createServer((_request, response) => { response.writeHead(405).end() })
  server.on('connect', ({ url, headers }: IncomingMessage, from: Socket) => {
    asked.push({ target: url, authorization: headers['proxy-authorization'] })
    if (refuses) {
      from.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      return
    }
    const to = connect(Number(url?.split(':').at(-1)), '127.0.0.1', () => { from.write('HTTP/1.1 200 Connected\r\n\r\n') })
    for (const socket of [from, to]) open.add(socket.on('error', () => { socket.destroy() }))
    from.pipe(to).pipe(from)
  })
  const { port, close } = await listenOnLoopback(server, 0)
  t.teardown(async () => {
    for (const socket of open) socket.destroy()
    await close()
  })
  return { port, asked }
}

const needsOpenssl = { skip: missingPart('openssl') }

async function signInThrough (t: Test, environment: Readonly<Record<string, string>>) {
  const certificates = await makeCertificates(t)
  const provider = await startProvider(t, { tls: certificates })
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, {
    issuer: provider.issuer,
    upstream: upstream.url,
    environment,
    configuration: { provider: { caFile: certificates.caFile } },
    onOrigin: (origin) => provider.register(client(origin))
  })
  const browser = new Browser({ ca: certificates.ca })
  return { provider, gateway, browser, begin: await browser.open(`${gateway.origin}/x`) }
}

test('every connection to the provider goes through the proxy, is verified with caFile, and tells the proxy nothing but the host', needsOpenssl, async (t) => {
  const proxy = await startProxy(t)
  const { provider, gateway, browser, begin } = await signInThrough(t, { HTTPS_PROXY: `http://me:s3cret@localhost:${proxy.port}` })
  const page = await browser.submit(begin, { person: 'bob' })
  t.strictSame([page.status, page.url.href], [200, `${gateway.origin}/x`])
  t.ok(proxy.asked.length > 0)
  for (const { target, authorization } of proxy.asked) t.strictSame([target, authorization], [`localhost:${provider.port}`, `Basic ${Buffer.from('me:s3cret').toString('base64')}`])
  t.notOk(gateway.logs.join('').includes('s3cret'))
})

test('NO_PROXY names hosts that are reached directly', needsOpenssl, async (t) => {
  const proxy = await startProxy(t)
  const { begin } = await signInThrough(t, { https_proxy: `localhost:${proxy.port}`, NO_PROXY: 'example.com, localhost' })
  t.equal(begin.status, 200)
  t.strictSame(proxy.asked, [])
})

test('a proxy that refuses is an outage of the provider', needsOpenssl, async (t) => {
  const proxy = await startProxy(t, true)
  const { gateway, begin } = await signInThrough(t, { HTTPS_PROXY: `http://me:s3cret@localhost:${proxy.port}` })
  t.equal(begin.status, 503)
  t.match(gateway.audit, [{ reason: 'setup_error' }])
  t.notOk(gateway.logs.join('').includes('s3cret'))
})

test('the environment is read as other programs read it', async (t) => {
  t.equal(proxyFrom({ NO_PROXY: '*' }), undefined)
  t.strictSame(proxyFrom({ HTTPS_PROXY: 'proxy:3128', https_proxy: 'https://other:1', no_proxy: 'a, b' }), { httpsProxy: 'https://other:1', httpProxy: '', noProxy: 'a, b' })
  t.strictSame(proxyFrom({ HTTP_PROXY: 'proxy:3128' }), { httpsProxy: '', httpProxy: 'http://proxy:3128', noProxy: '' })
  for (const wrong of ['socks5://me:s3cret@proxy', 'http://me:s3cret@:x']) {
    t.throws(() => proxyFrom({ HTTPS_PROXY: wrong }), { name: 'ProxyAddressError', message: 'HTTPS_PROXY: expected the address of a proxy such as http://proxy.example.com:3128' })
  }
})
