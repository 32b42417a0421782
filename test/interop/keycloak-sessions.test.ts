/** Keycloak as it is, a real browser, and `doorward serve` between them: how sessions go on, and how they end. */
import t, { test } from 'tap'
import { missingAround, startAround } from './around.ts'
import { idOf } from './company.ts'
import { elsewhere, signIn, startReports } from './reports.ts'

const skip = missingAround()
const around = skip === false ? await startAround(t) : undefined as never

test('a sign-out ends at Keycloak too, and comes back', { skip }, async (t) => {
  const reports = await startReports(t, around)
  const { page, url, events } = reports
  await signIn(reports, 'bob')
  await page.goto(url('/oidc/logout'))
  await page.waitForURL(`${url('/oidc/signed-out')}*`)
  t.equal(await page.textContent('h1'), 'You are signed out')
  t.match(events('logout'), [{ outcome: 'success', reason: 'user', user: { user: 'bob' } }])
  await page.goto(url('/'))
  t.ok(await page.locator('#password').isVisible(), 'Keycloak asks again')
})

for (const channel of ['back', 'front']) {
  test(`a sign-out at one application ends the session at the other, by the ${channel} channel`, { skip }, async (t) => {
    const [one, other] = [await startReports(t, around), await startReports(t, around, { host: '127.0.0.1', client: { frontchannelLogout: channel === 'front' } })]
    await signIn(one, 'bob')
    const there = await one.context.newPage()
    await there.goto(other.url('/'))
    t.equal(await there.textContent('h1'), 'bob', 'without a question')

    await one.page.goto(one.url('/oidc/logout'))
    await one.page.waitForURL(`${one.url('/oidc/signed-out')}*`)
    await other.gateway.logged('session.revoked')
    t.match(other.events('session.revoked'), [{ outcome: 'success', reason: `${channel}channel` }])
    await there.goto(other.url('/'))
    t.ok(await there.locator('#password').isVisible())
  })
}

test('a person whom the administrator signs out at Keycloak is signed out here, in every browser', { skip }, async (t) => {
  const { keycloak } = around
  const reports = await startReports(t, around)
  await signIn(reports, 'carol')
  const other = await elsewhere(t, reports, around)
  await signIn(other, 'carol')

  await keycloak.admin('POST', `/company/users/${await idOf(keycloak, 'carol')}/logout`)
  await reports.gateway.logged('session.revoked')
  for (const { page, url } of [reports, other]) {
    await page.goto(url('/'))
    t.ok(await page.locator('#password').isVisible())
  }
  t.match(reports.events('session.revoked'), [{ outcome: 'success', reason: 'backchannel' }])
})

test('one session that the administrator ends at Keycloak ends here, and no other', { skip }, async (t) => {
  const { keycloak } = around
  const reports = await startReports(t, around)
  await signIn(reports, 'carol')
  const before = new Set(await sessionsOf('carol'))
  const other = await elsewhere(t, reports, around)
  await signIn(other, 'carol')

  const [newest] = (await sessionsOf('carol')).filter((id) => !before.has(id))
  await keycloak.admin('DELETE', `/company/sessions/${newest}`)
  await reports.gateway.logged('session.revoked')
  await other.page.goto(other.url('/'))
  t.ok(await other.page.locator('#password').isVisible())
  // Not a page of the application: Keycloak would sign in again without a question.
  const answer = await reports.page.goto(reports.url('/oidc/session'))
  t.match([answer?.status(), await answer?.json()], [200, { user: 'carol' }])

  async function sessionsOf (username: string): Promise<string[]> {
    const sessions = await keycloak.admin('GET', `/company/users/${await idOf(keycloak, username)}/sessions`) as Array<{ id: string }>
    return sessions.map(({ id }) => id)
  }
})

test('tokens are refreshed by a new refresh token each time, and what Keycloak then says counts', { skip }, async (t) => {
  const { keycloak } = around
  const reports = await startReports(t, around, {
    configuration: { session: { refreshBefore: '1s' } },
    client: { attributes: { 'access.token.lifespan': '3' } }
  })
  const { page, upstream, url, events } = reports
  await signIn(reports, 'carol')
  t.equal(upstream.requests[0]?.headers['x-auth-roles'], undefined)
  const [finance] = await keycloak.admin('GET', '/company/groups?search=finance') as Array<{ id: string }>
  await keycloak.admin('PUT', `/company/users/${await idOf(keycloak, 'carol')}/groups/${finance?.id}`)
  await reloadUntil(() => events('session.refresh').length === 3)
  t.strictSame([page.url(), await page.textContent('h1')], [url('/'), 'carol'])
  t.equal(upstream.requests.at(-1)?.headers['x-auth-roles'], 'reader', 'without another sign-in')
  t.match(events('session.refresh'), [{ outcome: 'success' }, { outcome: 'success' }, { outcome: 'success' }])

  // No back-channel logout for this client: the next refresh is how Doorward hears of it.
  await keycloak.admin('POST', `/company/users/${await idOf(keycloak, 'carol')}/logout`)
  await reloadUntil(() => events('session.revoked').length === 1)
  t.match(events('session.revoked'), [{ reason: 'refresh_rejected', user: { user: 'carol' } }])
  t.ok(await page.locator('#password').isVisible(), 'Keycloak asks again')

  async function reloadUntil (isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await page.goto(url('/'))
      await page.waitForTimeout(200)
    }
  }
})
