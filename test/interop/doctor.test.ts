/** `doorward doctor` at Keycloak as it is: all good, and what people get wrong with it. */
import t, { type Test, test } from 'tap'
import { stringify } from 'yaml'
import { run } from '../../src/cli/index.ts'
import { missingPart } from '../support/parts.ts'
import { clientSecret, createCompany, registerClient } from './company.ts'
import { startKeycloak } from './keycloak.ts'

const skip = missingPart('java') || missingPart('mvn')
const keycloak = skip === false ? await startKeycloak(t) : undefined as never
const issuer = skip === false ? await createCompany(keycloak) : ''
const publicUrl = 'https://app.example.com'

interface Found {
  readonly check: string
  readonly outcome: string
  readonly found: string
  readonly fix?: string
}

interface Registration {
  /** Of `provider`, over what is right. */
  readonly settings?: object
  /** At Keycloak, over what is right; `undefined` registers nothing. */
  readonly client?: Readonly<Record<string, unknown>> | undefined
}

let count = 0

/** What doctor finds at Keycloak, with a client of its own. */
async function examine (t: Test, { settings, ...registration }: Registration): Promise<readonly Found[]> {
  const clientId = `doctor-${++count}`
  const more = 'client' in registration ? registration.client : {}
  if (more !== undefined) await registerClient(keycloak, clientId, publicUrl, more)
  const cwd = t.testdir({ 'doorward.yaml': stringify({ server: { publicUrl }, provider: { issuer, clientId, clientSecret, ...settings }, upstream: { url: 'http://127.0.0.1:8080' } }) })
  let stdout = ''
  await run(['doctor', '--json', '--provider', 'default'], { stdout: (text) => { stdout += text }, stderr: () => {}, environment: {}, cwd, isTerminal: false, untilStopped: async () => {} })
  return (JSON.parse(stdout) as { checks: Found[] }).checks
}

test('everything is good as docs/providers/keycloak.md has it', { skip }, async (t) => {
  const checks = await examine(t, {})
  const outcomes = Object.fromEntries(checks.map(({ check, outcome }) => [check, outcome]))
  t.strictSame(outcomes, {
    address: 'ok',
    connection: 'ok',
    certificate: 'skipped',
    issuer: 'ok',
    // Its answers have no date.
    clock: 'skipped',
    keys: 'ok',
    pkce: 'ok',
    'client-auth-methods': 'ok',
    scopes: 'ok',
    response: 'ok',
    'redirect-uri': 'ok',
    'client-authentication': 'ok',
    groups: 'skipped',
    'group-source': 'skipped',
    'sign-out': 'ok',
    'backchannel-logout': 'ok'
  }, JSON.stringify(checks, null, 2))
})

const mistakes: Readonly<Record<string, readonly [Registration, check: string, found: RegExp, fix: RegExp]>> = {
  'a redirect URI that is not registered': [{ client: { redirectUris: ['http://localhost:4180/callback'] } }, 'redirect-uri', /does not know the redirect URI/, /letter for letter: https:\/\/app\.example\.com\/oidc\/callback/],
  'a client that Keycloak does not know': [{ client: undefined }, 'redirect-uri', /^the provider does not know the client doctor-/, /provider\.clientId/],
  'a wrong client secret': [{ settings: { clientSecret: 'another' } }, 'client-authentication', /^The provider says "unauthorized_client: Invalid client or Invalid client credentials"$/, /provider\.clientSecret/],
  'another way of client authentication': [{ client: { clientAuthenticatorType: 'client-jwt' } }, 'client-authentication', /invalid_client/, /provider\.clientAuth/],
  'a scope that the client does not have': [{ settings: { scopes: ['openid', 'groups'] } }, 'redirect-uri', /^The provider says "invalid_scope: Invalid scopes: openid groups"$/, /provider\.scopes/],
  'PKCE switched off where Keycloak insists on it': [{ settings: { pkce: false } }, 'redirect-uri', /code_challenge_method/, /provider\.pkce/],
  'the standard flow switched off': [{ client: { standardFlowEnabled: false } }, 'redirect-uri', /unauthorized_client/, /authorization code flow/],
  'an issuer with a slash at its end': [{ settings: { issuer: `${issuer}/` } }, 'issuer', /calls itself ".*company", provider\.issuer is ".*company\/"/, /slash at the end/],
  'a realm that does not exist': [{ settings: { issuer: `${issuer}-2` } }, 'issuer', /answered with status 404/, /provider\.issuer is not the issuer/]
}

test('what people get wrong with Keycloak is found before anybody signs in', { skip }, async (t) => {
  for (const [name, [registration, check, found, fix]] of Object.entries(mistakes)) {
    await t.test(name, async (t) => {
      const checks = await examine(t, registration)
      t.match(checks.find((each) => each.check === check), { outcome: 'failed', found, fix }, JSON.stringify(checks))
    })
  }
})

test('the address of the discovery document, pushed requests and answers in a form are good, too', { skip }, async (t) => {
  for (const settings of [{ issuer: `${issuer}/.well-known/openid-configuration` }, { par: 'always' }, { responseMode: 'form_post' }]) {
    const checks = await examine(t, { settings })
    t.strictSame(checks.filter(({ outcome }) => outcome === 'failed'), [])
    t.match(checks.find(({ check }) => check === 'redirect-uri'), { outcome: 'ok' })
  }
})
