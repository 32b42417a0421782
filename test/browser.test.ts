/** The journeys of people in a real browser: what cookies, redirects and policies do there. */
import { text } from 'node:stream/consumers'
import t, { test } from 'tap'
import { second, stoppedClock } from './flows/journey.ts'
import { followForeignLink, ownCookies, pick, picture, startChromium, visit } from './flows/visit.ts'
import { missingPart } from './support/parts.ts'
import { startProvider } from './support/provider.ts'
import { startUpstream } from './support/upstream.ts'

const skip = missingPart('chromium')
const running = skip === false ? await startChromium(t) : undefined

test('a day at work: in, refused, in as somebody else, out, and in again', { skip }, async (t) => {
  const visitor = await visit(t, running)
  const { complaints, newPage, url } = visitor
  const page = await newPage()
  await page.goto(url('/reports?q=1'))
  await picture(page, 'pick')
  await pick(page, 'bob')
  t.strictSame([page.url(), await page.textContent('h1')], [url('/reports?q=1'), 'bob'])
  t.strictSame(await ownCookies(visitor), ['doorward', 'doorward-rounds'])
  t.equal(await page.evaluate('document.cookie'), '', 'scripts don’t see the session')

  const refused = await page.goto(url('/admin/users'))
  t.equal(refused?.status(), 403)
  t.match(await page.textContent('main'), /needs the role admin[\s\S]*access\.rules\[0\][\s\S]*Signed in as\s+bob/)
  await page.getByText('Groups (2)').click()
  t.ok(await page.getByText('data-scientists').isVisible())
  await picture(page, 'refused')

  await page.getByRole('link', { name: 'Use another account' }).click()
  await pick(page, 'alice')
  await page.waitForURL(url('/admin/users'))
  t.equal(await page.textContent('h1'), 'alice', 'at the page that was refused')

  await page.goto(url('/oidc/logout'))
  await page.getByRole('button', { name: 'Stay signed in' }).click()
  await page.waitForURL((address) => address.pathname === '/oidc/signed-out')
  t.equal(await page.textContent('h1'), 'You are signed out', 'the provider has sent the browser back')
  await picture(page, 'signed-out')
  t.strictSame(await ownCookies(visitor), [], 'none of our cookies is left')

  await page.goto(url('/admin/users'))
  await page.waitForURL(url('/admin/users'))
  t.equal(await page.textContent('h1'), 'alice', 'the provider still knows who it is')
  t.strictSame(complaints, [])
})

test('two tabs at once both end at their own page', { skip }, async (t) => {
  const visitor = await visit(t, running)
  const { complaints, newPage, url } = visitor
  const tabs = [{ page: await newPage(), path: '/one' }, { page: await newPage(), path: '/two?x=2' }]
  await Promise.all(tabs.map(({ page, path }) => page.goto(url(path))))
  await Promise.all(tabs.map(async ({ page, path }) => {
    await pick(page, 'bob')
    await page.waitForURL(url(path))
    t.equal(await page.textContent('h1'), 'bob', path)
  }))
  t.strictSame(await ownCookies(visitor), ['doorward', 'doorward-rounds'])
  t.strictSame(complaints, [])
})

test('a session that is SameSite=strict works from the first page on', { skip }, async (t) => {
  const { complaints, newPage, url } = await visit(t, running, { configuration: { session: { cookie: { sameSite: 'strict' } } } })
  const page = await newPage()
  await page.goto(url('/x?a=1&b=2'))
  await pick(page, 'bob')
  await page.waitForURL(url('/x?a=1&b=2'))
  t.equal(await page.textContent('h1'), 'bob')
  await followForeignLink(page, url('/y'))
  await page.waitForURL(url('/y'))
  t.equal(await page.textContent('h1'), 'bob', 'a link elsewhere brings no cookie; the provider signs in without a question')
  t.strictSame(complaints, [])
})

test('a browser that loses our cookies on the way is told which one is missing', { skip }, async (t) => {
  const asksAlways = { provider: { authorizationParams: { prompt: 'login' } } }
  const { complaints, context, newPage, url } = await visit(t, running, { configuration: asksAlways })
  const page = await newPage()
  await page.goto(url('/x'))
  for (const attempt of ['the first', 'the only other one']) {
    t.match(page.url(), /\/interaction\//, attempt)
    await context.clearCookies({ name: /^doorward/ })
    await pick(page, 'bob')
  }
  t.match(await page.textContent('main'), /did not send back the cookie[\s\S]*Missing cookie doorward-login-/)
  await picture(page, 'cookie-missing')
  await page.getByRole('link', { name: 'Sign in again' }).click()
  await pick(page, 'bob')
  t.equal(page.url(), url('/x'))
  t.strictSame(complaints, [])
})

test('who comes by another name of the site ends at its proper address', { skip }, async (t) => {
  const { complaints, gateway, newPage, url } = await visit(t, running)
  const page = await newPage()
  await page.goto(`http://127.0.0.1:${gateway.port}/x?y=1`)
  await pick(page, 'bob')
  t.equal(page.url(), url('/x?y=1'))
  t.strictSame(complaints, [])
})

test('who comes by a name that is not known is told so, with a way to the proper address', { skip }, async (t) => {
  const { gateway, newPage, url } = await visit(t, running)
  const page = await newPage()
  const response = await page.goto(`http://other.localhost:${gateway.port}/x`)
  t.equal(response?.status(), 421)
  t.equal(await page.textContent('h1'), 'Not the address of this site')
  await page.getByRole('link', { name: 'Open this site' }).click()
  await pick(page, 'bob')
  t.equal(page.url(), url('/'))
})

test('faults have pages too, each with a way on', { skip }, async (t) => {
  const provider = await startProvider(t)
  await provider.stop()
  const clock = stoppedClock()
  const { complaints, newPage, upstream, url } = await visit(t, running, { provider, now: () => clock.now })
  const page = await newPage()
  await page.goto(url('/x'))
  t.equal(await page.textContent('h1'), 'Sign-in is unavailable')
  await picture(page, 'sign-in-unavailable')
  await provider.start()
  clock.now += second
  await page.getByRole('link', { name: 'Try again' }).click()

  await page.getByRole('button', { name: 'Cancel' }).click()
  t.equal(await page.textContent('h1'), 'Sign-in was not granted')
  await picture(page, 'not-granted')

  await page.getByRole('link', { name: 'Sign in again' }).click()
  await pick(page, 'bob')
  t.equal(page.url(), url('/x'))
  await upstream.close()
  await page.goto(url('/x'))
  t.equal(await page.textContent('h1'), 'Application not reachable')
  await picture(page, 'application-down')

  t.strictSame(complaints, [])
})

test('another site that sends people to sign out only makes Doorward ask', { skip }, async (t) => {
  const { complaints, newPage, url } = await visit(t, running)
  const page = await newPage()
  await page.goto(url('/x'))
  await pick(page, 'bob')
  await followForeignLink(page, url('/oidc/logout'))
  t.equal(await page.textContent('h1'), 'Sign out?')
  await picture(page, 'sign-out')
  await page.getByRole('button', { name: 'Sign out' }).click()
  t.equal(await page.textContent('h1'), 'Sign out here as well?', 'asks the provider')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL((address) => address.pathname === '/oidc/signed-out')
  t.equal(await page.textContent('h1'), 'You are signed out')
  t.strictSame(complaints, [])
})

const keeping = { session: { keepFragment: true } }

test('a #fragment survives the sign-in, on its own page alone, and no provider sees it', { skip }, async (t) => {
  const { complaints, context, newPage, url } = await visit(t, running, { configuration: keeping })
  const page = await newPage()
  const shown: string[] = []
  page.on('framenavigated', (frame) => { shown.push(frame.url()) })
  await page.goto(url('/x?a=1#section-2/ä'))
  await page.waitForURL(/\/interaction\//)
  const tab = await newPage()
  await tab.goto(url('/y'))
  await tab.waitForURL(/\/interaction\//)
  await pick(page, 'bob')
  await page.waitForURL(url('/x?a=1#section-2/%C3%A4'))
  t.equal(await page.textContent('h1'), 'bob')
  t.strictSame(shown.filter((address) => address.includes('section') && !address.startsWith(url('/'))), [])
  t.equal(await page.evaluate('sessionStorage.length'), 0, 'nothing is left behind')
  t.equal(await page.evaluate('history.length'), 3, 'the pages in between are not in the history')
  await pick(tab, 'bob')
  await tab.waitForURL(url('/y'))
  await context.clearCookies({ name: 'doorward' })
  await page.goto(url('/z'))
  await page.waitForURL(url('/z'))
  t.equal(page.url(), url('/z'), 'the next sign-in of this tab has none')
  t.strictSame(complaints, [])
})

test('a fragment belongs to the sign-in that it began, whatever an address says', { skip }, async (t) => {
  const { complaints, newPage, url } = await visit(t, running, { configuration: keeping })
  const page = await newPage()
  await page.goto(url('/oidc/login?return_to=/x#one'))
  await page.waitForURL(/\/interaction\//)
  await page.goto(url('/oidc/login?return_to=/other&fragment=00000000-0000-4000-8000-000000000000'))
  await pick(page, 'bob')
  await page.waitForURL(url('/other'))
  const name = '11111111-1111-4111-8111-111111111111'
  for (const [index, value] of ['https://elsewhere.example/#a', '//elsewhere.example/#a', 'javascript:document.title=1//#a', '/y2#a', '/y'].entries()) {
    await page.evaluate(`sessionStorage.setItem('doorward ${name}', ${JSON.stringify(value)})`)
    await page.goto(url(`/oidc/login?return_to=/y/${index}&fragment=${name}`))
    await page.waitForURL(url(`/y/${index}`))
    t.equal(await page.textContent('h1'), 'bob', value)
  }
  t.strictSame(complaints, [])
})

test('without scripts a sign-in leads to the page all the same', { skip }, async (t) => {
  const { complaints, gateway, url } = await visit(t, running, { configuration: keeping })
  const context = await running?.newContext({ javaScriptEnabled: false })
  t.teardown(() => context?.close())
  const page = await context?.newPage()
  if (page === undefined) throw new Error('no browser')
  await page.goto(url('/x?a=1#part'))
  await page.waitForURL(/\/interaction\//)
  await pick(page, 'bob')
  await page.waitForURL((address) => address.pathname === '/x')
  t.equal(await page.textContent('h1'), 'bob')
  t.match(gateway.audit.at(-1), { event: 'login', outcome: 'success' })
  t.strictSame(complaints, [])
})

test('with fragments kept, a strict session and a form that was posted too late work as well', { skip }, async (t) => {
  const upstream = await startUpstream(t, async (request, response) => {
    response.setHeader('content-type', 'text/html')
    const body = await text(request)
    const form = '<form method="post" action="/save?x=1" enctype="multipart/form-data"><input name="title"><input type="file" name="file"><button>Save</button></form>'
    response.end(`<!doctype html><link rel="icon" href="data:,"><h1>${request.method} ${request.url}</h1>${request.url === '/new' ? form : `<pre>${/name="title"\s+(.*)/.exec(body)?.[1]} ${/PNG.*/.exec(body)?.[0]}</pre>`}`)
  })
  for (const session of [{}, { keepFragment: true, cookie: { sameSite: 'strict' } }]) {
    const { complaints, context, newPage, url } = await visit(t, running, { upstream, configuration: { session, access: { rules: [{ path: '/new', allow: 'anonymous' }] } } })
    const page = await newPage()
    await page.goto(url('/new'))
    await page.fill('[name=title]', 'A report')
    await page.setInputFiles('[name=file]', { name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('PNG bytes') })
    await page.getByRole('button', { name: 'Save' }).click()
    await page.waitForURL(/\/interaction\//)
    await pick(page, 'bob')
    await page.waitForURL(url('/save?x=1'))
    t.strictSame([await page.textContent('h1'), await page.textContent('pre')], ['POST /save?x=1', 'A report PNG bytes'])
    await page.reload()
    t.equal(await page.textContent('h1'), 'GET /save?x=1', 'loading it again asks for the page')
    t.strictSame((await context.cookies()).filter(({ name }) => name.includes('form')), [])
    t.strictSame(complaints, [])
  }
})
