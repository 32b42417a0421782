/** The modules of the OpenID Foundation's plan `oidcc-client-basic-certification-test-plan`, by their names and in their order. */
import t from 'tap'
import { otherRsaKey, unsigned, unusableKeys, withBrokenSignature } from '../support/rogue-provider.ts'
import { clientId, clientSecret } from '../support/provider.ts'
import { assertAccepted, assertRejected, attempt } from './attempt.ts'

t.test('oidcc-client-test', async (t) => {
  const result = await attempt(t, { jwks: ({ keys }) => ({ keys: [...unusableKeys(), ...keys] }) })
  await assertAccepted(t, result)
  const { rogue, gateway } = result
  // What the suite looks at in every module.
  const [authorize] = rogue.calls('authorize')
  const asked = Object.fromEntries(authorize?.url.searchParams ?? [])
  t.match(asked, { client_id: clientId, redirect_uri: `${gateway.origin}/oidc/callback`, response_type: 'code', code_challenge_method: 'S256', code_challenge: /^[\w-]{43}$/, nonce: /^[\w-]{22,64}$/, state: /./ })
  t.ok(asked['scope']?.split(' ').includes('openid'))
  const [token] = rogue.calls('token')
  t.equal(token?.method, 'POST')
  t.match(token?.form.get('code_verifier'), /^[\w.~-]{43,128}$/, 'RFC 7636 section 4.1')
  t.equal(token?.form.get('redirect_uri'), asked['redirect_uri'])
  const [userinfo] = rogue.calls('userinfo')
  t.match(userinfo?.headers.authorization, /^Bearer [\w-]+$/)
  t.equal(userinfo?.url.search, '')
  t.equal(userinfo?.form.size, 0, 'the access token travels once')
})

t.test('oidcc-client-test-invalid-iss', async (t) => {
  const result = await attempt(t, { idToken: (claims) => ({ ...claims, iss: `${String(claims['iss'])}1` }) })
  await assertRejected(t, result, { reason: 'issuer_mismatch' })
})

t.test('oidcc-client-test-missing-sub', async (t) => {
  const result = await attempt(t, { idToken: ({ sub: _, ...claims }) => claims })
  await assertRejected(t, result, { reason: 'id_token_invalid' })
})

t.test('oidcc-client-test-invalid-aud', async (t) => {
  const result = await attempt(t, { idToken: (claims) => ({ ...claims, aud: `${clientId}1` }) })
  await assertRejected(t, result, { reason: 'id_token_invalid' })
})

t.test('oidcc-client-test-missing-iat', async (t) => {
  const result = await attempt(t, { idToken: ({ iat: _, ...claims }) => claims })
  await assertRejected(t, result, { reason: 'id_token_invalid' })
})

t.test('oidcc-client-test-kid-absent-single-jwks', async (t) => {
  const result = await attempt(t, { idToken: async (claims, { kid: _, ...header }, keys) => await keys.sign(claims, header) })
  await assertAccepted(t, result)
})

t.test('oidcc-client-test-kid-absent-multiple-jwks', async (t) => {
  // To try every key or to refuse are both allowed. Which of the keys was meant is not guessed here.
  const result = await attempt(t, {
    idToken: async (claims, { kid: _, ...header }, keys) => await keys.sign(claims, header),
    jwks: async ({ keys }) => ({ keys: [await otherRsaKey(), ...keys, ...unusableKeys()] })
  })
  await assertRejected(t, result, { reason: 'id_token_invalid' })
})

t.test('oidcc-client-test-idtoken-sig-rs256', async (t) => {
  const result = await attempt(t, { jwks: async ({ keys }) => ({ keys: [await otherRsaKey(), ...unusableKeys(), ...keys] }) })
  await assertAccepted(t, result)
})

t.test('oidcc-client-test-idtoken-sig-none', async (t) => {
  const result = await attempt(t, { idToken: unsigned })
  await assertRejected(t, result, { reason: 'id_token_invalid' })
})

t.test('oidcc-client-test-invalid-sig-rs256', async (t) => {
  const result = await attempt(t, { idToken: async (claims, header, keys) => withBrokenSignature(await keys.sign(claims, header)) })
  await assertRejected(t, result, { reason: 'id_token_invalid' })
})

t.test('oidcc-client-test-userinfo-invalid-sub', async (t) => {
  const result = await attempt(t, { userinfo: (claims) => ({ ...claims, sub: `${String(claims['sub'])}invalid` }) })
  await assertRejected(t, result, { reason: 'userinfo_invalid', neverAsked: 'other' })
})

t.test('oidcc-client-test-nonce-invalid', async (t) => {
  const result = await attempt(t, { idToken: (claims) => ({ ...claims, nonce: `${String(claims['nonce'])}1` }) })
  await assertRejected(t, result, { reason: 'nonce_mismatch' })
})

t.test('oidcc-client-test-scope-userinfo-claims', async (t) => {
  const scopes = ['openid', 'profile', 'email', 'address', 'phone']
  const result = await attempt(t, {
    claims: { sub: 'rogue-1' },
    userinfo: () => ({ sub: 'rogue-1', preferred_username: 'robin', name: 'Robin', email: 'robin@example.com', phone_number: '+1', address: { country: 'CH' } })
  }, { configuration: { provider: { scopes }, headers: { set: { 'X-Phone': '{claims.phone_number}', 'X-Country': '{claims./address/country}' } } } })
  await assertAccepted(t, result)
  t.equal(result.rogue.calls('authorize')[0]?.url.searchParams.get('scope'), scopes.join(' '))
  t.match(result.upstream.requests[0]?.headers, { 'x-auth-user': 'robin', 'x-auth-email': 'robin@example.com', 'x-auth-name': 'Robin', 'x-phone': '+1', 'x-country': 'CH' })
})

t.test('oidcc-client-test-client-secret-basic', async (t) => {
  const result = await attempt(t, { discovery: (document) => ({ ...document, token_endpoint_auth_methods_supported: ['client_secret_basic'] }) })
  await assertAccepted(t, result)
  const [token] = result.rogue.calls('token')
  // Encoded as a form first (RFC 6749 section 2.3.1): the secret has a space, a percent sign, a plus sign and a colon.
  const credentials = Buffer.from(token?.headers.authorization?.replace('Basic ', '') ?? '', 'base64').toString()
  t.match(credentials, /^doorward:[^: %+]*(?:[%+][^: ]*)*$/)
  t.equal(new URLSearchParams(`s=${credentials.split(':')[1]}`).get('s'), clientSecret)
  t.notOk(token?.form.has('client_secret'), 'not in two places')
})
