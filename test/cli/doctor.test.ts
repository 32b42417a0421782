/** `doorward doctor`: all good at a real provider, and each thing that keeps people from signing in, named with its cure. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type ClientMetadata } from 'oidc-provider'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { listenOnLoopback } from '../../demo/loopback.ts'
import { run } from '../../src/cli/index.ts'
import { makeCertificates, type OwnCertificate } from '../support/certificates.ts'
import { freePort, testSecret } from '../support/gateway.ts'
import { administrator, startGoogleDirectory } from '../support/google-directory.ts'
import { startGraph } from '../support/graph.ts'
import { missingPart } from '../support/parts.ts'
import { client, clientId, clientSecret, startProvider } from '../support/provider.ts'
import { startRedis } from '../support/redis.ts'
import { type RogueHooks } from '../support/rogue-hooks.ts'
import { raw, startRogueProvider } from '../support/rogue-provider.ts'
import { startUpstream } from '../support/upstream.ts'
import { runMain } from './serve-process.ts'

const publicUrl = 'https://app.example.com'
const provider = await startProvider(t, { clients: [client(publicUrl)], protocol: { features: { pushedAuthorizationRequests: { enabled: true } } } })
const upstream = await startUpstream(t)

type Sections = Readonly<Record<string, unknown>>

interface Found {
  readonly subject: string
  readonly check: string
  readonly outcome: string
  readonly found: string
  readonly fix?: string
}

/** A configuration in which everything is good, with other sections where they are given. */
function yamlOf (sections: Sections): string {
  return stringify({
    server: { publicUrl },
    provider: providerWith({}),
    session: { secret: testSecret },
    upstream: { url: upstream.url },
    ...sections
  })
}

function providerWith (settings: object): object {
  return { issuer: provider.issuer, clientId, clientSecret, ...settings }
}

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface Surroundings {
  readonly environment?: Readonly<Record<string, string>>
  readonly isTerminal?: boolean
}

async function runDoctor (t: Test, sections: Sections, args: readonly string[] = [], { environment = {}, isTerminal = false }: Surroundings = {}): Promise<Outcome> {
  const cwd = t.testdir({ 'doorward.yaml': yamlOf(sections) })
  let [stdout, stderr] = ['', '']
  const code = await run(['doctor', ...args], {
    stdout: (text) => { stdout += text },
    stderr: (text) => { stderr += text },
    environment,
    cwd,
    isTerminal,
    untilStopped: async () => { throw new Error('nothing was expected to be served') }
  })
  t.notMatch(stdout + stderr, clientSecret, 'no secret')
  return { code, stdout, stderr }
}

/** What was found, by subject and check. */
async function examine (t: Test, sections: Sections, args: readonly string[] = [], surroundings?: Surroundings): Promise<{ readonly code: number, readonly outcome: string, readonly checks: readonly Found[] }> {
  const { code, stdout, stderr } = await runDoctor(t, sections, ['--json', ...args], surroundings)
  if (stdout === '') throw new Error(stderr)
  return { code, ...JSON.parse(stdout) as { outcome: string, checks: Found[] } }
}

/** One check has failed, or warns, as told; nothing else has failed. */
async function assertFound (t: Test, sections: Sections, check: string, outcome: 'failed' | 'warning', words: RegExp, fix?: RegExp): Promise<void> {
  const { code, checks } = await examine(t, sections)
  const told = checks.find((each) => each.check === check && each.outcome === outcome)
  t.match(told?.found ?? JSON.stringify(checks), words)
  if (fix !== undefined) t.match(told?.fix ?? '', fix)
  t.strictSame(checks.filter((each) => each.outcome === 'failed').map((each) => each.check), outcome === 'failed' ? [check] : [])
  t.equal(code, outcome === 'failed' ? 1 : 0)
}

const providerChecks = ['address', 'connection', 'certificate', 'issuer', 'clock', 'keys', 'pkce', 'client-auth-methods', 'scopes', 'response', 'redirect-uri', 'client-authentication', 'groups', 'group-source', 'sign-out', 'backchannel-logout']

t.test('everything is good: provider and application with TLS, and Redis', { skip: missingPart('openssl') || missingPart('redis-server') }, async (t) => {
  const certificates = await makeCertificates(t, undefined, 30)
  const secure = await startProvider(t, { clients: [client(publicUrl)], tls: certificates })
  const application = await startTls(t, certificates)
  const redis = await startRedis(t, { password: 'onlyfortests' })
  const { code, outcome, checks } = await examine(t, {
    provider: providerWith({ issuer: secure.issuer, caFile: certificates.caFile }),
    session: { secret: testSecret, redis: { url: redis.url, password: 'onlyfortests' } },
    assertion: { key: await keygen() },
    upstream: { url: application, tls: { caFile: certificates.caFile } }
  })
  t.strictSame([code, outcome], [0, 'ok'])
  t.strictSame(checks.filter((each) => each.outcome !== 'ok').map(({ check, outcome }) => [check, outcome]), [['group-source', 'skipped']])
  t.strictSame(checks.map(({ subject, check }) => `${subject} ${check}`), [
    'configuration configuration', 'configuration cookies',
    ...providerChecks.map((check) => `provider:default ${check}`),
    'redis redis',
    'upstream:/ address', 'upstream:/ connection', 'upstream:/ certificate'
  ])
  const found = Object.fromEntries(checks.map((each) => [`${each.subject} ${each.check}`, each.found]))
  t.match(found, {
    'configuration cookies': '__Host-doorward at https://app.example.com, SameSite=lax',
    'provider:default certificate': /^TLSv1\.3, certificate of server by Authority of the tests, valid until \d{4}-\d\d-\d\d/,
    'provider:default issuer': `the provider calls itself ${secure.issuer}`,
    'provider:default clock': /^\S+Z at the provider, \S+Z here$/,
    'provider:default keys': '2 keys for RS256, ES256',
    'provider:default redirect-uri': `the provider takes the request, and sends people back to ${publicUrl}/oidc/callback`,
    'provider:default client-authentication': 'accepted, by client_secret_basic',
    'provider:default sign-out': /post-logout redirect URI: https:\/\/app\.example\.com\/oidc\/signed-out$/,
    'provider:default backchannel-logout': /back-channel logout URI: https:\/\/app\.example\.com\/oidc\/backchannel-logout$/,
    'redis redis': /^Redis \d+\.\d+\S* without TLS, answers within \d+ ms; a key under doorward: was written and read$/
  })
  t.equal(await redis.ask('dbsize'), '0', 'and nothing is left behind')
})

t.test('every check is documented', async (t) => {
  const page = readFileSync(new URL('../../docs/doctor.md', import.meta.url), 'utf8')
  for (const check of ['configuration', 'cookies', ...providerChecks, 'redis']) t.match(page, `| \`${check}\` | `)
})

t.test('nothing of an application is asked for, and nobody is signed in', async (t) => {
  const before = [upstream.requests.length, provider.requests.length] as const
  await examine(t, {})
  t.equal(upstream.requests.length, before[0])
  const paths = provider.requests.slice(before[1]).map(({ method, path }) => `${method} ${path}`).sort()
  t.strictSame(paths, ['GET /.well-known/openid-configuration', 'GET /auth', 'GET /jwks', 'POST /token', 'POST /token'])
})

t.test('for people there is a line for each, and a cure below what has failed', async (t) => {
  const { code, stdout } = await runDoctor(t, { provider: providerWith({ clientSecret: 'the secret of last year' }) })
  t.equal(code, 1)
  t.match(stdout, /^Configuration, .*doorward\.yaml\n {2}ok +configuration +valid\n {2}warning +configuration +session\.redis\.url is not given: /)
  t.match(stdout, `\nProvider default, ${provider.issuer}\n  ok       address                localhost is `)
  t.match(stdout, '\n  failed   client-authentication  The provider says "invalid_client: client authentication failed"\n                                  → The provider does not accept the client’s credentials: compare provider.clientId, provider.clientSecret and provider.clientAuth with the client’s registration there; the secret may have expired\n')
  t.match(stdout, /\n\d+ ok, 2 warnings, 1 failed, 3 skipped\n$/)
  t.notOk(/\r/.test(stdout) || stdout.includes(escape), 'and no colours where nobody looks')
})

t.test('a terminal shows what is being looked at, in colours unless somebody wants none', async (t) => {
  const { stdout } = await runDoctor(t, {}, [], { isTerminal: true })
  t.match(stdout, `\n  … issuer\r${escape}2K  ${escape}32mok       ${escape}39missuer `)
  const plain = await runDoctor(t, {}, [], { isTerminal: true, environment: { NO_COLOR: '1' } })
  t.match(plain.stdout, `\n  … issuer\r${escape}2K  ok       issuer `)
})

const escape = '\u001b['

const people = { providers: [{ id: 'staff' }, { id: 'guests' }].map(({ id }) => ({ ...providerWith({}), id, label: id })) }

t.test('of several providers each is looked at, or the one that is named and nothing else', async (t) => {
  await provider.register(client(publicUrl, { redirect_uris: [`${publicUrl}/oidc/callback/staff`] }))
  t.teardown(() => provider.register(client(publicUrl)))
  const { code, checks } = await examine(t, { provider: undefined, ...people })
  t.equal(code, 1)
  t.strictSame(checks.filter(({ outcome }) => outcome === 'failed').map(({ subject, check }) => `${subject} ${check}`), ['provider:guests redirect-uri'])
  const alone = await examine(t, { provider: undefined, ...people }, ['--provider', 'staff'])
  t.equal(alone.code, 0)
  t.strictSame(alone.checks.map(({ subject, check }) => `${subject} ${check}`), providerChecks.map((check) => `provider:staff ${check}`))
  t.match(await runDoctor(t, { provider: undefined, ...people }, ['--provider', 'other']), { code: 2, stdout: '', stderr: 'doorward doctor: expected --provider, one of staff, guests\n' })
})

t.test('an invalid configuration is told as check tells it: openid missing from the scopes', async (t) => {
  const { code, stdout, stderr } = await runDoctor(t, { provider: providerWith({ scopes: ['email'] }) })
  t.strictSame([code, stdout], [78, ''])
  t.match(stderr, /provider\.scopes: expected `openid` among the scopes\n$/)
})

/** What is wrong in the configuration, or in the client's registration; by a provider as people run it. */
const misconfigured: Readonly<Record<string, readonly [settings: object, registration: Partial<ClientMetadata> | undefined, check: string, found: RegExp, fix: RegExp]>> = {
  'a redirect URI that is not registered': [{}, { redirect_uris: ['https://old.example/oidc/callback'] }, 'redirect-uri', /does not know the redirect URI/, /^register it at the provider, letter for letter: https:\/\/app\.example\.com\/oidc\/callback; /],
  'the same, pushed': [{ par: 'always' }, { redirect_uris: ['https://old.example/oidc/callback'] }, 'redirect-uri', /does not know the redirect URI/, /letter for letter: https:\/\/app\.example\.com\/oidc\/callback; /],
  'a scope that the client may not ask for': [{ scopes: ['openid', 'email'] }, { scope: 'openid profile' }, 'redirect-uri', /^The provider says "invalid_scope: /, /provider\.scopes/],
  'a wrong client secret': [{ clientSecret: 'the secret of last year' }, {}, 'client-authentication', /"invalid_client: client authentication failed"/, /provider\.clientSecret/],
  'no secret where the client has one': [{ clientSecret: undefined }, {}, 'client-authentication', /"invalid_client/, /provider\.clientSecret/],
  'another method than is registered': [{ clientAuth: 'client_secret_post' }, { token_endpoint_auth_method: 'client_secret_jwt' }, 'client-authentication', /"invalid_client/, /provider\.clientAuth/],
  'an issuer of another path': [{ issuer: `${provider.issuer}/realms/company` }, {}, 'issuer', /\/realms\/company\/\.well-known\/openid-configuration answered with status 404$/, /^Open this address in a browser/]
}

t.test('what is misconfigured is named, with what to do', async (t) => {
  t.teardown(() => provider.register(client(publicUrl)))
  for (const [name, [settings, registration, check, found, fix]] of Object.entries(misconfigured)) {
    await t.test(name, async (t) => {
      await provider.register(client(publicUrl, registration))
      const { code, checks } = await examine(t, { provider: providerWith(settings) })
      t.equal(code, 1)
      t.match(checks.find((each) => each.check === check && each.outcome === 'failed'), { found, fix })
    })
  }
})

t.test('a client that the provider does not know is named', async (t) => {
  const { checks } = await examine(t, { provider: providerWith({ clientId: 'nobody' }) })
  t.match(checks.find(({ check }) => check === 'redirect-uri'), { outcome: 'failed', found: 'the provider does not know the client nobody', fix: /provider\.clientId/ })
  t.match(checks.find(({ check }) => check === 'client-authentication'), { outcome: 'failed', found: /invalid_client/ })
})

t.test('the ways a sign-in can be asked for and answered are tried as they are configured', async (t) => {
  for (const settings of [{ par: 'always' }, { responseMode: 'form_post' }, { clientAuth: 'client_secret_jwt' }, { issuer: `${provider.issuer}/.well-known/openid-configuration` }]) {
    await provider.register(client(publicUrl, 'clientAuth' in settings ? { token_endpoint_auth_method: settings.clientAuth } : {}))
    const { checks } = await examine(t, { provider: providerWith(settings) })
    t.strictSame(checks.filter(({ outcome }) => outcome === 'failed'), [])
    t.match(checks.find(({ check }) => check === 'redirect-uri'), { outcome: 'ok' })
  }
  await provider.register(client(publicUrl, { token_endpoint_auth_method: 'none' }))
  const { checks } = await examine(t, { provider: providerWith({ clientSecret: undefined }) })
  t.match(checks.find(({ check }) => check === 'client-authentication'), { outcome: 'ok', found: /public client/ })
  await provider.register(client(publicUrl))
})

/** Where the issuer leads, and how what is there may call itself. */
const issuers: Readonly<Record<string, readonly [path: string, named: string, found: RegExp, fix: RegExp]>> = {
  'a slash too many': ['/tenant/', '/tenant', /^The provider calls itself "http:\/\/localhost:\d+\/tenant", provider\.issuer is "http:\/\/localhost:\d+\/tenant\/"$/, /slash at the end/],
  'a slash too few': ['/tenant', '/tenant/', /calls itself "http:\/\/localhost:\d+\/tenant\/"/, /slash at the end/],
  'another tenant': ['/tenant', '/other', /calls itself/, /^Write provider\.issuer as the provider does/],
  'the address for all tenants': ['/common/v2.0', '/{tenantid}/v2.0', /calls itself "http:\/\/localhost:\d+\/\{tenantid\}\/v2\.0"/, /in place of common, organizations or consumers/],
  'the address of a document of OAuth 2.0': ['/.well-known/oauth-authorization-server', '', /^The discovery document names no authorization_endpoint$|calls itself/, /./]
}

t.test('an issuer that is another one is told with both spellings', async (t) => {
  for (const [path, named, found, fix] of Object.values(issuers)) {
    const server = createServer(({ headers }, response) => { response.setHeader('content-type', 'application/json').end(JSON.stringify({ issuer: `http://${headers.host}${named}` })) })
    const { port, close } = await listenOnLoopback(server, 0)
    t.teardown(close)
    await assertFound(t, { provider: providerWith({ issuer: `http://localhost:${port}${path}` }) }, 'issuer', 'failed', found, fix)
  }
})

/** What a provider says or does, and what comes of it. */
const answers: Readonly<Record<string, readonly [hooks: RogueHooks, settings: object, check: string, outcome: 'failed' | 'warning', found: RegExp, fix?: RegExp]>> = {
  'a clock that is ahead': [{ discovery: (document) => raw({ headers: { 'content-type': 'application/json', date: new Date(Date.now() + 120_000).toUTCString() }, body: JSON.stringify(document) }) }, {}, 'clock', 'failed', /^\S+Z at the provider, \S+Z here: more than 30 s \(provider\.clockTolerance\) apart$/, /NTP/],
  'no keys': [{ jwks: () => ({ keys: [] }) }, {}, 'keys', 'failed', /^the provider signs with RS256, and publishes no key$/],
  'keys of another kind': [{ discovery: (document) => ({ ...document, id_token_signing_alg_values_supported: ['ES256'] }) }, {}, 'keys', 'failed', /signs with ES256, and publishes keys for RSA/],
  'signatures by a shared secret': [{ discovery: (document) => ({ ...document, id_token_signing_alg_values_supported: ['HS256'] }) }, {}, 'keys', 'failed', /HS256, which nobody can verify/, /RS256/],
  'keys that can’t be had': [{ jwks: () => raw({ status: 500 }) }, {}, 'keys', 'failed', /./],
  'PKCE by plain alone': [{ discovery: (document) => ({ ...document, code_challenge_methods_supported: ['plain'] }) }, {}, 'pkce', 'failed', /supports plain, not S256/, /provider\.pkce: false/],
  'PKCE that is not used': [{}, { pkce: false }, 'pkce', 'warning', /^not used/],
  'methods of authentication without ours': [{ discovery: (document) => ({ ...document, token_endpoint_auth_methods_supported: ['private_key_jwt'] }) }, {}, 'client-auth-methods', 'warning', /^client_secret_basic; the provider supports private_key_jwt$/, /provider\.clientAuth/],
  'scopes without ours': [{ discovery: (document) => ({ ...document, scopes_supported: ['openid', 'email'] }) }, {}, 'scopes', 'warning', /does not list profile; it lists openid, email$/],
  'no code': [{ discovery: (document) => ({ ...document, response_types_supported: ['id_token'] }) }, {}, 'response', 'failed', /supports id_token, not code/],
  'no form_post': [{ discovery: (document) => ({ ...document, response_modes_supported: ['query'] }) }, { responseMode: 'form_post' }, 'response', 'failed', /by query and not by form_post/, /responseMode to query/],
  'claims that look like groups': [{ discovery: (document) => ({ ...document, claims_supported: ['sub', 'memberOf', 'roles'] }) }, {}, 'groups', 'warning', /does not list the claim groups; these look like it: memberOf, roles/, /claims\.groups/],
  'a request that it does not take': [{ authorize: ({ state = '', iss = '' }) => ({ state, iss, error: 'unsupported_thing', error_description: 'no such thing' }) }, {}, 'redirect-uri', 'failed', /^The provider says "unsupported_thing: no such thing"$/],
  'a client that may not use the flow': [{ authorize: ({ state = '', iss = '' }) => ({ state, iss, error: 'unauthorized_client' }) }, {}, 'redirect-uri', 'failed', /^The provider says "unauthorized_client"$/, /does not allow the authorization code flow/],
  'a page in place of an answer': [{ authorize: () => raw({ headers: { 'content-type': 'text/html' }, body: '<h1>Sign in</h1>' }) }, {}, 'redirect-uri', 'warning', /answers with a page and sends nobody back; to be registered is https:\/\/app\.example\.com\/oidc\/callback$/],
  'no authorization endpoint': [{ discovery: ({ authorization_endpoint: _, ...document }) => document }, {}, 'issuer', 'failed', /names no authorization_endpoint/],
  'no JSON': [{ discovery: () => raw({ headers: { 'content-type': 'text/html' }, body: '<h1>Sign in</h1>' }) }, {}, 'issuer', 'failed', /answered with status 200, but not with JSON/]
}

t.test('what a provider says of itself is held against the configuration', async (t) => {
  for (const [name, [hooks, settings, check, outcome, found, fix]] of Object.entries(answers)) {
    await t.test(name, async (t) => {
      const rogue = await startRogueProvider(t, { endSession: (parameters) => parameters, ...hooks, clientSecret })
      await assertFound(t, { provider: providerWith({ issuer: rogue.issuer, ...settings }) }, check, outcome, found, fix)
    })
  }
})

t.test('groups inside of a claim whose name holds slashes are looked for by that name', async (t) => {
  const rogue = await startRogueProvider(t, { discovery: (document) => ({ ...document, claims_supported: ['https://example.com/claims'] }), clientSecret })
  const { checks } = await examine(t, { provider: providerWith({ issuer: rogue.issuer }), claims: { groups: '/https:~1~1example.com~1claims/groups' } })
  t.match(checks.find(({ check }) => check === 'groups'), { outcome: 'ok', found: 'the provider lists the claim https://example.com/claims' })
})

t.test('the directory that knows groups is asked about nobody: it has to let Doorward look', async (t) => {
  const graph = await startGraph(t)
  const rogue = await startRogueProvider(t, { clientSecret, clientCredentials: () => ({ token_type: 'Bearer', access_token: 'of-the-application' }) })
  const groupSource = { kind: 'entra', url: graph.url }
  graph.tokens.set('of-the-application', { permissions: ['User.ReadBasic.All', 'GroupMember.Read.All'] })
  const granted = await examine(t, { provider: providerWith({ issuer: rogue.issuer, groupSource }) })
  t.match(granted.checks.find(({ check }) => check === 'group-source'), { outcome: 'ok', found: 'the directory lets Doorward look for groups' })
  graph.tokens.set('of-the-application', { permissions: ['User.ReadBasic.All'] })
  await assertFound(t, { provider: providerWith({ issuer: rogue.issuer, groupSource }) }, 'group-source', 'failed', /Microsoft Graph says/, /^Grant the client the application permissions/)
  const byUser = await examine(t, { provider: providerWith({ issuer: rogue.issuer, groupSource: { ...groupSource, credentials: 'user' } }) })
  t.match(byUser.checks.find(({ check }) => check === 'group-source'), { outcome: 'skipped' })
  const google = await startGoogleDirectory(t)
  google.instead.groups.push({ status: 404, body: { error: { code: 404, message: 'Resource Not Found: userKey' } } })
  const { checks } = await examine(t, { provider: providerWith({ groupSource: { kind: 'google', url: google.url, tokenUrl: google.tokenUrl, serviceAccountKey: google.keyFile, admin: administrator } }) })
  t.match(checks.find(({ check }) => check === 'group-source'), { outcome: 'ok' })
})

t.test('a provider that looks at the code before the client has proved nothing', async (t) => {
  const server = createServer(({ headers, url }, response) => {
    const issuer = `http://${headers.host}`
    const document = { issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks` }
    response.writeHead(url === '/token' ? 400 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(url === '/token' ? { error: 'invalid_grant' } : document))
  })
  const { port, close } = await listenOnLoopback(server, 0)
  t.teardown(close)
  const { checks } = await examine(t, { provider: providerWith({ issuer: `http://localhost:${port}` }) })
  t.match(checks.find(({ check }) => check === 'client-authentication'), { outcome: 'warning', found: 'the provider says the same to a wrong secret: it looks at the code first' })
})

t.test('a stranger’s words can’t steer the terminal', async (t) => {
  const rogue = await startRogueProvider(t, { clientSecret, authorize: ({ state = '', iss = '' }) => ({ state, iss, error: 'odd\u001b[2J', error_description: '\u202eodd' }) })
  const { stdout } = await runDoctor(t, { provider: providerWith({ issuer: rogue.issuer }) })
  t.match(stdout, 'odd\\u001b[2J: \\u{202e}odd')
})

t.test('DNS, TCP and TLS are told apart', { skip: missingPart('openssl') }, async (t) => {
  const certificates = await makeCertificates(t)
  const other = await makeCertificates(t, ['other.example'])
  const expired = await makeCertificates(t, undefined, -1)
  const orphaned = await makeCertificates(t, undefined, 30, -1)
  const [trusted, renamed, old, vouchedFor] = [await startTls(t, certificates), await startTls(t, other), await startTls(t, expired), await startTls(t, orphaned)]
  const at = (issuer: string, more: object = {}) => ({ provider: providerWith({ issuer, ...more }) })
  await assertFound(t, at('https://nowhere.invalid'), 'address', 'failed', /^nowhere\.invalid is not found \((ENOTFOUND|EAI_AGAIN)\)$/, /^provider\.issuer: /)
  await assertFound(t, at(`https://localhost:${await freePort()}`), 'connection', 'failed', /^port \d+ can’t be reached \(ECONNREFUSED\)$/, /^provider\.issuer: nothing listens there/)
  await assertFound(t, at(provider.issuer.replace('http:', 'https:')), 'certificate', 'failed', /^there is no TLS handshake \(/, /does not speak TLS/)
  await assertFound(t, at(trusted), 'certificate', 'failed', /^certificate of server by Authority of the tests, valid until \S+, and not trusted \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)$/, /authority \(Authority of the tests\) as PEM into a file and name it in provider\.caFile/)
  await assertFound(t, at(renamed, { caFile: other.caFile }), 'certificate', 'failed', /^the certificate is for DNS:other\.example, not for localhost/, /provider\.issuer/)
  await assertFound(t, at(old, { caFile: expired.caFile }), 'certificate', 'failed', /not trusted \(CERT_HAS_EXPIRED\)$/, /^renew it where it is used; the clock here says /)
  await assertFound(t, at(vouchedFor, { caFile: orphaned.caFile }), 'certificate', 'failed', /not trusted \(CERT_HAS_EXPIRED\)$/, /^what has expired is a certificate that vouches for it: put the new one of the authority \(Authority of the tests\) into provider\.caFile/)
  const { checks } = await examine(t, at('https://nowhere.invalid'))
  t.strictSame(checks.filter(({ subject, outcome }) => subject === 'provider:default' && outcome !== 'failed').map(({ check, outcome, found }) => [check, outcome, found]),
    providerChecks.slice(1).map((check) => [check, 'skipped', `needs ${check === 'connection' ? 'address' : check === 'certificate' ? 'connection' : check === 'issuer' ? 'certificate' : 'issuer'} first`]))
})

t.test('over a proxy the proxy looks names up and connects', async (t) => {
  const { checks } = await examine(t, { provider: providerWith({ issuer: 'https://nowhere.invalid' }) }, [], { environment: { HTTPS_PROXY: `http://127.0.0.1:${await freePort()}` } })
  t.match(checks.find(({ check, subject }) => check === 'address' && subject === 'provider:default'), { outcome: 'skipped', found: /HTTPS_PROXY/ })
  t.match(checks.find(({ check }) => check === 'issuer'), { outcome: 'failed' })
})

t.test('an application that can’t be reached is told by its setting', { skip: missingPart('openssl') }, async (t) => {
  const untrusted = await startTls(t, await makeCertificates(t))
  const cases: ReadonlyArray<readonly [url: string, check: string, found: RegExp]> = [
    [`http://127.0.0.1:${await freePort()}`, 'connection', /ECONNREFUSED/],
    ['http://nowhere.invalid', 'address', /not found/],
    [untrusted, 'certificate', /not trusted/],
    ['unix:/nowhere/app.sock', 'connection', /^\/nowhere\/app\.sock can’t be reached \(ENOENT\)$/]
  ]
  for (const [url, check, found] of cases) await assertFound(t, { upstream: { url } }, check, 'failed', found, /upstream\.(url|tls\.caFile)/)
  const { code, checks } = await examine(t, { upstream: { url: untrusted, tls: { verify: false } } })
  t.equal(code, 0)
  t.match(checks.filter(({ check }) => check === 'certificate').at(-1), { outcome: 'warning' })
  t.match((await examine(t, { upstream: { static: { status: 200 } } })).checks.at(-1), { subject: 'upstream:/', outcome: 'skipped', found: 'answered here' })
})

t.test('a Redis that can’t be used is told with why', { skip: missingPart('redis-server') || missingPart('openssl') }, async (t) => {
  const certificates = await makeCertificates(t)
  const secure = await startRedis(t, { tls: certificates })
  const redis = await startRedis(t, { password: 'onlyfortests' })
  const cases: ReadonlyArray<readonly [settings: object, found: RegExp, fix: RegExp]> = [
    [{ url: `redis://127.0.0.1:${await freePort()}` }, /^can’t be used: ECONNREFUSED$/, /session\.redis\.url/],
    [{ url: redis.url }, /^can’t be used: Redis answered NOAUTH to HELLO$/, /session\.redis\.password/],
    [{ url: `${redis.url}/99`, password: 'onlyfortests' }, /^can’t be used: Redis answered ERR to SELECT$/, /no such database/],
    [{ url: redis.url, password: 'another' }, /^can’t be used: Redis answered WRONGPASS to HELLO$/, /session\.redis\.password/],
    [{ url: secure.url }, /SELF_SIGNED_CERT_IN_CHAIN/, /session\.redis\.caFile/],
    [{ url: 'redis://nowhere.invalid' }, /ENOTFOUND|EAI_AGAIN/, /DNS/]
  ]
  for (const [settings, found, fix] of cases) await assertFound(t, { session: { secret: testSecret, redis: settings } }, 'redis', 'failed', found, fix)
  const { checks } = await examine(t, { session: { secret: testSecret, redis: { url: secure.url, caFile: certificates.caFile } } })
  t.match(checks.find(({ check }) => check === 'redis'), { outcome: 'ok', found: / with TLS, / })
})

t.test('without https the cookies are told to be without Secure; a session for all hosts of a domain is told, too', async (t) => {
  await provider.register(client('http://localhost:4180'))
  await assertFound(t, { server: { publicUrl: 'http://localhost:4180' } }, 'cookies', 'warning', /^doorward at http:\/\/localhost:4180, SameSite=lax, without Secure$/)
  await provider.register(client(publicUrl))
  await assertFound(t, { session: { secret: testSecret, cookie: { domain: 'example.com' } } }, 'cookies', 'warning', /^__Secure-doorward at .*, Domain=example\.com$/, /every host below example\.com/)
})

t.test('the process ends by itself, with the outcome as its exit code', async (t) => {
  for (const [settings, code] of [[{}, 0], [{ clientSecret: 'another' }, 1]] as const) {
    const { ended, stdout } = runMain(t, ['doctor'], { cwd: t.testdir({ 'doorward.yaml': yamlOf({ provider: providerWith(settings) }) }) })
    t.equal(await ended, code, stdout())
  }
})

async function startTls (t: Test, { cert, key }: Pick<OwnCertificate, 'cert' | 'key'>): Promise<string> {
  const { port, close } = await listenOnLoopback(createTlsServer({ cert, key }, (_request, response) => { response.writeHead(404).end() }), 0)
  t.teardown(close)
  return `https://localhost:${port}`
}

/** A key as `doorward keygen` prints it. */
async function keygen (): Promise<string> {
  let key = ''
  await run(['keygen', '--type', 'assertion'], { stdout: (text) => { key += text }, stderr: () => {}, environment: {}, cwd: '.', isTerminal: false, untilStopped: async () => {} })
  return key
}
