/** Keycloak as it is, a real browser, and `doorward serve` between them: signing in, and what goes wrong with it. */
import { createRemoteJWKSet, jwtVerify } from 'jose'
import t, { test } from 'tap'
import { missingAround, startAround } from './around.ts'
import { idOf } from './company.ts'
import { mistakesWith } from './mistakes.ts'
import { giveCredentials, signIn, startReports, wordsOn } from './reports.ts'

const skip = missingAround()
const around = skip === false ? await startAround(t) : undefined as never

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
  await page.locator('#reset-login').waitFor()
  t.match(await wordsOn(page), 'Please re-authenticate', 'Keycloak would go on with the same person')
  await page.locator('#reset-login').click()
  await page.locator('#username').waitFor()
  await giveCredentials(page, 'alice')
  await page.waitForURL(url('/admin/users'))
  t.equal(await page.textContent('h1'), 'alice')
})

test('realm roles are roles, where the id_token holds them', { skip }, async (t) => {
  const { keycloak } = around
  await keycloak.admin('POST', '/company/roles', { name: 'report-admin' })
  await keycloak.admin('POST', `/company/users/${await idOf(keycloak, 'alice')}/role-mappings/realm`, [await keycloak.admin('GET', '/company/roles/report-admin')])
  const reports = await startReports(t, around, {
    client: { protocolMappers: [realmRolesMapper] },
    configuration: { claims: { roles: '/realm_access/roles' }, roles: { allow: ['report-admin'] } }
  })
  await signIn(reports, 'alice')
  t.equal(reports.upstream.requests[0]?.headers['x-auth-roles'], 'report-admin', 'and none of Keycloak’s own')
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
