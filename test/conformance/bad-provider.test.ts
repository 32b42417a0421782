/** A provider that is broken, hostile or half dead: what people see, what the audit trail says, and that Doorward goes on. */
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { requireSecure } from '../../src/oidc/provider-http.ts'
import { type RogueHooks } from '../support/rogue-hooks.ts'
import { Browser } from '../support/browser.ts'
import { megabytes, raw, redirect } from '../support/rogue-provider.ts'
import { signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'
import { assertRejected, attempt, type Rejection } from './attempt.ts'

const json = { 'content-type': 'application/json' }
const webPage = () => raw({ headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>Welcome</title>' })
const garbage = () => raw({ headers: json, body: '{"a":' })
const tenMegabytes = () => raw({ headers: json, body: megabytes(10) })
const bomb = () => raw({ headers: { ...json, 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(10_000_000, ' ')) })
const failing = () => raw({ status: 500, headers: { 'content-type': 'text/plain' }, body: 'oops' })
const elsewhere = () => redirect('http://localhost:1/elsewhere')
const silent = () => raw({ delayMilliseconds: Infinity })
/** One byte at a time, for as long as somebody listens. */
const dripping = () => raw({ headers: json, body: drip() })

/** Ends its connection before what it announced is there. */
const half = () => raw({ headers: { ...json, 'content-length': '1000' }, body: halfAnAnswer() })

async function * halfAnAnswer (): AsyncGenerator<Buffer> {
  yield Buffer.from('{"issuer":"http://localhost"')
  throw new Error('cut')
}

async function * drip (): AsyncGenerator<Buffer> {
  for (;;) {
    yield Buffer.from(' ')
    await delay(100, undefined, { ref: false })
  }
}

type Case = readonly [hooks: RogueHooks, reason: string, status: number]

const discoveryCases: Readonly<Record<string, RogueHooks>> = {
  'a web page': { discovery: webPage },
  garbage: { discovery: garbage },
  'ten megabytes': { discovery: tenMegabytes },
  'a compressed bomb': { discovery: bomb },
  'half an answer': { discovery: half },
  'an error': { discovery: failing },
  'not there': { discovery: () => raw({ status: 404 }) },
  'a redirect': { discovery: elsewhere },
  'a list': { discovery: () => [] },
  'without an issuer': { discovery: ({ issuer: _, ...document }) => document },
  'by an issuer that is no URL': { discovery: (document) => ({ ...document, issuer: 'Contoso' }) },
  'by an issuer with another path': { discovery: (document) => ({ ...document, issuer: `${String(document['issuer'])}/tenant` }) },
  'without an authorization endpoint': { discovery: ({ authorization_endpoint: _, ...document }) => document },
  'without a token endpoint': { discovery: ({ token_endpoint: _, ...document }) => document },
  'without keys': { discovery: ({ jwks_uri: _, ...document }) => document },
  'with a token endpoint on plain http elsewhere': { discovery: (document) => ({ ...document, token_endpoint: 'http://provider.example/token' }) }
}

/** What `/readyz` says of them, where it is more than that the metadata can't be used. */
const discoveryReasons: Readonly<Record<string, RegExp>> = {
  'a web page': /answered with status 200, but not with JSON\. Open this address/,
  'ten megabytes': /^the provider’s answer is larger than 1 MiB \(UND_ERR_RES_EXCEEDED_MAX_SIZE\)$/,
  'half an answer': /^the provider ends the connection before its answer is whole/,
  'an error': /openid-configuration answered with status 500\. Open this address/,
  'not there': /answered with status 404\. Open this address/,
  'a redirect': /answered with status 302\. Open this address/,
  'by an issuer that is no URL': /issuer in the discovery document is not a URL/,
  'by an issuer with another path': /calls itself "http:.+\/tenant", provider\.issuer is "http/,
  'without an authorization endpoint': /names no authorization_endpoint/,
  'without a token endpoint': /names no token_endpoint/,
  'without keys': /names no jwks_uri/,
  'with a token endpoint on plain http elsewhere': /an endpoint that is not https: http:\/\/provider\.example$/
}

for (const [name, hooks] of Object.entries(discoveryCases)) {
  t.test(`discovery that is ${name}: nobody is sent to the provider`, async (t) => {
    const result = await attempt(t, hooks)
    await assertRejected(t, result, { reason: 'setup_error', status: 503, neverAsked: 'authorize' })
    t.match(result.page.headers['retry-after'], /^[1-9]\d?$/)
    t.match(result.gateway.logs.join(''), /"event":"provider.unavailable".*"reason":"(?:[^"\\]|\\.){10}.*"message":"(?:[^"\\]|\\.){10}/, 'the log says why')
    const { dependencies } = await (await fetch(`${result.gateway.admin}/readyz`)).json() as { dependencies: Record<string, { reason: string }> }
    t.match(dependencies['provider:default'], { status: 'down', reason: discoveryReasons[name] ?? /^the provider’s metadata/ })
  })
}

t.test('the log names the status of an answer that is none', async (t) => {
  const { gateway } = await attempt(t, { discovery: () => raw({ status: 418 }) })
  t.match(gateway.logs.join(''), /"event":"provider.unavailable".*"status":418/)
})

t.test('an https provider may name no endpoint that is plain http', async (t) => {
  const refused = ['http://provider.example/token', 'http://localhost/token', 'ftp://provider.example/', 'file:///etc/passwd', 'provider.example', '', 'javascript:1', '//provider.example/']
  for (const endpoint of refused) t.throws(() => { requireSecure(endpoint, false) }, { name: 'InsecureEndpointError' }, endpoint)
  t.doesNotThrow(() => { requireSecure('https://provider.example/token', false) })
  for (const endpoint of ['http://provider.example/', 'http://127.0.0.1.evil.example/', 'http://localhost.evil.example/', 'http://127.1.evil/', 'http://169.254.169.254/']) t.throws(() => { requireSecure(endpoint, true) }, { name: 'InsecureEndpointError' }, endpoint)
  for (const endpoint of ['http://localhost:1/', 'http://127.0.0.1/', 'http://[::1]:8080/', 'http://idp.localhost/']) t.doesNotThrow(() => { requireSecure(endpoint, true) }, endpoint)
})

const cases: Readonly<Record<string, Case>> = {
  'the token endpoint answers with a web page': [{ token: webPage }, 'token_exchange_failed', 502],
  'the token endpoint answers with garbage': [{ token: garbage }, 'token_exchange_failed', 502],
  'the token endpoint answers with ten megabytes': [{ token: tenMegabytes }, 'token_exchange_failed', 503],
  'the token endpoint answers with a compressed bomb': [{ token: bomb }, 'token_exchange_failed', 502],
  'the token endpoint answers by half': [{ token: half }, 'token_exchange_failed', 503],
  'the token endpoint fails': [{ token: failing }, 'token_exchange_failed', 503],
  'the token endpoint redirects': [{ token: elsewhere }, 'token_exchange_failed', 502],
  'the token endpoint answers with a list': [{ token: () => [] }, 'token_exchange_failed', 502],
  'the token endpoint answers with nothing': [{ token: () => raw({ status: 204, headers: {} }) }, 'token_exchange_failed', 502],
  'the token endpoint knows another client secret': [{ token: () => raw({ status: 401, headers: json, body: '{"error":"invalid_client"}' }) }, 'token_exchange_failed', 502],
  'the token endpoint describes an error by a number': [{ token: () => raw({ status: 400, headers: json, body: '{"error":"invalid_grant","error_description":5}' }) }, 'token_exchange_failed', 502],
  'the keys are a web page': [{ jwks: webPage }, 'id_token_invalid', 502],
  'the keys are garbage': [{ jwks: garbage }, 'id_token_invalid', 502],
  'the keys are ten megabytes': [{ jwks: tenMegabytes }, 'setup_error', 503],
  'the keys are cut in half': [{ jwks: half }, 'setup_error', 503],
  'the keys are no set': [{ jwks: () => ({ keys: 'none' } as never) }, 'id_token_invalid', 502],
  'the keys are none': [{ jwks: () => ({ keys: [] }) }, 'id_token_invalid', 502],
  'the keys can’t be had': [{ jwks: failing }, 'setup_error', 503],
  'the keys are elsewhere': [{ jwks: elsewhere }, 'id_token_invalid', 502]
}

for (const [name, [hooks, reason, status]] of Object.entries(cases)) {
  t.test(`${name}: nobody is signed in`, async (t) => {
    await assertRejected(t, await attempt(t, hooks), { reason, status })
  })
}

const userinfoCases: Readonly<Record<string, readonly [RogueHooks['userinfo'], number]>> = {
  fails: [failing, 503],
  'answers with garbage': [garbage, 502],
  'answers with ten megabytes': [tenMegabytes, 503],
  'answers by half': [half, 503],
  'answers with a compressed bomb': [bomb, 502],
  'refuses the token': [() => raw({ status: 403, headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' } }), 502],
  redirects: [elsewhere, 502]
}

for (const [name, [userinfo, status]] of Object.entries(userinfoCases)) {
  t.test(`userinfo ${name}: nobody is signed in without their claims`, async (t) => {
    const result = await attempt(t, userinfo === undefined ? {} : { userinfo })
    await assertRejected(t, result, { reason: 'no_userinfo', status, neverAsked: 'other' })
    t.equal(result.rogue.calls('token').length, 1, 'and no further token is asked for')
  })
}

t.test('an answer of any size costs little memory', async (t) => {
  const { gateway, rogue } = await startRogueGateway(t, { rogue: { userinfo: tenMegabytes, token: (answer) => answer } })
  await new Browser().open(`${gateway.origin}/`)
  const before = process.memoryUsage().rss
  for (let round = 0; round < 10; round++) await new Browser().open(`${gateway.origin}/`)
  const grown = process.memoryUsage().rss - before
  t.ok(grown < 64 * 1024 * 1024, `${Math.round(grown / 1024 / 1024)} MiB more after ten times ten megabytes`)
  t.equal(rogue.calls('userinfo').length, 11)
})

t.test('a provider that does not answer, or endlessly, holds up nobody else', async (t) => {
  const slow: ReadonlyArray<readonly [hooks: RogueHooks, rejection: Rejection]> = [
    [{ discovery: dripping }, { reason: 'setup_error', status: 503, neverAsked: 'authorize' }],
    [{ discovery: silent }, { reason: 'setup_error', status: 503, neverAsked: 'authorize' }],
    [{ token: silent }, { reason: 'token_exchange_failed', status: 503 }],
    [{ token: dripping }, { reason: 'token_exchange_failed', status: 503 }],
    [{ jwks: dripping }, { reason: 'setup_error', status: 503 }],
    [{ userinfo: silent }, { reason: 'no_userinfo', status: 503, neverAsked: 'other' }],
    [{ userinfo: dripping }, { reason: 'no_userinfo', status: 503, neverAsked: 'other' }]
  ]
  const start = performance.now()
  const attempts = slow.map(async ([hooks, rejection]) => { await assertRejected(t, await attempt(t, hooks), rejection) })

  const { gateway, rogue, browser } = await startRogueGateway(t)
  const cookie = await signedInCookie(gateway)
  rogue.hooks.token = silent
  const waiting = new Browser().open(`${gateway.origin}/`)
  const asked = performance.now()
  const answer = await browser.get(`${gateway.origin}/`, { headers: { cookie } })
  t.equal(answer.status, 200, 'whoever is signed in works on')
  t.equal((await browser.get(`${gateway.origin}/`, { program: true })).status, 401)
  t.ok(performance.now() - asked < 2_000, 'at once')

  await Promise.all([waiting, ...attempts])
  t.ok(performance.now() - start < 15_000, `all were told after ${Math.round(performance.now() - start)} ms`)
})

t.test('once the provider is well again, people sign in', async (t) => {
  const { gateway, rogue } = await startRogueGateway(t, { rogue: { discovery: failing }, configuration: { access: { rules: [{ path: '/public/**', allow: 'anonymous' }] } } })
  t.equal((await new Browser().open(`${gateway.origin}/`)).status, 503)
  t.equal((await new Browser().open(`${gateway.origin}/public/x`)).status, 200, 'what needs no sign-in goes on')
  delete rogue.hooks.discovery
  let page = await new Browser().open(`${gateway.origin}/`)
  for (let round = 0; round < 100 && page.status === 503; round++) {
    await delay(50)
    page = await new Browser().open(`${gateway.origin}/`)
  }
  t.equal(page.status, 200)
})
