/** Forms that are posted when the session has ended: they reach the application after the sign-in, once, or a page says that they did not. */
import t, { test } from 'tap'
import { type Answer, Browser, type Page, type RequestSettings } from '../support/browser.ts'
import { exchange } from '../support/raw-socket.ts'
import { startProvider } from '../support/provider.ts'
import { startUpstream } from '../support/upstream.ts'
import { anotherBrowser, hour, type Journey, type JourneyOptions, linkOf, logins, minute, refuseCookies, startJourney, stoppedClock, wayBack } from './journey.ts'

const provider = await startProvider(t)
const upstream = await startUpstream(t)

async function start (t: Parameters<typeof startJourney>[0], options: JourneyOptions = {}): Promise<Journey> {
  upstream.requests.length = 0
  return await startJourney(t, { provider, upstream, ...options })
}

const fields = new URLSearchParams({ title: 'A report', text: 'three hours of work & a bit = 100 %' })

/** Posts a form as the page of the application does. */
function post ({ browser, url }: Journey, settings: RequestSettings = {}, path = '/reports?draft=1'): Promise<Page> {
  return browser.open(url(path), { method: 'POST', body: fields, from: url('/reports/new'), ...settings })
}

async function pick ({ browser }: Journey, question: Answer, person: string): Promise<Page> {
  return await browser.submit(question, { person })
}

/** What the application got: method, target, body. */
function received (): string[] {
  return upstream.requests.map(({ method, url, body }) => `${method} ${url} ${body.toString()}`)
}

const sentForm = `POST /reports?draft=1 ${fields.toString()}`

test('a form that is posted without a session reaches the application after the sign-in, as it was', async (t) => {
  const journey = await start(t)
  const { browser, gateway, url } = journey
  const question = await post(journey, { headers: { origin: gateway.origin, referer: url('/reports/new'), 'if-none-match': '"x"' } })
  t.strictSame(received(), [], 'the application hears nothing before')
  const page = await pick(journey, question, 'bob')
  t.equal(page.url.href, url('/reports?draft=1'), 'the page’s own address')
  t.strictSame(received(), [sentForm])
  const { headers } = upstream.requests[0] ?? {}
  t.match(headers, {
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(fields.toString().length),
    origin: gateway.origin,
    referer: url('/reports/new'),
    'sec-fetch-site': 'same-origin',
    'x-auth-user': 'bob'
  })
  t.equal(headers?.['if-none-match'], undefined)
  t.equal(page.headers['cache-control'], 'no-store', 'an answer to a form is not the page')
  t.notMatch(browser.jar.header(new URL(url('/'))), /form/, 'nothing is left in the browser')
})

test('it is sent once: not when the page is loaded again, nor by the back button or a kept cookie', async (t) => {
  const journey = await start(t)
  const { browser, url } = journey
  const back = await callbackOf(journey, 'bob')
  const callback = await browser.get(back)
  const cookies = browser.jar.header(new URL(url('/'))) ?? ''
  t.match(cookies, /doorward-form=/)
  const target = url('/reports?draft=1')
  t.equal((await browser.get(target)).status, 200)
  t.equal((await browser.get(target)).status, 200)
  t.equal(callback.status, 303)
  t.equal((await browser.open(back)).status, 200, 'the callback again')
  const again = await anotherBrowser(journey).get(target, { headers: { cookie: cookies } })
  t.equal(again.status, 409, 'somebody who has a copy of the cookies')
  t.strictSame(received(), [sentForm, 'GET /reports?draft=1 ', 'GET /reports?draft=1 '])
})

/** Posts the form, and goes as far as the provider's redirect back. */
async function callbackOf (journey: Journey, person: string, settings: RequestSettings = {}): Promise<URL> {
  const { browser, url } = journey
  const { location } = await browser.get(url('/reports?draft=1'), { method: 'POST', body: fields, from: url('/reports/new'), ...settings })
  return await wayBack(browser, location ?? '', person)
}

test('every kind of form is kept up to its limit, byte by byte', async (t) => {
  const boundary = 'multipart/form-data; boundary=----b'
  const bytes = Buffer.concat([Buffer.from('------b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n'), Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)), Buffer.from('\r\n------b--\r\n')])
  const kinds: Array<[type: string, body: Buffer]> = [[boundary, bytes], ['application/json', Buffer.from('{"a":"ü"}')], ['application/x-www-form-urlencoded;charset=UTF-8', Buffer.alloc(1024, 'a')]]
  for (const [type, body] of kinds) {
    const journey = await start(t, { configuration: { session: { postLimit: '1KiB' } } })
    await pick(journey, await post(journey, { body, headers: { 'content-type': type } }), 'bob')
    t.strictSame([upstream.requests.length, upstream.requests[0]?.method, upstream.requests[0]?.headers['content-type']], [1, 'POST', type])
    t.ok(upstream.requests[0]?.body.equals(body), type)
  }
})

test('what is not kept is what it was before: a sign-in that ends at the page, or 401', async (t) => {
  const others: Array<[why: string, settings: RequestSettings, session?: Record<string, unknown>]> = [
    ['switched off', {}, { postLimit: '0B' }],
    ['a form of another site', { from: 'https://elsewhere.example/' }],
    ['a form of a sibling host', { from: 'http://sibling.localhost/' }],
    ['of another site, though its Origin says otherwise', { from: 'https://elsewhere.example/', headers: { origin: 'http://localhost' } }],
    ['another method', { method: 'PUT' }],
    ['without a body', { body: '', headers: { 'content-type': 'application/x-www-form-urlencoded' } }]
  ]
  for (const [why, settings, session = {}] of others) {
    const journey = await start(t, { configuration: { session } })
    const page = await pick(journey, await post(journey, settings), 'bob')
    t.strictSame([page.status, received()], [200, ['GET /reports?draft=1 ']], why)
  }
  const journey = await start(t)
  const script = await post(journey, { program: true })
  t.strictSame([script.status, script.setCookies, script.json() as unknown], [401, [], { ...script.json() as object, login_url: '/oidc/login?return_to=%2Freports%3Fdraft%3D1' }])
})

test('a form of the site that can’t be kept is not lost in silence: a page says so at once, while the form is a step back', async (t) => {
  const others: Array<[settings: RequestSettings, session?: Record<string, unknown>]> = [
    [{ body: Buffer.alloc(65 * 1024, 'a'), headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    [{ body: Buffer.alloc(100, 'a'), headers: { 'content-type': 'application/json' } }, { postLimit: '99B' }],
    [{ body: 'a=1', headers: { 'content-type': 'text/plain' } }]
  ]
  for (const [settings, session = {}] of others) {
    const journey = await start(t, { configuration: { session } })
    const page = await post(journey, settings)
    t.strictSame([page.status, page.url.pathname, page.setCookies, received()], [409, '/reports', [], []])
    t.match(page.text, /could not be kept for a sign-in. Nothing of it was sent. Go back to copy it/)
    const after = await journey.browser.signIn(linkOf(page, 'Sign in again'), 'bob')
    t.strictSame([after.status, received()], [200, ['GET /reports?draft=1 ']])
  }
})

test('a browser without fetch metadata is believed by the Origin that it sends, and not without one', async (t) => {
  for (const [origin, expected] of [[true, sentForm], ['https://elsewhere.example', 'GET /reports?draft=1 '], ['null', 'GET /reports?draft=1 '], [false, 'GET /reports?draft=1 ']] as const) {
    const journey = await start(t)
    const { gateway, browser, url } = journey
    const lines = ['POST /reports?draft=1 HTTP/1.1', `Host: localhost:${gateway.port}`, 'Accept: text/html', ...origin === false ? [] : [`Origin: ${origin === true ? gateway.origin : origin}`], 'Content-Type: application/x-www-form-urlencoded', `Content-Length: ${fields.toString().length}`, 'Connection: close', '', fields.toString()]
    const head = await exchange(gateway.port, lines.join('\r\n'))
    for (const [, line = ''] of head.matchAll(/^set-cookie: (.*)$/gim)) browser.jar.store(new URL(gateway.origin), line)
    await browser.signIn(new URL(/^location: (.*)$/im.exec(head)?.[1] ?? '', url('/')), 'bob')
    t.strictSame(received(), [expected], String(origin))
  }
})

test('nobody is made to send what somebody else has put there', async (t) => {
  const attacker = await start(t)
  const planted = await attacker.browser.get(attacker.url('/reports?draft=1'), { method: 'POST', body: fields, from: attacker.url('/') })
  const link = planted.location ?? ''
  t.match(String(link), /&form=[\w-]{8}$/)
  const victim = anotherBrowser(attacker)
  t.equal((await victim.signIn(link, 'bob')).status, 200)
  t.strictSame(received(), ['GET /reports?draft=1 '], 'the link alone is worth nothing')
  await victim.open(attacker.url('/oidc/logout'))
  await victim.get(attacker.url('/mine'), { method: 'POST', body: fields, from: attacker.url('/') })
  await victim.open(link)
  t.strictSame(received().slice(1), ['GET /reports?draft=1 '], 'nor is it a way to a form of the victim’s own')
})

test('a form goes to its own page alone, whatever is opened first', async (t) => {
  const journey = await start(t)
  const { browser, url } = journey
  await browser.get(await callbackOf(journey, 'bob'))
  for (const path of ['/reports', '/reports?draft=2', '/']) await browser.get(url(path))
  await browser.get(url('/reports?draft=1'), { program: true })
  t.ok(received().every((line) => line.startsWith('GET ')))
  await browser.get(url('/reports?draft=1'))
  t.equal(received().at(-1), sentForm)
})

test('who leaves the sign-in and comes back another way has sent nothing', async (t) => {
  const journey = await start(t)
  await post(journey)
  await journey.browser.signIn(journey.url('/other'), 'bob')
  await journey.browser.get(journey.url('/reports?draft=1'))
  t.strictSame(received(), ['GET /other ', 'GET /reports?draft=1 '])
})

test('where a session had ended, its person alone may send the form', async (t) => {
  for (const [person, status, expected] of [['bob', 200, [sentForm]], ['carol', 409, []]] as const) {
    const clock = stoppedClock()
    const journey = await start(t, { now: () => clock.now, configuration: { provider: { authorizationParams: { prompt: 'login' } } } })
    const { browser, url } = journey
    await browser.signIn(url('/reports/new'), 'bob')
    upstream.requests.length = 0
    clock.now += hour
    const question = await post(journey)
    const page = await signInAs(journey, question, person)
    t.equal(page.status, status, person)
    t.strictSame(received(), expected)
    if (status === 200) continue
    t.match(page.text, /You signed in as somebody else[^]*Nothing of it was sent/)
    t.equal((await browser.open(linkOf(page, 'Go to the page'))).status, 200)
    t.strictSame(received(), ['GET /reports?draft=1 '], 'the form is gone')
  }
})

/** Picks a person, whoever was signed in at the provider before. */
async function signInAs ({ browser }: Journey, question: Answer, person: string): Promise<Page> {
  let page = await browser.submit(question, { person })
  while (page.text.includes('document.forms[0].submit()')) page = await browser.submit(page)
  return page
}

test('the rules for the form itself decide, with its length', async (t) => {
  const rules = [
    { path: '/reports/**', methods: ['POST'], require: { roles: ['editor'] } },
    { path: '/notes/**', methods: ['POST'], maxBody: '10B' }
  ]
  for (const [path, status] of [['/reports?draft=1', 403], ['/notes', 413]] as const) {
    const journey = await start(t, { configuration: { access: { rules } } })
    const page = await pick(journey, await post(journey, {}, path), 'bob')
    t.strictSame([page.status, received()], [status, []], path)
    t.equal((await journey.browser.get(journey.url(path))).status, 200, 'the page can be opened')
  }
})

test('a form that needs a better sign-in than there is waits for that too', async (t) => {
  const rules = [{ path: '/reports', methods: ['POST'], require: { maxAge: '1h' } }]
  const journey = await start(t, { configuration: { access: { rules } } })
  await journey.browser.signIn(journey.url('/reports?draft=1'), 'bob')
  const page = await post(journey)
  t.equal(page.status, 200)
  t.strictSame(received(), ['GET /reports?draft=1 ', sentForm])
})

test('a form that waited too long, or for whom there was no more room, is not sent, and a page says so', async (t) => {
  const clock = stoppedClock()
  const journey = await start(t, { now: () => clock.now })
  const { browser } = journey
  const question = await post(journey)
  clock.now += 9 * minute
  const answer = await browser.get(await wayBack(browser, question.url, 'bob'))
  clock.now += 2 * minute
  const page = await browser.get(answer.location ?? '')
  t.equal(page.status, 409)
  t.match(page.text, /Your form was not sent[^]*could not be kept/)
  t.strictSame(received(), [])
  t.equal((await browser.open(linkOf(page, 'Go to the page'))).status, 200)
})

test('of thousands of forms that nobody comes back for, the oldest make room', async (t) => {
  const journey = await start(t, { configuration: { session: { postLimit: '1MiB' } } })
  const back = await callbackOf(journey, 'bob')
  const body = Buffer.alloc(1024 * 1024, 'x')
  for (let count = 0; count < 24; count++) await new Browser().get(journey.url('/x'), { method: 'POST', body, from: journey.url('/'), headers: { 'content-type': 'application/json' } })
  t.equal((await journey.browser.open(back)).status, 409)
})

test('a browser that refuses the cookie ends at the page, and nothing is sent', async (t) => {
  const journey = await start(t)
  refuseCookies(journey.browser, /doorward-form=/)
  t.equal((await pick(journey, await post(journey), 'bob')).status, 200)
  t.strictSame([received(), logins(journey)], [['GET /reports?draft=1 '], ['success']])
})

test('what waits on the server names no person and no field in the log or the audit trail', async (t) => {
  const journey = await start(t)
  await pick(journey, await post(journey), 'bob')
  t.notMatch([...journey.gateway.logs, ...journey.gateway.auditLines].join('\n'), /three|hours of work/)
})
