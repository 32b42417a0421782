import { createHash } from 'node:crypto'
import { type ClientMetadata } from 'oidc-provider'
import t, { test, type Test } from 'tap'
import { people } from '../../demo/people.ts'
import { clientId, clientSecret, startProvider } from '../support/provider.ts'
import { startRogueGateway } from '../support/rogue-gateway.ts'
import { type RogueOptions } from '../support/rogue-provider.ts'
import { calls, type Journey, startJourney } from './journey.ts'

const provider = await startProvider(t)

test('signing in leads to the page first wanted, with its query', async (t) => {
  const { browser, upstream, url } = await startJourney(t, { provider })
  const page = await browser.signIn(url('/reports/2026?quarter=3'), 'bob')
  t.equal(page.status, 200)
  t.equal(page.url.href, url('/reports/2026?quarter=3'))
  t.equal(upstream.requests.at(-1)?.url, '/reports/2026?quarter=3')
  t.equal(upstream.requests.length, 1, 'the application saw nothing before the sign-in')
})

test('the provider is found by its issuer, and by the address of its discovery document', async (t) => {
  for (const ending of ['', '/', '/.well-known/openid-configuration']) {
    const { browser, url } = await startJourney(t, { provider, issuer: provider.issuer + ending })
    const page = await browser.signIn(url('/x'), 'bob')
    t.equal(page.url.href, url('/x'), `issuer${ending}`)
  }
})

test('the authorization request is bound to this browser by state, nonce and PKCE, each fresh', async (t) => {
  const journey = await startJourney(t, { provider })
  const { browser, gateway, url } = journey
  await browser.signIn(url('/'), 'bob')
  await browser.open(url('/oidc/login'))
  const [first, second] = calls(journey, '/auth')
  const { state, nonce, code_challenge: challenge, ...rest } = first?.query ?? {}
  t.strictSame(rest, {
    client_id: clientId,
    redirect_uri: `${gateway.origin}/oidc/callback`,
    response_type: 'code',
    scope: 'openid email profile',
    code_challenge_method: 'S256'
  })
  t.match(state, /^[\w-]{22,}\.[\w-]+$/, 'sealed')
  t.match(nonce, /^[\w-]{22}$/, '128 bits')
  const verifier = calls(journey, '/token')[0]?.form['code_verifier'] ?? ''
  t.match(verifier, /^[\w-]{43}$/, '256 bits')
  t.equal(challenge, createHash('sha256').update(verifier).digest('base64url'))
  for (const name of ['state', 'nonce', 'code_challenge']) t.not(second?.query[name], first?.query[name], `a new ${name} for every login`)
})

test('scopes and extra parameters reach the provider, and nothing in the address adds to them', async (t) => {
  const scopes = ['openid', 'groups', 'offline_access']
  const authorizationParams = { resource: 'urn:app', access_type: 'offline', login_hint: 'a b&c=d' }
  const journey = await startJourney(t, { provider, configuration: { provider: { scopes, authorizationParams } } })
  await journey.browser.get((await journey.browser.get(journey.url('/oidc/login?scope=admin&prompt=none&acr_values=x&client_id=other&login_hint=eve'))).location ?? '')
  const { query } = calls(journey, '/auth')[0] ?? {}
  t.match(query, { ...authorizationParams, scope: 'openid groups offline_access', client_id: clientId })
  t.notOk(Object.keys(query ?? {}).some((name) => ['prompt', 'acr_values'].includes(name)))
})

test('PKCE can be switched off for a provider that rejects it', async (t) => {
  const journey = await startJourney(t, { provider, configuration: { provider: { pkce: false } } })
  t.equal((await journey.browser.signIn(journey.url('/'), 'bob')).status, 200)
  t.notMatch(calls(journey, '/auth')[0]?.query, { code_challenge_method: String })
  t.notMatch(calls(journey, '/token')[0]?.form, { code_verifier: String })
})

/** RFC 6749 section 2.3.1: id and secret are form-encoded before they are joined. */
const basic = `Basic ${Buffer.from(`${clientId}:${new URLSearchParams({ '': clientSecret }).toString().slice(1)}`).toString('base64')}`

test('Doorward proves who it is at the token endpoint', async (t) => {
  const ways: ReadonlyArray<readonly [clientAuth: string, registered: string, secret: string | undefined, authorization: string | undefined, form: string | undefined]> = [
    ['client_secret_basic', 'client_secret_basic', clientSecret, basic, undefined],
    ['client_secret_post', 'client_secret_post', clientSecret, undefined, clientSecret],
    ['auto', 'client_secret_basic', clientSecret, basic, undefined],
    ['none', 'none', undefined, undefined, undefined],
    ['auto', 'none', undefined, undefined, undefined]
  ]
  for (const [clientAuth, registered, secret, authorization, form] of ways) {
    const client = { token_endpoint_auth_method: registered, client_secret: secret } as Partial<ClientMetadata>
    const journey = await startJourney(t, { provider, client, configuration: { provider: { clientAuth, clientSecret: secret } } })
    const page = await journey.browser.signIn(journey.url('/'), 'bob')
    const request = calls(journey, '/token').at(-1)
    t.equal(page.status, 200, `${clientAuth} for ${registered}`)
    t.strictSame([request?.headers.authorization, request?.form['client_secret']], [authorization, form])
  }
})

/** Signs in at a provider that asks nobody; returns what the application was told. */
async function identityFrom (t: Test, options: RogueOptions) {
  const { browser, gateway, rogue, upstream } = await startRogueGateway(t, { rogue: options })
  const page = await browser.open(gateway.origin)
  return { status: page.status, rogue, identity: identityHeaders(upstream.requests.at(-1)?.headers) }
}

test('auto follows what the provider says it supports, and takes Basic where it says nothing', async (t) => {
  const supported = [[['client_secret_post'], false], [['client_secret_post', 'client_secret_basic'], true], [['private_key_jwt', 'client_secret_basic'], true], [undefined, true]] as const
  for (const [methods, isBasic] of supported) {
    const { status, rogue } = await identityFrom(t, { discovery: (document) => ({ ...document, token_endpoint_auth_methods_supported: methods }) })
    const [request] = rogue.calls('token')
    t.equal(status, 200)
    t.strictSame([request?.headers.authorization !== undefined, request?.form.has('client_secret')], [isBasic, !isBasic], String(methods))
  }
})

test('whoever wants another account is asked which, in the configured way where there is one', async (t) => {
  for (const [configured, sent] of [['login', 'login'], ['select_account consent', 'select_account consent'], ['consent', 'login'], [undefined, 'login']]) {
    const authorizationParams = configured === undefined ? {} : { prompt: configured }
    const { browser, url } = await startJourney(t, { provider, configuration: { provider: { authorizationParams } } })
    const { location } = await browser.get(url('/oidc/login?switch_account=true'), { from: url('/') })
    t.equal(location?.searchParams.get('prompt'), sent, `configured: ${configured}`)
  }
})

/** What the application is told about the person, but not the assertion. */
function identityHeaders (headers: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-auth-') && name !== 'x-auth-assertion'))
}

async function identityOf (journey: Journey, person: string): Promise<Record<string, unknown>> {
  const before = journey.upstream.requests.length
  await journey.browser.signIn(journey.url('/oidc/login?switch_account=true'), person)
  t.equal(journey.upstream.requests.length, before + 1)
  return identityHeaders(journey.upstream.requests.at(-1)?.headers)
}

const poorProvider = await startProvider(t, { claimsInIdToken: false })

test('what the application is told comes from userinfo where the id_token is poor', async (t) => {
  const journey = await startJourney(t, { provider: poorProvider })
  t.match(await identityOf(journey, 'alice'), { 'x-auth-user': 'alice', 'x-auth-email': 'alice@example.com', 'x-auth-groups': 'cmdbsyncer-admins' })
  t.equal(calls(journey, '/me').length, 1)
})

test('userinfo: false asks for none and lives by the id_token', async (t) => {
  const poor = await startJourney(t, { provider: poorProvider, configuration: { provider: { userinfo: false } } })
  t.strictSame(await identityOf(poor, 'alice'), { 'x-auth-user': 'alice', 'x-auth-subject': 'alice' })
  const rich = await startJourney(t, { provider, configuration: { provider: { userinfo: false } } })
  t.match(await identityOf(rich, 'alice'), { 'x-auth-email': 'alice@example.com' })
  t.strictSame([...calls(poor, '/me'), ...calls(rich, '/me')], [])
})

test('userinfo wins over the id_token, except about whom it speaks of', async (t) => {
  const { identity } = await identityFrom(t, {
    claims: { sub: 'r1', preferred_username: 'robin', email: 'old@example.com', groups: ['a'] },
    userinfo: () => ({ sub: 'r1', email: 'new@example.com', groups: ['b'], iss: 'https://other.example', aud: 'other' })
  })
  t.strictSame(identity, { 'x-auth-user': 'robin', 'x-auth-subject': 'r1', 'x-auth-email': 'new@example.com', 'x-auth-groups': 'b' })
})

test('groups become roles, and the application is told of both', async (t) => {
  const mapping = {
    'CMDBsyncer-Admins': { roles: ['admin'] },
    'cmdbsyncer-ops': { roles: ['host', 'log'] },
    'data-scientists': { roles: ['log', 'notebook'] }
  }
  const journey = await startJourney(t, { provider, configuration: { roles: { default: ['member'], mapping } } })
  const expected: Record<string, [groups: string, roles: string]> = {
    alice: ['cmdbsyncer-admins', 'member,admin'],
    bob: ['cmdbsyncer-ops,data-scientists', 'member,host,log,notebook'],
    carol: ['', 'member']
  }
  for (const [person, [groups, roles]] of Object.entries(expected)) {
    t.strictSame(await identityOf(journey, person), {
      'x-auth-user': person,
      'x-auth-subject': person,
      'x-auth-email': `${person}@example.com`,
      'x-auth-name': people[person]?.['name'],
      ...(groups !== '' && { 'x-auth-groups': groups }),
      'x-auth-roles': roles
    })
  }
})
