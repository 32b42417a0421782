/** Beyond the certification plans: what else an id_token, an authorization response and an answer can have wrong, or oddly right. */
import { generateKeyPairSync } from 'node:crypto'
import { base64url, exportJWK, generateKeyPair, type JWK } from 'jose'
import t from 'tap'
import { type RogueHooks } from '../support/rogue-hooks.ts'
import { clientSecret } from '../support/provider.ts'
import { otherRsaKey, raw, withBrokenSignature } from '../support/rogue-provider.ts'
import { assertAccepted, assertRejected, attempt } from './attempt.ts'

const now = () => Math.floor(Date.now() / 1000)

/** Hooks of a provider that signs with ES256, says so, and publishes the key. */
async function ellipticProvider (change: (token: string) => string = (token) => token): Promise<RogueHooks> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...await exportJWK(publicKey), kid: 'elliptic', use: 'sig', alg: 'ES256' }
  return {
    discovery: (document) => ({ ...document, id_token_signing_alg_values_supported: ['RS256', 'ES256'] }),
    jwks: ({ keys }) => ({ keys: [...keys, jwk] }),
    idToken: async (claims, header, keys) => change(await keys.sign(claims, { ...header, alg: 'ES256', kid: 'elliptic' }, privateKey))
  }
}

t.test('oidcc-client-test-invalid-sig-es256', async (t) => {
  await assertRejected(t, await attempt(t, await ellipticProvider(withBrokenSignature)), { reason: 'id_token_invalid' })
})

t.test('an ES256 signature is accepted where the provider announces it', async (t) => {
  await assertAccepted(t, await attempt(t, await ellipticProvider()))
})

t.test('fapi2-security-profile-final-client-test-invalid-alternate-alg', async (t) => {
  const { discovery: _, ...hooks } = await ellipticProvider()
  await assertRejected(t, await attempt(t, hooks), { reason: 'id_token_invalid' })
})

const publicPem = ({ publicKey }: { publicKey: JWK }) => JSON.stringify(publicKey)

/** Tokens made with something that is no secret, or under a false flag; each with the honest claims. */
const forgeries: Readonly<Record<string, NonNullable<RogueHooks['idToken']>>> = {
  'oidcc-client-test-invalid-sig-hs256': async (claims, header, keys) => withBrokenSignature(await keys.sign(claims, { ...header, alg: 'HS256' }, new TextEncoder().encode(clientSecret))),
  'HS256 with the client secret, which was not agreed on': async (claims, header, keys) => await keys.sign(claims, { ...header, alg: 'HS256' }, new TextEncoder().encode(clientSecret)),
  'HS256 with the public key for a secret': async (claims, header, keys) => await keys.sign(claims, { ...header, alg: 'HS256' }, new TextEncoder().encode(publicPem(keys))),
  'a key that the token brings along': async (claims, header, keys) => {
    const { privateKey, publicKey } = await generateKeyPair('RS256')
    return await keys.sign(claims, { ...header, jwk: await exportJWK(publicKey) }, privateKey)
  },
  'a key that the token points to': async (claims, header, keys) => {
    const { privateKey } = await generateKeyPair('RS256')
    return await keys.sign(claims, { ...header, jku: 'https://evil.example/jwks' }, privateKey)
  },
  'an unknown key id': async (claims, header, keys) => await keys.sign(claims, { ...header, kid: 'unknown' }),
  'alg none in another case': (claims) => `${base64url.encode(JSON.stringify({ alg: 'NoNe' }))}.${base64url.encode(JSON.stringify(claims))}.`,
  'no signature': async (claims, header, keys) => (await keys.sign(claims, header)).replace(/\.[^.]*$/, '.'),
  'other claims under an honest signature': async (claims, header, keys) => {
    const [head, , signature] = (await keys.sign(claims, header)).split('.')
    return `${head}.${base64url.encode(JSON.stringify({ ...claims, sub: 'admin' }))}.${signature}`
  },
  'a critical extension that nobody knows': async (claims, header, keys) => (await keys.sign(claims, { ...header })).replace(/^[^.]+/, base64url.encode(JSON.stringify({ ...header, crit: ['x'], x: 1 })))
}

for (const [name, idToken] of Object.entries(forgeries)) {
  t.test(name.startsWith('oidcc') ? name : `E19: an id_token with ${name} is rejected`, async (t) => {
    await assertRejected(t, await attempt(t, { idToken }), { reason: 'id_token_invalid' })
  })
}

for (const [name, token] of Object.entries({ 'an encrypted token that nobody asked for': 'a.b.c.d.e', 'no token': 'x', 'an empty text': '', 'garbage in three parts': 'a.b.c' })) {
  t.test(`a token answer with ${name} for an id_token is rejected`, async (t) => {
    await assertRejected(t, await attempt(t, { idToken: () => token }), { reason: 'token_exchange_failed' })
  })
}

t.test('a token answer without an id_token is rejected', async (t) => {
  await assertRejected(t, await attempt(t, { token: ({ id_token: _, ...answer }) => answer }), { reason: 'token_exchange_failed' })
})

/** Claims changed, and the reason for the audit trail. */
const wrongClaims: Readonly<Record<string, readonly [change: Readonly<Record<string, unknown>>, reason: string]>> = {
  'oidcc-client-test-missing-aud': [{ aud: undefined }, 'id_token_invalid'],
  'fapi2-security-profile-final-client-test-invalid-missing-exp': [{ exp: undefined }, 'id_token_invalid'],
  'fapi2-security-profile-final-client-test-invalid-expired-exp': [{ exp: now() - 301 }, 'id_token_invalid'],
  'fapi2-security-profile-final-client-test-missing-iss': [{ iss: undefined }, 'id_token_invalid'],
  'fapi2-security-profile-final-client-test-missing-nonce': [{ nonce: undefined }, 'id_token_invalid'],
  'fapi2-security-profile-final-client-test-invalid-secondary-aud': [{ aud: ['doorward', 'other'] }, 'id_token_invalid'],
  'an azp of somebody else': [{ aud: ['doorward', 'other'], azp: 'other' }, 'id_token_invalid'],
  'an empty audience': [{ aud: [] }, 'id_token_invalid'],
  'exp as text': [{ exp: '9999999999' }, 'id_token_invalid'],
  'nbf in the future': [{ nbf: now() + 300 }, 'id_token_invalid'],
  'iat in the future': [{ iat: now() + 300 }, 'id_token_invalid'],
  'iat as text': [{ iat: 'now' }, 'id_token_invalid'],
  'an exp that overflowed to nothing': [{ exp: null }, 'id_token_invalid'],
  'a sub that is no text': [{ sub: 7 }, 'id_token_invalid'],
  'an empty sub': [{ sub: '' }, 'id_token_invalid'],
  'an iss in another case': [{ iss: 'HTTP://LOCALHOST' }, 'issuer_mismatch']
}

for (const [name, [change, reason]] of Object.entries(wrongClaims)) {
  t.test(/-client-test-/.test(name) ? name : `an id_token with ${name} is rejected`, async (t) => {
    await assertRejected(t, await attempt(t, { idToken: (claims) => JSON.parse(JSON.stringify({ ...claims, ...change })) as Record<string, unknown> }), { reason })
  })
}

/** Answers that are unusual, and right. */
const unusual: Readonly<Record<string, RogueHooks>> = {
  'fapi2-security-profile-final-client-test-valid-aud-as-array': { idToken: (claims) => ({ ...claims, aud: ['doorward'] }) },
  'fapi2-security-profile-final-client-test-token-type-case-insensitivity': { token: (answer) => ({ ...answer, token_type: 'bEARER' }) },
  'fapi2-security-profile-final-client-test-token-endpoint-response-without-expires_in': { token: ({ expires_in: _, ...answer }) => answer },
  // Errata 2 of OpenID Connect Core leaves azp to extensions; Google names the app on the phone there.
  'another azp beside our audience': { idToken: (claims) => ({ ...claims, azp: 'the-app-on-the-phone' }) },
  'two audiences and us as azp': { idToken: (claims) => ({ ...claims, aud: ['doorward', 'other'], azp: 'doorward' }) },
  'a clock that is 20 seconds ahead': { idToken: (claims) => ({ ...claims, iat: now() + 20, nbf: now() + 20 }) },
  'a clock that is 20 seconds behind': { idToken: (claims) => ({ ...claims, iat: now() - 320, exp: now() - 20 }) },
  'an id_token without userinfo’s claims': { idToken: ({ iss, aud, sub, iat, exp, nonce }) => ({ iss, aud, sub, iat, exp, nonce }) },
  'no iss in the response where none is announced': {
    discovery: ({ authorization_response_iss_parameter_supported: _, ...document }) => document,
    authorize: ({ code = '', state = '' }) => ({ code, state })
  },
  'a decoy of the same key id and another kind': { jwks: ({ keys }) => ({ keys: [{ ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }), kid: keys[0]?.kid, use: 'sig' } as JWK, { ...keys[0], use: 'enc' }, ...keys] }) }
}

for (const [name, hooks] of Object.entries(unusual)) {
  t.test(/-client-test-/.test(name) ? name : `${name}: accepted`, async (t) => {
    await assertAccepted(t, await attempt(t, hooks))
  })
}

t.test('of two keys of the same id and kind neither is guessed to be the one', async (t) => {
  await assertRejected(t, await attempt(t, { jwks: async ({ keys }) => ({ keys: [{ ...await otherRsaKey(), kid: keys[0]?.kid ?? '' }, ...keys] }) }), { reason: 'id_token_invalid' })
})

/** The redirect back, and the reason; the token endpoint must not be asked. */
const wrongResponses: Readonly<Record<string, readonly [authorize: NonNullable<RogueHooks['authorize']>, reason: string, status?: number]>> = {
  'fapi2-security-profile-final-client-test-invalid-authorization-response-iss': [(parameters) => ({ ...parameters, iss: 'https://evil.example' }), 'issuer_mismatch'],
  'fapi2-security-profile-final-client-test-remove-authorization-response-iss': [({ iss: _, ...parameters }) => parameters, 'issuer_mismatch'],
  'an iss that differs by a slash': [(parameters) => ({ ...parameters, iss: `${parameters['iss']}/` }), 'issuer_mismatch'],
  'a wrong iss on an error': [({ state = '' }) => ({ state, iss: 'https://evil.example', error: 'access_denied' }), 'issuer_mismatch'],
  'no iss on an error': [({ state = '' }) => ({ state, error: 'access_denied' }), 'issuer_mismatch'],
  'an error': [({ state = '', iss = '' }) => ({ state, iss, error: 'access_denied' }), 'idp_error', 403],
  'an error that passes': [({ state = '', iss = '' }) => ({ state, iss, error: 'temporarily_unavailable' }), 'idp_error', 503],
  'an error and a code': [(parameters) => ({ ...parameters, error: 'login_required' }), 'idp_error', 403],
  'no code': [({ code: _, ...parameters }) => parameters, 'token_exchange_failed'],
  'an id_token where none belongs': [(parameters) => ({ ...parameters, id_token: 'a.b.c' }), 'state_invalid'],
  'a JARM response that was not asked for': [(parameters) => ({ ...parameters, response: 'a.b.c' }), 'state_invalid']
}

for (const [name, [authorize, reason, status = 502]] of Object.entries(wrongResponses)) {
  t.test(/-client-test-/.test(name) ? name : `a response with ${name} is rejected`, async (t) => {
    await assertRejected(t, await attempt(t, { authorize }), { reason, status, neverAsked: 'token' })
  })
}

/** Userinfo's answer, and the reason. */
const wrongUserinfo: Readonly<Record<string, readonly [userinfo: NonNullable<RogueHooks['userinfo']>, reason: string]>> = {
  'a list': [(claims) => [claims], 'no_userinfo'],
  'a list of nothing': [() => [], 'no_userinfo'],
  null: [() => raw({ headers: { 'content-type': 'application/json' }, body: 'null' }), 'no_userinfo'],
  text: [() => 'sub', 'no_userinfo'],
  'without sub': [({ sub: _, ...claims }) => claims, 'no_userinfo'],
  'with a sub that is no text': [(claims) => ({ ...claims, sub: ['rogue-1'] }), 'no_userinfo'],
  'a web page': [() => raw({ headers: { 'content-type': 'text/html' }, body: '<p>Sign in</p>' }), 'no_userinfo'],
  'a token that nobody signed': [() => raw({ headers: { 'content-type': 'application/jwt' }, body: `${base64url.encode('{"alg":"none"}')}.${base64url.encode('{"sub":"rogue-1"}')}.` }), 'no_userinfo']
}

for (const [name, [userinfo, reason]] of Object.entries(wrongUserinfo)) {
  t.test(`userinfo that is ${name} ends the sign-in`, async (t) => {
    await assertRejected(t, await attempt(t, { userinfo }), { reason, neverAsked: 'other' })
  })
}

t.test('userinfo can’t change whom the id_token is about', async (t) => {
  const result = await attempt(t, { userinfo: (claims) => ({ ...claims, iss: 'https://evil.example', aud: 'other', groups: ['ops'] }) })
  await assertAccepted(t, result)
  t.equal(result.upstream.requests[0]?.headers['x-auth-groups'], 'ops')
})
