/** The mistakes that are made when a provider is set up: each is named in the log, with what to do, and on no page. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { listenOnLoopback } from '../../demo/loopback.ts'
import { loadConfiguration, problemText } from '../../src/config/index.ts'
import { Browser, type Page } from '../support/browser.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { clientSecret, startProvider } from '../support/provider.ts'
import { startRogueGateway } from '../support/rogue-gateway.ts'
import { type RogueHooks } from '../support/rogue-hooks.ts'
import { otherRsaKey, raw } from '../support/rogue-provider.ts'
import { type Journey, type JourneyOptions, logins, startJourney } from './journey.ts'

const troubleshooting = readFileSync(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8')

/** Message and code of the error in the log, for the last page that was not what was wanted. */
function loggedError ({ logs }: TestGateway): { readonly code: string, readonly message: string } {
  const line = logs.findLast((text) => /"code":"(provider_failed|provider_refused|sign_in_unavailable)"/.test(text)) ?? '{}'
  const { err } = JSON.parse(line) as { err?: { code: string, message: string } }
  return err ?? { code: '', message: '' }
}

interface Mistake {
  /** Of the error in the log. */
  readonly code: string
  /** What the log says, before what to do. */
  readonly happened: RegExp
}

/** The log has the mistake and the advice that the documentation repeats; the person reads neither. */
function assertNamed (t: Test, gateway: TestGateway, page: Page, { code, happened }: Mistake): void {
  const error = loggedError(gateway)
  t.equal(error.code, code)
  t.match(error.message, happened)
  const advice = error.message.replace(/^.*?\. (?=[A-Z])/s, '')
  t.ok(advice !== '' && troubleshooting.includes(`| ${advice} |`), `docs/troubleshooting.md has: ${advice}`)
  t.notOk(page.text.includes(advice) || page.text.includes(code))
  t.notMatch(gateway.logs.join('') + gateway.auditLines.join(''), clientSecret)
}

const provider = await startProvider(t)

async function signInAt (t: Test, options: JourneyOptions): Promise<Journey & { page: Page }> {
  const journey = await startJourney(t, { provider, ...options })
  return { ...journey, page: await journey.browser.signIn(journey.url('/'), 'bob') }
}

t.test('a wrong client secret', async (t) => {
  const journey = await signInAt(t, { configuration: { provider: { clientSecret: 'the secret of last year' } } })
  t.equal(journey.page.status, 502)
  t.strictSame(logins(journey), ['failure: token_exchange_failed'])
  t.match(journey.gateway.audit, [{ metadata: { error: 'invalid_client' } }])
  assertNamed(t, journey.gateway, journey.page, { code: 'invalid_client', happened: /^The provider says "invalid_client: client authentication failed"\. / })
})

t.test('no client secret where the client is registered with one', async (t) => {
  const journey = await signInAt(t, { configuration: { provider: { clientSecret: undefined } } })
  t.strictSame(logins(journey), ['failure: token_exchange_failed'])
  assertNamed(t, journey.gateway, journey.page, { code: 'invalid_client', happened: /"invalid_client/ })
})

t.test('a redirect URI that is not registered is named by the provider; what to register is in the log from the start', async (t) => {
  const journey = await startJourney(t, { provider, client: { redirect_uris: ['https://old.example/oidc/callback'] } })
  const page = await journey.browser.open(journey.url('/'))
  t.equal(page.url.origin, provider.issuer, 'the provider sends nobody back')
  t.match(page.text, /redirect_uri/)
  t.ok(journey.gateway.logs.some((line) => line.includes('"event":"provider.discovered"') && line.includes(`"redirectUri":"${journey.gateway.origin}/oidc/callback"`)))
})

t.test('a scope that the provider does not know', async (t) => {
  const { gateway, browser } = await startRogueGateway(t, { rogue: { authorize: ({ state = '', iss = '' }) => ({ state, iss, error: 'invalid_scope', error_description: 'unknown scope: grupos' }) }, configuration: { provider: { scopes: ['openid', 'grupos'] } } })
  const page = await browser.open(`${gateway.origin}/`)
  t.equal(page.status, 403)
  t.match(gateway.audit, [{ reason: 'idp_error', metadata: { error: 'invalid_scope', errorDescription: 'unknown scope: grupos' } }])
  assertNamed(t, gateway, page, { code: 'invalid_scope', happened: /^The provider says "invalid_scope: unknown scope: grupos"\. / })
})

t.test('a client that the provider does not know stays at the provider, which says so', async (t) => {
  const journey = await startJourney(t, { provider, configuration: { provider: { clientId: 'unknown' } } })
  const page = await journey.browser.open(journey.url('/'))
  t.equal(page.url.origin, provider.issuer)
  t.match(page.text, /invalid_client/)
})

t.test('without openid among the scopes Doorward does not start', async (t) => {
  const file = 'server: { publicUrl: https://app.example.com }\nprovider: { issuer: https://idp.example.com, clientId: app, scopes: [email] }\nupstream: { url: http://127.0.0.1:8080 }\n'
  const outcome = loadConfiguration({ file: 'doorward.yaml', environment: {}, readFile: () => file })
  t.strictSame(outcome.ok ? [] : outcome.problems.map(problemText), ['doorward.yaml:2:69 provider.scopes: expected `openid` among the scopes'])
})

/** What the log makes of answers that a misconfigured provider gives. */
const answers: Readonly<Record<string, readonly [hooks: RogueHooks, reason: string, mistake: Mistake]>> = {
  'no id_token': [{ token: ({ id_token: _, ...answer }) => answer }, 'token_exchange_failed', { code: 'no_id_token', happened: /an access token alone\. / }],
  'an id_token of another issuer': [{ idToken: (claims) => ({ ...claims, iss: 'https://sts.windows.net/tenant/' }) }, 'issuer_mismatch', { code: 'issuer', happened: /^The id_token’s iss is "https:\/\/sts\.windows\.net\/tenant\/", expected was "http:\/\/localhost:\d+"\. / }],
  'an id_token for another client': [{ idToken: (claims) => ({ ...claims, aud: 'other' }) }, 'id_token_invalid', { code: 'audience', happened: /aud is "other", expected was "doorward"/ }],
  'an id_token signed with the client secret': [{ idToken: async (claims, header, keys) => await keys.sign(claims, { ...header, alg: 'HS256' }, new TextEncoder().encode(clientSecret)) }, 'id_token_invalid', { code: 'algorithm', happened: /"alg":"HS256".+expected was \["RS256"\]/ }],
  'a key that is not published': [{ idToken: async (claims, header, keys) => await keys.sign(claims, { ...header, kid: 'elsewhere' }) }, 'id_token_invalid', { code: 'key_unknown', happened: /^No published key fits .*"kid":"elsewhere"/ }],
  'a signature by another key': [{ jwks: async ({ keys: [key] }) => ({ keys: [{ ...await otherRsaKey(), kid: key?.kid ?? '' }] }) }, 'id_token_invalid', { code: 'signature', happened: /^The signature of the id_token is not valid\. / }],
  'userinfo that refuses the access token': [{ userinfo: () => raw({ status: 403, body: '{}' }) }, 'no_userinfo', { code: 'userinfo_refused', happened: /^Userinfo answered with status 403\. / }],
  'a code that is not accepted': [{ token: () => raw({ status: 400, body: '{"error":"invalid_grant","error_description":"redirect_uri mismatch"}' }) }, 'token_exchange_failed', { code: 'invalid_grant', happened: /"invalid_grant: redirect_uri mismatch"/ }]
}

for (const [name, [hooks, reason, mistake]] of Object.entries(answers)) {
  t.test(`the log explains ${name}`, async (t) => {
    const { gateway, browser } = await startRogueGateway(t, { rogue: hooks })
    const page = await browser.open(`${gateway.origin}/`)
    t.match(gateway.audit, [{ outcome: 'failure', reason }])
    assertNamed(t, gateway, page, mistake)
  })
}

const refusals = ['access_denied', 'login_required', 'interaction_required', 'consent_required', 'account_selection_required', 'invalid_request', 'unauthorized_client', 'unsupported_response_type']

t.test('the log explains what the provider refuses', async (t) => {
  for (const error of refusals) {
    const { gateway, browser } = await startRogueGateway(t, { rogue: { authorize: ({ state = '', iss = '' }) => ({ state, iss, error }) } })
    assertNamed(t, gateway, await browser.open(`${gateway.origin}/`), { code: error, happened: new RegExp(`^The provider says "${error}"\\. `) })
  }
})

t.test('groups under another name: the audit trail has the names that look like it', async (t) => {
  const claims = { sub: 'r-1', preferred_username: 'robin', memberOf: ['ops'], realm_access: { roles: ['reader'] }, department: 'eng' }
  const { gateway, browser } = await startRogueGateway(t, { rogue: { claims } })
  t.equal((await browser.open(`${gateway.origin}/`)).status, 200)
  t.match(gateway.audit, [{ event: 'login', outcome: 'success' }])
  t.strictSame((gateway.audit[0]?.['metadata'] as { unusable?: unknown }).unusable, [{ what: 'absent', expected: 'groups', claim: 'groups', similar: ['memberOf', '/realm_access/roles'] }])
  const nothing = await startRogueGateway(t, { rogue: { claims: { sub: 'r-1', preferred_username: 'robin' } }, configuration: { groups: { require: ['ops'] } } })
  t.equal((await nothing.browser.open(`${nothing.gateway.origin}/`)).status, 403)
  t.match(nothing.gateway.audit, [{ reason: 'required_group_missing', metadata: { unusable: [{ what: 'absent', expected: 'groups', claim: 'groups' }] } }])
})

t.test('a wrong secret is a wrong secret, however the provider calls it', async (t) => {
  const keycloak = await startRogueGateway(t, { rogue: { token: () => raw({ status: 401, body: '{"error":"unauthorized_client","error_description":"Invalid client or Invalid client credentials"}' }) } })
  assertNamed(t, keycloak.gateway, await keycloak.browser.open(`${keycloak.gateway.origin}/`), { code: 'invalid_client', happened: /^The provider says "unauthorized_client: Invalid client or Invalid client credentials"\. / })
})

/** How the issuer in the configuration may differ from what the provider calls itself. */
const issuers: Readonly<Record<string, readonly [suffix: string, named: string, advice: string]>> = {
  'a slash too many': ['/tenant/', '/tenant', 'issuer_slash'],
  'a slash too few': ['/tenant', '/tenant/', 'issuer_slash'],
  'the issuer of another tenant': ['/tenant', '/other', 'issuer_other'],
  'the pattern of all tenants': ['/tenant', '/{tenantid}/v2.0', 'issuer_template'],
  'the address of the document of another tenant': ['/tenant/.well-known/openid-configuration', '/other', 'issuer_other']
}

for (const [name, [suffix, named, code]] of Object.entries(issuers)) {
  t.test(`an issuer with ${name}: the log has both spellings`, async (t) => {
    const server = createServer((request, response) => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ issuer: `http://${request.headers.host}${named}` }))
    })
    const { port, close } = await listenOnLoopback(server, 0)
    t.teardown(close)
    const gateway = await startGateway(t, { issuer: `http://localhost:${port}${suffix}`, upstream: 'http://127.0.0.1:9' })
    const page = await new Browser().open(`${gateway.origin}/`)
    t.equal(page.status, 503)
    t.match(gateway.audit, [{ reason: 'setup_error' }])
    assertNamed(t, gateway, page, { code, happened: new RegExp(`^The provider calls itself "http://localhost:\\d+${named.replace(/[{}]/g, '\\$&')}", provider\\.issuer is "http://localhost:\\d+${suffix.replaceAll('.', '\\.')}"\\. `) })
  })
}
