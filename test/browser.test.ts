/** The journeys of people in a real browser: what cookies, redirects and policies do there. */
import t, { test } from 'tap'
import { second, stoppedClock } from './flows/journey.ts'
import { followForeignLink, ownCookies, pick, picture, startChromium, visit } from './flows/visit.ts'
import { missingPart } from './support/parts.ts'
import { startProvider } from './support/provider.ts'

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
