/** Keycloak as it is, a real browser, and `doorward serve` between them: signing in, and what goes wrong with it. */
import { createRemoteJWKSet, jwtVerify } from 'jose'
import t, { test } from 'tap'
import { startChromium } from '../flows/visit.ts'
import { missingPart } from '../support/parts.ts'
import { createCompany } from './company.ts'
import { startKeycloak } from './keycloak.ts'
import { type Around, type ReportsOptions, signIn, startReports, wordsOn } from './reports.ts'

const skip = missingPart('java') || missingPart('mvn') || missingPart('chromium')
const around = skip === false ? await startAround() : undefined as never

async function startAround (): Promise<Around> {
  const keycloak = await startKeycloak(t)
  return { keycloak, issuer: await createCompany(keycloak), chromium: await startChromium(t) }
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

interface Mistake extends ReportsOptions {
  /** Whether Keycloak asks for the password before anything fails. */
  readonly asksFirst?: true
  /** What the person reads. */
  readonly page: RegExp
  /** How Keycloak's words arrive in the audit trail. */
  readonly audit?: object
  /** What the log says. */
  readonly log?: RegExp
}

const { issuer = '' } = around ?? {}

/** Rows of the table "What goes wrong" in docs/providers/keycloak.md. */
const mistakes: Readonly<Record<string, Mistake>> = {
  'a redirect URI that is not registered': {
    client: { redirectUris: ['http://localhost:4180/callback'] },
    page: /Invalid parameter: redirect_uri/
  },
  'a client that Keycloak does not know': {
    client: undefined,
    page: /Client not found/
  },
  'an issuer with a slash at its end': {
    configuration: { provider: { issuer: `${issuer}/` } },
    page: /Sign-in is unavailable/,
    log: /x/
  },
  'a realm that does not exist': {
    configuration: { provider: { issuer: `${issuer}-2` } },
    page: /Sign-in is unavailable/,
    log: /x/
  },
  'an issuer as it was before Keycloak 17': {
    configuration: { provider: { issuer: issuer.replace('/realms', '/auth/realms') } },
    page: /Sign-in is unavailable/,
    log: /x/
  },
  'a wrong client secret': {
    configuration: { provider: { clientSecret: 'another' } },
    asksFirst: true,
    page: /Sign-in could not be completed/,
    audit: { reason: 'token_exchange_failed', metadata: { error: 'unauthorized_client', errorDescription: 'x' } }
  },
  'another way of client authentication': {
    client: { clientAuthenticatorType: 'client-jwt' },
    asksFirst: true,
    page: /Sign-in could not be completed/,
    audit: { reason: 'token_exchange_failed', metadata: { error: 'invalid_client', errorDescription: 'x' } }
  },
  'a scope that the client does not have': {
    configuration: { provider: { scopes: ['openid', 'groups'] } },
    page: /Sign-in was not granted/,
    audit: { reason: 'idp_error', metadata: { error: 'invalid_scope', errorDescription: 'x' } }
  },
  'PKCE switched off where Keycloak insists on it': {
    configuration: { provider: { pkce: false } },
    page: /Sign-in was not granted/,
    audit: { reason: 'idp_error', metadata: { error: 'invalid_request', errorDescription: 'x' } }
  },
  'the standard flow switched off': {
    client: { standardFlowEnabled: false },
    page: /Sign-in was not granted/,
    audit: { reason: 'idp_error', metadata: { error: 'unauthorized_client', errorDescription: 'x' } }
  },
  'a group written with its path, which Keycloak does not send': {
    configuration: { groups: { allow: ['/finance'] } },
    asksFirst: true,
    page: /You can’t sign in here.*needs membership of \/finance/,
    audit: { reason: 'required_group_missing' }
  }
}

for (const [what, { asksFirst = false, page: words, audit, log, ...options }] of Object.entries(mistakes)) {
  test(`${what} is told by its name`, { skip }, async (t) => {
    const reports = await startReports(t, around, options)
    if (asksFirst) await signIn(reports, 'bob')
    else await reports.page.goto(reports.url('/'))
    t.match(await wordsOn(reports.page), words)
    if (audit !== undefined) t.match(reports.events('login'), [{ outcome: 'failure', ...audit }])
    if (log !== undefined) t.match(JSON.stringify(reports.events('provider.unavailable')[0]), log)
  })
}
