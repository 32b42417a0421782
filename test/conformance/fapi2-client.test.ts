/**
 * The modules of the OpenID Foundation's FAPI 2.0 Security Profile plan for clients, with `provider.profile: fapi2`.
 */
import { generateKeyPairSync } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, type JWK } from 'jose'
import t, { type Test } from 'tap'
import { logoutClaims, postLogout } from '../support/logout-tokens.ts'
import { type Claims, type RogueHooks } from '../support/rogue-hooks.ts'
import { type RogueGatewayOptions, startRogueGateway } from '../support/rogue-gateway.ts'
import { otherRsaKey, raw, type RogueOptions, unsigned } from '../support/rogue-provider.ts'
import { assertAccepted, assertRejected, attempt, type Attempt, type Rejection } from './attempt.ts'

const clientKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const signer = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const published = { ...signer.publicKey.export({ format: 'jwk' }), kid: 'same', alg: 'ES256', use: 'sig' } as JWK
const header = { alg: 'ES256', kid: 'same' }

/** Signs as FAPI wants it, beside decoys of the same `kid` for other algorithms (section 5.4.3). */
async function fapiAttempt (t: Test, change: RogueHooks & { readonly claims?: (claims: Claims) => Claims } = {}, { refreshes = false, configuration, ...options }: RogueGatewayOptions & Pick<RogueOptions, 'refreshes'> = {}): Promise<Attempt> {
  const { claims = (honest) => honest, ...hooks } = change
  const decoy = { ...await otherRsaKey(), kid: 'same' }
  return await attempt(t, {
    discovery: (document) => ({ ...document, id_token_signing_alg_values_supported: ['ES256', 'RS256'], token_endpoint_auth_methods_supported: ['private_key_jwt'], dpop_signing_alg_values_supported: ['ES256'] }),
    jwks: () => ({ keys: [{ ...decoy, alg: 'RS256' }, { ...decoy, alg: 'PS256' }, published] }),
    idToken: async (honest, _header, keys) => await keys.sign(claims(honest), header, signer.privateKey as unknown as Uint8Array),
    token: (answer) => ({ ...answer, token_type: 'DPoP' }),
    refreshes,
    ...hooks
  }, { ...options, configuration: { provider: { profile: 'fapi2', clientSecret: undefined, clientKey }, ...configuration } })
}

t.test('fapi2-security-profile-final-client-test-happy-path-no-dpop-nonce', async (t) => {
  const result = await fapiAttempt(t)
  await assertAccepted(t, result)
  const { rogue } = result
  const [push, token] = [...rogue.calls('par'), ...rogue.calls('token')]
  t.strictSame([...rogue.calls('authorize')[0]?.url.searchParams.keys() ?? []], ['client_id', 'request_uri'])
  t.match(Object.fromEntries(push?.form ?? []), { response_type: 'code', code_challenge_method: 'S256', nonce: /^.{1,64}$/ })
  t.equal(push?.form.has('request'), false)
  const assertions = [push, token].map((request) => request?.form.get('client_assertion') ?? '')
  for (const assertion of assertions) t.match({ ...decodeProtectedHeader(assertion), ...decodeJwt(assertion) }, { alg: 'ES256', aud: rogue.issuer })
  t.not(assertions[0], assertions[1])
  t.match(rogue.calls('userinfo')[0]?.headers.authorization, /^DPoP /)
})

t.test('fapi2-security-profile-final-client-test-happy-path', async (t) => {
  const wantsNonce = (name: string) => (headers: Readonly<Record<string, unknown>>) => decodeJwt(String(headers['dpop']))['nonce'] === name
  const challenge = (name: string, status = 400) => raw({ status, headers: { 'content-type': 'application/json', 'dpop-nonce': name, ...(status === 401 && { 'www-authenticate': 'DPoP error="use_dpop_nonce"' }) }, body: '{"error":"use_dpop_nonce"}' })
  const result = await fapiAttempt(t, {
    par: ({ headers }) => wantsNonce('par')(headers) ? undefined : challenge('par'),
    userinfo: (claims, headers) => wantsNonce('userinfo')(headers) ? claims : challenge('userinfo', 401)
  })
  t.equal(result.page.status, 200)
  const pushes = result.rogue.calls('par')
  t.strictSame([pushes.length, result.rogue.calls('userinfo').length], [2, 2])
  for (const [name, of] of [['jti of the proof', (index: number) => decodeJwt(String(pushes[index]?.headers['dpop'])).jti], ['client assertion', (index: number) => decodeJwt(pushes[index]?.form.get('client_assertion') ?? '').jti]] as const) t.not(of(0), of(1), `a fresh ${name}`)
})

t.test('fapi2-security-profile-final-client-test-rs-dpop-auth-scheme-case-insensitivity', async (t) => {
  const result = await fapiAttempt(t, {
    userinfo: (claims, { dpop }) => decodeJwt(String(dpop))['nonce'] === 'fresh' ? claims : raw({ status: 401, headers: { 'dpop-nonce': 'fresh', 'www-authenticate': 'dPoP error="use_dpop_nonce"' }, body: '' })
  })
  t.equal(result.page.status, 200)
  t.equal(result.rogue.calls('userinfo').length, 2)
})

t.test('fapi2-security-profile-final-client-test-refresh-token-test', async (t) => {
  const clock = { now: Date.now() }
  const { gateway, rogue, browser, upstream, page } = await fapiAttempt(t, {
    token: (answer) => ({ ...answer, token_type: 'DPoP' }),
    refresh: (answer) => ({ ...answer, token_type: 'DPoP' })
  }, { now: () => clock.now, refreshes: true, configuration: { session: { idleTimeout: '8h' }, headers: { profiles: ['oauth2-proxy'], accessToken: true } } })
  t.equal(page.status, 200)
  const due = 59 * 60 * 1000
  const open = async () => {
    clock.now += due
    return (await browser.get(`${gateway.origin}/wanted`)).status
  }
  // The first access token of a refresh is refused where it is used, once.
  rogue.hooks.userinfo = () => {
    delete rogue.hooks.userinfo
    return raw({ status: 401, headers: { 'www-authenticate': 'DPoP error="invalid_token"' }, body: '' })
  }
  t.strictSame([await open(), await open()], [200, 200])
  const [, ...refreshes] = rogue.calls('token')
  t.strictSame(refreshes.map(({ form }) => form.get('grant_type')), ['refresh_token', 'refresh_token'])
  t.equal(new Set(refreshes.map(({ form }) => form.get('refresh_token'))).size, 2, 'each refresh token is good once')
  for (const { headers, form } of refreshes) {
    t.match(decodeJwt(String(headers['dpop'])), { htm: 'POST', htu: `${rogue.issuer}/token` })
    t.match(decodeJwt(form.get('client_assertion') ?? ''), { aud: rogue.issuer })
  }
  const tokens = rogue.calls('userinfo').map(({ headers }) => headers.authorization?.replace('DPoP ', ''))
  t.equal(new Set(tokens).size, 3, 'the token that was refused is not tried again')
  t.strictSame(upstream.requests.map(({ headers }) => headers['x-forwarded-access-token']), tokens, 'the application has the newest')
  t.match(gateway.audit.map(({ event, outcome }) => `${String(event)} ${String(outcome)}`), ['login success', 'session.refresh success', 'session.refresh success'])
})

const accepted: Readonly<Record<string, Parameters<typeof fapiAttempt>[1]>> = {
  'fapi2-security-profile-final-client-test-valid-aud-as-array': { claims: (claims) => ({ ...claims, aud: [claims['aud']] }) },
  'fapi2-security-profile-final-client-test-token-endpoint-response-without-expires_in': { token: ({ expires_in: _, ...answer }) => ({ ...answer, token_type: 'DPoP' }) },
  'fapi2-security-profile-final-client-test-token-type-case-insensitivity': { token: (answer) => ({ ...answer, token_type: 'dPoP' }) }
}
for (const [name, change] of Object.entries(accepted)) t.test(name, async (t) => { await assertAccepted(t, await fapiAttempt(t, change)) })

const invalid = (reason: string): Rejection => ({ reason })
const rejected: Readonly<Record<string, readonly [Parameters<typeof fapiAttempt>[1], Rejection]>> = {
  'fapi2-security-profile-final-client-test-discovery-issuer-mismatch': [{ discovery: (document) => ({ ...document, issuer: `${String(document['issuer'])}/other` }) }, { reason: 'setup_error', status: 503, neverAsked: 'par' }],
  'fapi2-security-profile-final-client-test-invalid-iss': [{ claims: (claims) => ({ ...claims, iss: `${String(claims['iss'])}1` }) }, invalid('issuer_mismatch')],
  'fapi2-security-profile-final-client-test-missing-iss': [{ claims: ({ iss: _, ...claims }) => claims }, invalid('id_token_invalid')],
  'fapi2-security-profile-final-client-test-invalid-aud': [{ claims: (claims) => ({ ...claims, aud: 'another' }) }, invalid('id_token_invalid')],
  'fapi2-security-profile-final-client-test-missing-aud': [{ claims: ({ aud: _, ...claims }) => claims }, invalid('id_token_invalid')],
  'fapi2-security-profile-final-client-test-invalid-secondary-aud': [{ claims: (claims) => ({ ...claims, aud: [claims['aud'], 'another'] }) }, invalid('id_token_invalid')],
  'fapi2-security-profile-final-client-test-invalid-expired-exp': [{ claims: (claims) => ({ ...claims, exp: Number(claims['iat']) - 400 }) }, invalid('id_token_invalid')],
  'fapi2-security-profile-final-client-test-invalid-missing-exp': [{ claims: ({ exp: _, ...claims }) => claims }, invalid('id_token_invalid')],
  'fapi2-security-profile-final-client-test-invalid-nonce': [{ claims: (claims) => ({ ...claims, nonce: 'another' }) }, invalid('nonce_mismatch')],
  'fapi2-security-profile-final-client-test-missing-nonce': [{ claims: ({ nonce: _, ...claims }) => claims }, invalid('id_token_invalid')],
  'fapi2-security-profile-final-client-test-invalid-null-alg': [{ idToken: (claims) => unsigned(claims) }, invalid('id_token_invalid')],
  'fapi2-security-profile-final-client-test-invalid-alternate-alg': [{ idToken: async (claims, rs256, keys) => await keys.sign(claims, rs256), jwks: (set) => ({ keys: [...set.keys, published] }) }, invalid('id_token_invalid')],
  'fapi2-security-profile-final-client-test-invalid-authorization-response-iss': [{ authorize: (parameters) => ({ ...parameters, iss: `${parameters['iss'] ?? ''}1` }) }, { reason: 'issuer_mismatch', neverAsked: 'token' }],
  'fapi2-security-profile-final-client-test-remove-authorization-response-iss': [{ authorize: ({ iss: _, ...parameters }) => parameters, discovery: ({ authorization_response_iss_parameter_supported: _, ...document }) => ({ ...document, id_token_signing_alg_values_supported: ['ES256'] }) }, { reason: 'issuer_mismatch', neverAsked: 'token' }],
  'a bearer token in place of one that is bound': [{ token: (answer) => answer }, invalid('token_exchange_failed')]
}
for (const [name, [change, rejection]] of Object.entries(rejected)) t.test(name, async (t) => { await assertRejected(t, await fapiAttempt(t, change), rejection) })

const states: Readonly<Record<string, NonNullable<RogueHooks['authorize']>>> = {
  'fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-state-fails': (parameters) => ({ ...parameters, state: `${parameters['state'] ?? ''}1` }),
  'fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-missing-state-fails': ({ state: _, ...parameters }) => parameters
}
for (const [name, authorize] of Object.entries(states)) {
  t.test(name, async (t) => {
    const { page, rogue, gateway } = await fapiAttempt(t, { authorize })
    t.equal(page.status, 400)
    t.equal(rogue.calls('token').length, 0)
    t.match(gateway.audit, [{ reason: 'state_invalid' }])
  })
}

t.test('RS256 is no signature of a logout token, an access token or an answer about one', async (t) => {
  const bearer = { audiences: ['https://api.example.com'], tokens: 'auto' }
  const { gateway, rogue } = await startRogueGateway(t, {
    configuration: { provider: { profile: 'fapi2', clientSecret: undefined, clientKey, bearer }, access: { rules: [{ path: '/**', bearer: true }] } },
    rogue: {
      discovery: (document) => ({ ...document, id_token_signing_alg_values_supported: ['ES256', 'RS256'] }),
      jwks: (set) => ({ keys: [...set.keys, published] })
    }
  })
  const signed = async (alg: string, typ: string, claims: Claims) => alg === 'RS256'
    ? await rogue.keys.sign(claims, { ...rogue.keys.header, typ })
    : await rogue.keys.sign(claims, { ...header, typ }, signer.privateKey as unknown as Uint8Array)
  const now = Math.floor(Date.now() / 1000)
  const access = { iss: rogue.issuer, aud: 'https://api.example.com', sub: 'program', iat: now, exp: now + 300, client_id: 'program' }
  const ask = async (token: string) => (await fetch(`${gateway.origin}/x`, { headers: { authorization: `Bearer ${token}` } })).status
  const answers = async (alg: string) => [
    (await postLogout(gateway.origin, await signed(alg, 'logout+jwt', logoutClaims(rogue)))).status,
    await ask(await signed(alg, 'at+jwt', access))
  ]
  t.strictSame(await answers('RS256'), [400, 401])
  t.strictSame(await answers('ES256'), [200, 200])

  for (const [alg, status] of [['RS256', 503], ['ES256', 200]] as const) {
    const claims = { iss: rogue.issuer, aud: rogue.clientId, iat: now, token_introspection: { active: true, token_type: 'Bearer', ...access } }
    rogue.hooks.introspection = async () => raw({ headers: { 'content-type': 'application/token-introspection+jwt' }, body: await signed(alg, 'token-introspection+jwt', claims) })
    t.equal(await ask(`opaque-${alg}`), status, alg)
  }
})
