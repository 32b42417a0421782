import { test } from 'tap'
import { Browser } from './browser.ts'
import { CookieJar } from './cookie-jar.ts'
import { client, startProvider } from './provider.ts'
import { startUpstream } from './upstream.ts'

const tooLarge = `a=${'x'.repeat(4096)}`

/** What an address sets, which address is asked next, and the Cookie header that it gets. */
const cookies: ReadonlyArray<readonly [name: string, from: string, setCookie: string, to: string, sent: string | undefined]> = [
  ['goes back to its host, on any port', 'http://localhost:1/', 'a=1; Path=/', 'http://localhost:2/x', 'a=1'],
  ['does not go to another host', 'http://localhost/', 'a=1; Path=/', 'http://127.0.0.1/', undefined],
  ['does not go below its host without a domain', 'https://example.com/', 'a=1; Path=/', 'https://app.example.com/', undefined],
  ['goes below its domain', 'https://a.example.com/', 'a=1; Path=/; Domain=example.com', 'https://b.example.com/', 'a=1'],
  ['is refused for a foreign domain', 'https://example.com/', 'a=1; Domain=example.org', 'https://example.org/', undefined],
  ['goes below its path', 'http://localhost/', 'a=1; Path=/oidc', 'http://localhost/oidc/callback', 'a=1'],
  ['does not go to a path that only begins alike', 'http://localhost/', 'a=1; Path=/oidc', 'http://localhost/oidcx', undefined],
  ['takes the folder it came from as its path', 'http://localhost/a/b', 'a=1', 'http://localhost/a/c', 'a=1'],
  ['is refused when secure over plain http', 'http://localhost/', 'a=1; Path=/; Secure', 'https://localhost/', undefined],
  ['does not go over plain http when secure', 'https://localhost/', 'a=1; Path=/; Secure', 'http://localhost/', undefined],
  ['with prefix __Host- is kept on its terms', 'https://localhost/x', '__Host-a=1; Path=/; Secure', 'https://localhost/', '__Host-a=1'],
  ['with prefix __Host- is refused with a domain', 'https://localhost/', '__Host-a=1; Path=/; Secure; Domain=localhost', 'https://localhost/', undefined],
  ['with prefix __Host- is refused with a path', 'https://localhost/', '__Host-a=1; Path=/x; Secure', 'https://localhost/x', undefined],
  ['with prefix __Secure- is refused unless secure', 'https://localhost/', '__Secure-a=1; Path=/', 'https://localhost/', undefined],
  ['is refused with SameSite=None unless secure', 'https://localhost/', 'a=1; Path=/; SameSite=None', 'https://localhost/', undefined],
  ['is refused when larger than 4096 octets', 'http://localhost/', tooLarge, 'http://localhost/', undefined],
  ['is deleted by Max-Age=0, whatever Expires says', 'http://localhost/', 'old=; Max-Age=0; Expires=Fri, 01 Jan 2100 00:00:00 GMT', 'http://localhost/', undefined],
  ['is over at Expires', 'http://localhost/', 'a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'http://localhost/', undefined],
  ['may hold an equals sign', 'http://localhost/', 'a=b=c==; HttpOnly', 'http://localhost/', 'a=b=c==']
]

test('a cookie', async (t) => {
  for (const [name, from, setCookie, to, sent] of cookies) {
    const jar = new CookieJar()
    if (setCookie.startsWith('old=')) jar.store(new URL(from), 'old=1')
    jar.store(new URL(from), setCookie)
    t.equal(jar.header(new URL(to)), sent, name)
  }
  const clock = { now: 0 }
  const jar = new CookieJar(() => clock.now)
  jar.store(new URL('http://localhost/'), 'a=1; Max-Age=60')
  t.equal(jar.header(new URL('http://localhost/')), 'a=1', 'lives until its Max-Age')
  clock.now = 60_000
  t.equal(jar.header(new URL('http://localhost/')), undefined, 'is over at its Max-Age')
})

test('a navigation follows redirects as browsers do, and gives up on a loop', async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    const status = Number(request.url?.slice(1))
    response.writeHead(status, status === 200 ? {} : { location: status === 301 ? '/301' : '/200' }).end(request.method)
  })
  const browser = new Browser()
  const ways = [302, 303, 307].map(async (status) => (await browser.open(`${upstream.url}/${status}`, { method: 'POST', body: 'x' })).text)
  t.strictSame(await Promise.all(ways), ['GET', 'GET', 'POST'])
  await t.rejects(browser.open(`${upstream.url}/301`), /more than 20 redirects/)
})

test('a request says who caused it', async (t) => {
  const upstream = await startUpstream(t)
  const sites = await Promise.all([undefined, upstream.url, 'http://127.0.0.1:1', 'https://evil.example'].map(async (from) => {
    const answer = await new Browser().get(upstream.url, from === undefined ? {} : { from })
    return (answer.json() as { headers: Record<string, string> }).headers['sec-fetch-site']
  }))
  t.strictSame(sites, ['none', 'same-origin', 'same-site', 'cross-site'])
})

test('a https origin can be reached through the plain port behind a balancer', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => { response.setHeader('set-cookie', '__Host-a=1; Path=/; Secure').end() })
  const browser = new Browser({ balancer: { 'https://app.example.com': upstream.port } })
  await browser.open('https://app.example.com/')
  await browser.open('https://app.example.com/')
  t.match(upstream.requests[1]?.headers, { host: 'app.example.com', cookie: '__Host-a=1' })
})

test('people sign in at the provider, change, cancel and sign out', async (t) => {
  const { url: origin } = await startUpstream(t)
  const provider = await startProvider(t, { clients: [client(origin)] })
  const browser = new Browser()
  const authorize = (prompt?: string): URL => {
    const url = new URL('/auth', provider.issuer)
    url.search = new URLSearchParams({ client_id: 'doorward', response_type: 'code', scope: 'openid', redirect_uri: `${origin}/oidc/callback`, ...(prompt === undefined ? {} : { prompt }) }).toString()
    return url
  }
  t.equal((await browser.signIn(authorize(), 'bob')).url.pathname, '/oidc/callback')
  t.equal((await browser.open(authorize())).url.pathname, '/oidc/callback', 'nobody is asked twice')
  t.ok((await browser.signIn(authorize('select_account'), 'alice')).url.searchParams.has('code'))
  const cancelled = await browser.submit(await browser.open(authorize('login')), { cancel: 'yes' })
  t.equal(cancelled.url.searchParams.get('error'), 'access_denied')
  const goodbye = await browser.open(`${provider.issuer}/session/end?client_id=doorward&post_logout_redirect_uri=${origin}/oidc/signed-out`)
  t.equal((await browser.submit(goodbye, { logout: 'yes' })).url.href, `${origin}/oidc/signed-out`)
  t.match(await browser.open(authorize()), { text: /Who would you like to be/ })
})

test('the provider can go away and come back', async (t) => {
  const provider = await startProvider(t)
  const browser = new Browser()
  await provider.stop()
  await t.rejects(browser.get(`${provider.issuer}/jwks`), { code: 'ECONNREFUSED' })
  await provider.start()
  t.equal((await browser.get(`${provider.issuer}/jwks`)).status, 200)
  t.match(provider.requests, [{ method: 'GET', path: '/jwks', status: 200 }])
})
