/** A real nginx between the browser and Doorward: who is the client then, and which site is asked for? */
import { test, type Test } from 'tap'
import { freePort } from '../support/gateway.ts'
import { startNginx } from '../support/nginx.ts'
import { missingPart } from '../support/parts.ts'
import { exchange, requestText, statusOf } from '../support/raw-socket.ts'
import { type RogueGateway, type RogueGatewayOptions, startRogueGateway } from '../support/rogue-gateway.ts'

/** nginx speaks to Doorward from an address of its own: the browser, at 127.0.0.1, is not trusted. */
const nginxAddress = '127.0.0.9'
const usual = 'proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;'

async function start (t: Test, directives: string, server: Readonly<Record<string, unknown>>, options: RogueGatewayOptions = {}): Promise<RogueGateway & { readonly nginxPort: number }> {
  const nginxPort = await freePort()
  const setup = await startRogueGateway(t, {
    publicUrl: `http://localhost:${nginxPort}`,
    configuration: { server, access: { rules: [{ path: '/admin', deny: true }] } },
    ...options
  })
  await startNginx(t, nginxPort, `proxy_bind ${nginxAddress}; proxy_pass http://127.0.0.1:${setup.gateway.port}; ${directives}`)
  return { ...setup, nginxPort }
}

const skip = missingPart('nginx')

test('the audit trail and the application know the client’s address, whatever the client says', { skip }, async (t) => {
  const { gateway, upstream, browser } = await start(t, usual, { trustedProxies: [nginxAddress] })
  const spoofed = { 'x-forwarded-for': '198.51.100.7, 127.0.0.9', forwarded: 'for=198.51.100.8;proto=https', 'x-real-ip': '198.51.100.9' }
  const page = await browser.open(`${gateway.origin}/reports`, { headers: spoofed })
  t.equal(page.status, 200)
  t.equal(page.url.href, `${gateway.origin}/reports`)
  t.match(upstream.requests.at(-1)?.headers, {
    host: new URL(gateway.origin).host,
    'x-forwarded-for': `127.0.0.1, ${nginxAddress}`,
    'x-forwarded-host': new URL(gateway.origin).host,
    'x-forwarded-proto': 'http',
    forwarded: `for=127.0.0.1;host="${new URL(gateway.origin).host}";proto=http, for=${nginxAddress}`,
    'x-real-ip': undefined
  })
  t.equal((await browser.get(`${gateway.origin}/admin`, { headers: spoofed })).status, 403)
  t.match(gateway.audit, [{ event: 'login', outcome: 'success', request: { ip: '127.0.0.1' } }, { event: 'access.denied', request: { ip: '127.0.0.1' } }])
  t.notMatch([...gateway.auditLines, ...gateway.logs].join('\n'), '198.51.100')
})

test('an nginx that nobody trusts is the client', { skip }, async (t) => {
  const { gateway, upstream, browser } = await start(t, `${usual} proxy_set_header X-Forwarded-Proto https;`.replace('X-Forwarded-Proto $scheme', 'X-Scheme $scheme'), {})
  t.equal((await browser.open(`${gateway.origin}/`)).status, 200)
  t.match(upstream.requests.at(-1)?.headers, { 'x-forwarded-for': nginxAddress, 'x-forwarded-proto': 'http' })
  t.match(gateway.audit, [{ event: 'login', request: { ip: nginxAddress } }])
})

test('nginx as it comes asks for its own upstream, which has to be named; X-Forwarded-Host names the site', { skip }, async (t) => {
  const unnamed = await start(t, '', { trustedProxies: [nginxAddress], hosts: [] })
  t.equal(statusOf(await exchange(unnamed.nginxPort, requestText('GET', '/'))), 421)
  const named = await start(t, 'proxy_set_header X-Forwarded-Host $http_host;', { trustedProxies: [nginxAddress], hosts: [] })
  const page = await named.browser.open(`${named.gateway.origin}/reports`)
  t.equal(page.status, 200)
  t.match(named.upstream.requests.at(-1)?.headers, { host: new URL(named.gateway.origin).host, 'x-forwarded-for': nginxAddress })
  t.equal(statusOf(await exchange(named.nginxPort, requestText('GET', '/', [['Host', 'evil.example']]))), 421)
})

test('whoever goes around nginx is not believed', { skip }, async (t) => {
  const { gateway, upstream } = await start(t, usual, { trustedProxies: [nginxAddress] }, { configuration: { server: { trustedProxies: [nginxAddress] }, access: { default: 'anonymous' } } })
  const host = new URL(gateway.origin).host
  t.equal(statusOf(await exchange(gateway.port, requestText('GET', '/', [['Host', host], ['X-Forwarded-For', `198.51.100.7, ${nginxAddress}`], ['X-Forwarded-Proto', 'https'], ['X-Forwarded-Host', 'evil.example']]))), 200)
  t.match(upstream.requests.at(-1)?.headers, { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http', 'x-forwarded-host': host })
})
