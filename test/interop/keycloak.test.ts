/** Keycloak as it is, a real browser, and `doorward serve` between them: signing in, and what goes wrong with it. */
import { createRemoteJWKSet, jwtVerify } from 'jose'
import t, { test } from 'tap'
import { startChromium } from '../flows/visit.ts'
import { missingPart } from '../support/parts.ts'
import { createCompany } from './company.ts'
import { startKeycloak } from './keycloak.ts'
import { mistakesWith } from './mistakes.ts'
import { type Around, giveCredentials, signIn, startReports, wordsOn } from './reports.ts'

const skip = missingPart('java') || missingPart('mvn') || missingPart('chromium')
const around = skip === false ? await startAround() : undefined as never

async function startAround (): Promise<Around> {
  const keycloak = await startKeycloak(t)
  return { keycloak, issuer: await createCompany(keycloak), chromium: await startChromium(t) }
}

/** Keycloak's name for a person. */
async function idOf (username: string): Promise<string> {
  const [found] = await around.keycloak.admin('GET', `/company/users?exact=true&username=${username}`) as Array<{ id: string }>
  if (found === undefined) throw new Error(`there is no ${username}`)
  return found.id
}

const realmRolesMapper = {
  name: 'realm roles',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-usermodel-realm-role-mapper',
  config: { 'claim.name': 'realm_access.roles', 'jsonType.label': 'String', multivalued: 'true', 'id.token.claim': 'true' }
}

test('people sign in, and the application receives who they are and the roles of their groups', { skip }, async (t) => {
  const reports = await startReports(t, around)
  const { page, upstream, url } = reports
  await signIn(reports, 'alice', '/admin/users?q=1')
  t.strictSame([page.url(), await page.textContent('h1')], [url('/admin/users?q=1'), 'alice'])

  const { headers } = upstream.requests[0] ?? {}
  t.match(headers, {
    'x-auth-user': 'alice',
    'x-auth-subject': /^[0-9a-f-]{36}$/,
    'x-auth-email': 'alice@example.com',
    'x-auth-name': 'Alice %C3%85ngstr%C3%B6m',
    'x-auth-groups': /^(admins,finance|finance,admins)$/,
    'x-auth-roles': /^(admin,reader|reader,admin)$/
  })
  t.equal(headers?.cookie, undefined, 'neither our cookies nor those of Keycloak, which has the same host')
  const keys = createRemoteJWKSet(new URL(url('/oidc/jwks')))
  const { payload } = await jwtVerify(String(headers?.['x-auth-assertion']), keys, { audience: upstream.url, issuer: new URL(url('/')).origin })
  t.match(payload, { sub: headers?.['x-auth-subject'], name: 'Alice Ångström', provider: 'default', sid: String, auth_time: Number })
})

test('who may not open a page is told what is missing, with the way to another account', { skip }, async (t) => {
  const reports = await startReports(t, around)
  const { page, url } = reports
  await signIn(reports, 'bob', '/admin/users')
  t.match(await wordsOn(page), /needs the role admin.*Signed in as bob/)
  await page.getByRole('link', { name: 'Use another account' }).click()
  t.match(await wordsOn(page), 'Please re-authenticate', 'Keycloak would go on with the same person')
  await page.locator('#reset-login').click()
  await giveCredentials(page, 'alice')
  await page.waitForURL(url('/admin/users'))
  t.equal(await page.textContent('h1'), 'alice')
})

test('realm roles are roles, where the id_token holds them', { skip }, async (t) => {
  const { keycloak } = around
  await keycloak.admin('POST', '/company/roles', { name: 'report-admin' })
  await keycloak.admin('POST', `/company/users/${await idOf('alice')}/role-mappings/realm`, [await keycloak.admin('GET', '/company/roles/report-admin')])
  const reports = await startReports(t, around, {
    client: { protocolMappers: [realmRolesMapper] },
    configuration: { claims: { roles: '/realm_access/roles' }, roles: { allow: ['report-admin'] } }
  })
  await signIn(reports, 'alice')
  t.equal(reports.upstream.requests[0]?.headers['x-auth-roles'], 'report-admin', 'and none of Keycloak’s own')
})

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

test('a person whom the administrator signs out at Keycloak is signed out here, in every browser', { skip }, async (t) => {
  const { keycloak, chromium } = around
  const reports = await startReports(t, around)
  await signIn(reports, 'carol')
  const elsewhere = await chromium.newContext()
  t.teardown(() => elsewhere.close())
  const other = { ...reports, page: await elsewhere.newPage() }
  await signIn(other, 'carol')

  await keycloak.admin('POST', `/company/users/${await idOf('carol')}/logout`)
  await reports.gateway.logged('session.revoked')
  for (const { page, url } of [reports, other]) {
    await page.goto(url('/'))
    t.ok(await page.locator('#password').isVisible())
  }
  t.match(reports.events('session.revoked'), [{ outcome: 'success', reason: 'backchannel' }])
})

test('one session that the administrator ends at Keycloak ends here, and no other', { skip }, async (t) => {
  const { keycloak, chromium } = around
  const reports = await startReports(t, around)
  await signIn(reports, 'carol')
  const before = new Set(await sessionsOf('carol'))
  const elsewhere = await chromium.newContext()
  t.teardown(() => elsewhere.close())
  const other = { ...reports, page: await elsewhere.newPage() }
  await signIn(other, 'carol')

  const [newest] = (await sessionsOf('carol')).filter((id) => !before.has(id))
  await keycloak.admin('DELETE', `/company/sessions/${newest}`)
  await reports.gateway.logged('session.revoked')
  await other.page.goto(other.url('/'))
  t.ok(await other.page.locator('#password').isVisible())
  await reports.page.goto(reports.url('/'))
  t.equal(await reports.page.textContent('h1'), 'carol')

  async function sessionsOf (username: string): Promise<string[]> {
    const sessions = await keycloak.admin('GET', `/company/users/${await idOf(username)}/sessions`) as Array<{ id: string }>
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
  await keycloak.admin('PUT', `/company/users/${await idOf('carol')}/groups/${finance?.id}`)
  await reloadUntil(() => events('session.refresh').length === 3)
  t.strictSame([page.url(), await page.textContent('h1')], [url('/'), 'carol'])
  t.equal(upstream.requests.at(-1)?.headers['x-auth-roles'], 'reader', 'without another sign-in')
  t.match(events('session.refresh'), [{ outcome: 'success' }, { outcome: 'success' }, { outcome: 'success' }])

  // No back-channel logout for this client: the next refresh is how Doorward hears of it.
  await keycloak.admin('POST', `/company/users/${await idOf('carol')}/logout`)
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

test('a new signing key at Keycloak is found without a restart', { skip }, async (t) => {
  const { keycloak } = around
  const reports = await startReports(t, around)
  await signIn(reports, 'bob')
  const before = await activeKey()
  await keycloak.admin('POST', '/company/components', {
    name: 'next',
    providerId: 'rsa-generated',
    providerType: 'org.keycloak.keys.KeyProvider',
    config: { priority: ['200'], algorithm: ['RS256'] }
  })
  t.not(await activeKey(), before)
  await reports.context.clearCookies()
  await signIn(reports, 'alice')
  t.equal(await reports.page.textContent('h1'), 'alice')
  t.match(reports.events('login'), [{ outcome: 'success' }, { outcome: 'success' }])

  async function activeKey (): Promise<string | undefined> {
    const { active } = await keycloak.admin('GET', '/company/keys') as { active: Record<string, string> }
    return active['RS256']
  }
})

for (const [what, { asksFirst = false, atSignOut = false, page: words, audit, log, ...options }] of Object.entries(skip === false ? mistakesWith(around.issuer) : {})) {
  test(`${what} is told by its name`, async (t) => {
    const reports = await startReports(t, around, options)
    await (asksFirst ? signIn(reports, 'bob') : reports.page.goto(reports.url('/')))
    if (atSignOut) await reports.page.goto(reports.url('/oidc/logout'))
    t.match(await wordsOn(reports.page), words)
    t.match(reports.events('login').filter(({ outcome }) => outcome === 'failure'), audit === undefined ? [] : [audit])
    if (log !== undefined) t.equal((reports.events('provider.unavailable')[0]?.['err'] as Error | undefined)?.message, log)
  })
}
