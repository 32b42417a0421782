/** Authorization requests that are pushed to the provider (RFC 9126), and access tokens that are bound to a key (RFC 9449). */
import { randomBytes } from 'node:crypto'
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader, type JWK } from 'jose'
import t, { test } from 'tap'
import { calls, startJourney } from '../flows/journey.ts'
import { startProvider } from '../support/provider.ts'
import { startRogueGateway } from '../support/rogue-gateway.ts'
import { type RogueHooks } from '../support/rogue-hooks.ts'
import { raw } from '../support/rogue-provider.ts'

const dPoP = { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true }
const provider = await startProvider(t, { protocol: { features: { pushedAuthorizationRequests: { enabled: true }, dPoP } } })
const strict = await startProvider(t, { protocol: { features: { pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true } } } })

const pushedFields = ['client_id', 'code_challenge', 'code_challenge_method', 'nonce', 'redirect_uri', 'response_type', 'scope', 'state']

test('a pushed request leaves client_id and a reference for the browser, and nothing else', async (t) => {
  for (const [at, configuration] of [[strict, {}], [provider, { provider: { par: 'always' } }]] as const) {
    const journey = await startJourney(t, { provider: at, configuration })
    const page = await journey.browser.signIn(journey.url('/x'), 'bob')
    t.equal(page.status, 200)
    const [push] = calls(journey, '/request')
    t.strictSame(Object.keys(push?.form ?? {}).sort(), pushedFields)
    t.match(push?.headers.authorization, /^Basic /, 'the client authenticates')
    const { client_id: id, request_uri: reference, ...rest } = calls(journey, '/auth')[0]?.query ?? {}
    t.strictSame([id, rest], ['doorward', {}])
    t.match(reference, /^urn:ietf:params:oauth:request_uri:/)
  }
})

test('a request is not pushed where nobody asks for it, or the configuration says no', async (t) => {
  for (const par of ['auto', 'never']) {
    const journey = await startJourney(t, { provider, configuration: { provider: { par } } })
    t.equal((await journey.browser.signIn(journey.url('/x'), 'bob')).status, 200)
    t.equal(calls(journey, '/request').length, 0)
  }
})

test('a push that fails ends the sign-in with a reason, and sends nobody to the provider', async (t) => {
  const cases = [
    [{ par: () => raw({ status: 400, body: JSON.stringify({ error: 'invalid_scope', error_description: 'no such scope' }) }) }, { reason: 'idp_error', metadata: { error: 'invalid_scope' } }, 403],
    [{ par: () => raw({ status: 503, body: '{}' }) }, { reason: 'setup_error' }, 503],
    [{ par: () => ({ request_uri: 5 }) }, { reason: 'setup_error' }, 503],
    [{ discovery: ({ pushed_authorization_request_endpoint: _, ...document }: Record<string, unknown>) => document }, { reason: 'setup_error' }, 503]
  ] as const
  for (const [rogueHooks, event, status] of cases) {
    const { gateway, rogue, browser } = await startRogueGateway(t, { rogue: rogueHooks, configuration: { provider: { par: 'always' } } })
    const page = await browser.open(`${gateway.origin}/x`)
    t.equal(page.status, status)
    t.match(gateway.audit, [{ event: 'login', outcome: 'failure', ...event }])
    t.equal(rogue.calls('authorize').length, 0)
  }
})

test('with DPoP every request proves the key, with the nonce that the server wants, and the access token is bound to it', async (t) => {
  for (const par of ['always', 'never']) {
    const journey = await startJourney(t, { provider, configuration: { provider: { dpop: true, par } }, client: { dpop_bound_access_tokens: true } })
    const page = await journey.browser.signIn(journey.url('/x'), 'bob')
    t.equal(page.status, 200)
    const paths = [...par === 'always' ? ['/request'] : [], '/token', '/me']
    const [first] = calls(journey, paths[0] ?? '')
    t.equal(decodeJwt(String(first?.headers['dpop']))['nonce'], undefined, 'nobody has told a nonce yet')
    t.equal(calls(journey, paths[0] ?? '').length, 2, 'it is asked once more with the nonce')
    const sent = paths.map((path) => calls(journey, path).at(-1))
    const thumbprints = new Set<string>()
    for (const [index, request] of sent.entries()) {
      const proof = String(request?.headers['dpop'])
      const { typ, alg, jwk, ...others } = decodeProtectedHeader(proof)
      const { htm, htu, nonce, ath, jti } = decodeJwt(proof)
      t.strictSame({ typ, alg, others, htu }, { typ: 'dpop+jwt', alg: 'ES256', others: {}, htu: provider.issuer + (paths[index] ?? '') })
      t.strictSame([htm, typeof nonce, typeof ath], [paths[index] === '/me' ? 'GET' : 'POST', 'string', paths[index] === '/me' ? 'string' : 'undefined'])
      t.match(jti, /^[\w-]{22,}$/)
      t.strictSame(Object.keys(jwk ?? {}).sort(), ['crv', 'kty', 'x', 'y'], 'the public half alone')
      thumbprints.add(await calculateJwkThumbprint(jwk as JWK))
    }
    t.equal(thumbprints.size, 1)
    t.match(sent.at(-1)?.headers.authorization, /^DPoP /)
    t.equal(calls(journey, '/auth')[0]?.query['dpop_jkt'], par === 'always' ? undefined : [...thumbprints][0], 'the code is bound too (RFC 9449 section 10)')
  }
})

test('userinfo may want a nonce of its own, in any case of letters', async (t) => {
  const userinfo: RogueHooks['userinfo'] = (claims, { dpop }) => {
    if (decodeJwt(String(dpop))['nonce'] === 'of userinfo') return claims
    return raw({ status: 401, headers: { 'www-authenticate': 'dPoP error="use_dpop_nonce"', 'dpop-nonce': 'of userinfo' } })
  }
  const token: RogueHooks['token'] = (answer) => ({ ...answer, token_type: 'dPOP' })
  const { gateway, rogue, browser } = await startRogueGateway(t, { rogue: { userinfo, token }, configuration: { provider: { dpop: true } } })
  t.equal((await browser.open(`${gateway.origin}/x`)).status, 200)
  t.strictSame(rogue.calls('userinfo').map(({ headers }) => decodeJwt(String(headers['dpop']))['nonce']), [undefined, 'of userinfo'])
})

test('a nonce is asked for once: a server that is never content ends the sign-in', async (t) => {
  const challenge = () => raw({ status: 400, headers: { 'content-type': 'application/json', 'dpop-nonce': randomBytes(8).toString('hex') }, body: '{"error":"use_dpop_nonce"}' })
  const { gateway, rogue, browser } = await startRogueGateway(t, { rogue: { token: challenge }, configuration: { provider: { dpop: true } } })
  t.equal((await browser.open(`${gateway.origin}/x`)).status, 502)
  t.equal(rogue.calls('token').length, 2)
  t.match(gateway.audit, [{ reason: 'token_exchange_failed' }])
})

test('a token that is not bound to the key is refused, and one that is bound to a key that nobody gave', async (t) => {
  for (const [dpop, type] of [[true, 'Bearer'], [false, 'DPoP']] as const) {
    const { gateway, rogue, browser } = await startRogueGateway(t, { rogue: { token: (answer) => ({ ...answer, token_type: type }) }, configuration: { provider: { dpop } } })
    t.equal((await browser.open(`${gateway.origin}/x`)).status, 502)
    t.equal(rogue.calls('userinfo').length, 0)
    t.match(gateway.audit, [{ reason: 'token_exchange_failed', metadata: { tokenType: type.toLowerCase() } }])
  }
})
