/** What a sibling host can do with cookies that it sets for the whole domain (RFC 6265bis section 8.6). */
import t from 'tap'
import { exchange, parseMessage, requestText, statusOf, valuesOf } from '../support/raw-socket.ts'
import { startRecordedGateway } from '../proxy/open-gateway.ts'
import { startJourney, stoppedClock, wayBack } from '../flows/journey.ts'
import { signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'

const publicUrl = 'https://app.example.com'
const noBreakSpace = '\u00a0'

t.test('a name behind a no-break space is not the protected name that it looks like', async (t) => {
  const { gateway, browser, url } = await startJourney(t, { publicUrl })
  await browser.signIn(url('/'), 'bob')
  const cookie = browser.jar.header(new URL(url('/')))?.split('; ').find((pair) => pair.startsWith('__Host-doorward=')) ?? ''
  const ask = (header: string) => exchange(gateway.port, requestText('GET', '/oidc/session', [['Cookie', header]]))

  t.equal(statusOf(await ask(cookie)), 200, 'the cookie is good')
  t.equal(statusOf(await ask(`\t ${cookie} `)), 200, 'spaces and tabs are no part of a cookie')
  for (const space of [noBreakSpace, `x=y; ${noBreakSpace}`, '\x0b', '\x0c']) {
    t.not(statusOf(await ask(space + cookie)), 200, JSON.stringify(space))
  }
})

t.test('an attacker’s login can’t be completed by planting its cookie, whatever the session’s cookie is called', async (t) => {
  for (const cookie of [{}, { name: 'app' }, { domain: 'example.com' }]) {
    const { gateway, browser, url } = await startJourney(t, { publicUrl, configuration: { session: { cookie } } })
    const callback = await wayBack(browser, url('/'), 'bob')
    const login = browser.jar.header(callback)?.split('; ').find((pair) => pair.includes('-login-')) ?? ''
    t.match(login, /^__Host-/, `browsers keep other hosts from setting ${login.split('=')[0] ?? ''}`)
    const answer = await exchange(gateway.port, requestText('GET', callback.pathname + callback.search, [['Accept', 'text/html'], ['Cookie', noBreakSpace + login]]))
    t.equal(statusOf(answer), 302, 'the sign-in begins anew')
    t.notOk(valuesOf(parseMessage(answer), 'set-cookie').some((line) => /^(__Host-doorward|__Secure-doorward|app)=/.test(line)), 'and there is no session')
  }
})

t.test('cookies that only look like logins in progress don’t keep anybody from signing in', async (t) => {
  const { gateway } = await startRogueGateway(t)
  const odd = ['a b', 'ü', 'a"b', 'a,b', '', 'x'.repeat(200)].map((name) => `doorward-login-${name}=x`).join('; ')
  const answer = await exchange(gateway.port, requestText('GET', '/oidc/login', [['Accept', 'text/html'], ['Cookie', odd]]))
  t.equal(statusOf(answer), 302)
})

t.test('a whole session beside a session in chunks makes both worthless', async (t) => {
  const { gateway } = await startRogueGateway(t)
  const cookie = await signedInCookie(gateway)
  const ask = (header: string) => exchange(gateway.port, requestText('GET', '/oidc/session', [['Cookie', header]]))
  t.equal(statusOf(await ask(cookie)), 200)
  t.equal(statusOf(await ask(`doorward.0=x; ${cookie}`)), 401)
})

t.test('an old copy of a session’s cookie does not end the session', async (t) => {
  const clock = stoppedClock()
  const { gateway, browser, url } = await startJourney(t, { now: () => clock.now, configuration: { session: { idleTimeout: '30m' } } })
  await browser.signIn(url('/'), 'bob')
  const old = browser.jar.header(new URL(url('/'))) ?? ''
  clock.now += 20 * 60_000
  t.equal((await browser.open(url('/'))).status, 200, 'the idle expiry is moved')
  clock.now += 20 * 60_000

  const replayed = await exchange(gateway.port, requestText('GET', '/oidc/session', [['Cookie', old]]))
  t.equal(statusOf(replayed), 401, 'the old copy has run out')
  t.equal((await browser.get(url('/oidc/session'), { program: true })).status, 200, 'the session goes on')
})

t.test('an application can’t set Doorward’s cookies, and sign its visitors in to the others as somebody else', async (t) => {
  const own = ['doorward=x', ' doorward = x; Path=/', 'doorward.0=x', 'doorward.3=x', 'doorward-login-abc=x', 'doorward-rounds=3', 'doorward', 'doorward=; Max-Age=0']
  const others = ['app=1; Path=/', 'doorwardx=1', 'xdoorward=1', 'doorward.4=1', 'Doorward=1', 'doorward-login-=1', 'a=doorward=1', '=doorward']
  const lines = [...own, ...others].map((line) => `Set-Cookie: ${line}\r\n`).join('')
  const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nSet-Cookie: app=early\r\n\r\n'
  const { send } = await startRecordedGateway(t, () => `${early}HTTP/1.1 200 OK\r\n${lines}Connection: close\r\nContent-Length: 2\r\n\r\nok`)
  const { answer } = await send(requestText('GET', '/'))
  t.notMatch(answer, 'early', 'nobody needs a cookie before the answer')
  t.strictSame(valuesOf(parseMessage(answer.slice(answer.indexOf('HTTP/1.1 200'))), 'set-cookie'), others)
})
