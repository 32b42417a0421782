/** id_tokens, userinfo and logout tokens that the provider signs and encrypts for the client (RFC 7516, OpenID Connect Core sections 10.2 and 5.3.2). */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { CompactEncrypt, type JSONWebKeySet } from 'jose'
import t, { test } from 'tap'
import { startJourney } from '../flows/journey.ts'
import { Browser } from '../support/browser.ts'
import { client, startProvider } from '../support/provider.ts'
import { logoutClaims, logoutToken, postLogout } from '../support/logout-tokens.ts'
import { startRogueGateway } from '../support/rogue-gateway.ts'
import { raw, unsigned, withBrokenSignature } from '../support/rogue-provider.ts'

const encryptionAlgorithms = ['RSA-OAEP', 'RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A128KW']
const provider = await startProvider(t, { protocol: { enabledJWA: { idTokenEncryptionAlgValues: encryptionAlgorithms, userinfoEncryptionAlgValues: encryptionAlgorithms }, features: { encryption: { enabled: true }, jwtUserinfo: { enabled: true } } } })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const other = generateKeyPairSync('rsa', { modulusLength: 2048 })

function pem (key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

async function encrypted (token: string, alg: string, key: KeyObject | Uint8Array, more: { enc?: string, kid?: string } = {}): Promise<string> {
  return await new CompactEncrypt(new TextEncoder().encode(token)).setProtectedHeader({ alg, enc: 'A256GCM', ...more }).encrypt(key)
}

test('an encrypted id_token and encrypted userinfo sign in, with a key that is published for it', async (t) => {
  for (const [{ privateKey }, alg, enc] of [[rsa, 'RSA-OAEP-256', 'A256GCM'], [rsa, 'RSA-OAEP', 'A128CBC-HS256'], [ec, 'ECDH-ES', 'A128GCM'], [ec, 'ECDH-ES+A128KW', 'A256CBC-HS512']] as const) {
    const journey = await startJourney(t, { provider, configuration: { provider: { decryptionKeys: [pem(privateKey), pem(other.privateKey)] } } })
    const jwks = (await new Browser().get(journey.url('/oidc/client-jwks'))).json() as JSONWebKeySet
    t.match(jwks.keys, [{ kty: alg.startsWith('RSA') ? 'RSA' : 'EC', use: 'enc', kid: /^[\w-]{43}$/ }])
    t.equal(jwks.keys.length, 1, 'for the others nothing new is to be encrypted')
    t.equal(jwks.keys[0]?.['d'], undefined)
    await provider.register(client(journey.gateway.origin, {
      jwks,
      id_token_encrypted_response_alg: alg,
      id_token_encrypted_response_enc: enc,
      userinfo_signed_response_alg: 'RS256',
      userinfo_encrypted_response_alg: alg,
      userinfo_encrypted_response_enc: enc
    }))
    const page = await journey.browser.signIn(journey.url('/x'), 'bob')
    t.strictSame([page.status, page.url.href], [200, journey.url('/x')], `${alg} ${enc}`)
  }
})

test('an earlier key still decrypts, by its name or without one', async (t) => {
  const configuration = { provider: { decryptionKeys: [pem(ec.privateKey), JSON.stringify({ ...other.privateKey.export({ format: 'jwk' }), kid: 'old' }), pem(rsa.privateKey)] } }
  for (const [key, more] of [[other.publicKey, { kid: 'old' }], [rsa.publicKey, {}]] as const) {
    const { gateway, browser } = await startRogueGateway(t, { configuration, rogue: { idToken: async (claims, header, keys) => await encrypted(await keys.sign(claims, header), 'RSA-OAEP', key, more) } })
    t.equal((await browser.open(`${gateway.origin}/x`)).status, 200)
  }
})

test('what was not encrypted for us, or not well, signs nobody in', async (t) => {
  const secret = new Uint8Array(32).fill(7)
  const cases: Readonly<Record<string, (token: string) => Promise<string>>> = {
    'for another key': (token) => encrypted(token, 'RSA-OAEP-256', other.publicKey),
    'with a key of a name that nobody knows': (token) => encrypted(token, 'RSA-OAEP-256', rsa.publicKey, { kid: 'unknown' }),
    'with a shared secret': (token) => encrypted(token, 'dir', secret),
    'with a wrapped secret': (token) => encrypted(token, 'A256KW', secret),
    'with one bit turned': async (token) => (await encrypted(token, 'RSA-OAEP-256', rsa.publicKey)).replace(/\.(.)([^.]*)$/, (_, first: string, rest: string) => `.${first === 'A' ? 'B' : 'A'}${rest}`),
    'around a token with a broken signature': (token) => encrypted(token.slice(0, -8) + 'AAAAAAAA', 'RSA-OAEP-256', rsa.publicKey),
    'around something that is no token': () => encrypted('{"sub":"rogue-1"}', 'RSA-OAEP-256', rsa.publicKey),
    'with a header that is none': async () => 'AAAA.AAAA.AAAA.AAAA.AAAA'
  }
  for (const [name, encrypt] of Object.entries(cases)) {
    const tokens: string[] = []
    const { gateway, rogue, browser } = await startRogueGateway(t, {
      configuration: { provider: { decryptionKeys: [pem(rsa.privateKey)] } },
      rogue: { idToken: async (claims, header, keys) => tokens[tokens.push(await encrypt(await keys.sign(claims, header))) - 1] ?? '' }
    })
    t.equal((await browser.open(`${gateway.origin}/x`)).status, 502, name)
    t.equal(rogue.calls('userinfo').length, 0, name)
    t.match(gateway.audit, [{ event: 'login', outcome: 'failure' }], name)
    t.notOk([...gateway.logs, ...gateway.auditLines].some((line) => line.includes(tokens[0] ?? '-')), 'the token is not logged')
  }
})

test('an encrypted logout token ends the session, unless it is for another key or nobody has signed it', async (t) => {
  const configuration = { provider: { decryptionKeys: [pem(rsa.privateKey)] } }
  const { gateway, rogue, browser } = await startRogueGateway(t, { configuration, rogue: { claims: { sid: 'provider-session' }, idToken: async (claims, header, keys) => await encrypted(await keys.sign(claims, header), 'RSA-OAEP', rsa.publicKey) } })
  t.equal((await browser.open(`${gateway.origin}/x`)).status, 200)
  const post = async (token: string) => (await postLogout(gateway.origin, token)).status
  t.equal(await post(await encrypted(await logoutToken(rogue), 'RSA-OAEP', other.publicKey)), 400)
  t.equal(await post(await encrypted(unsigned(logoutClaims(rogue)), 'RSA-OAEP', rsa.publicKey)), 400)
  t.equal(await post(await encrypted(withBrokenSignature(await logoutToken(rogue)), 'RSA-OAEP', rsa.publicKey)), 400)
  t.strictSame([...gateway.logs.join('').matchAll(/"type":"TokenRejected","message":"(\w+)"/g)].map(([, cause]) => cause), ['encrypted', 'algorithm', 'signature'])
  t.equal((await browser.get(`${gateway.origin}/x`)).status, 200)
  t.equal(await post(await encrypted(await logoutToken(rogue), 'RSA-OAEP', rsa.publicKey)), 200)
  t.equal((await browser.get(`${gateway.origin}/x`)).status, 302)

  const without = await startRogueGateway(t)
  t.equal((await postLogout(without.gateway.origin, await encrypted(await logoutToken(without.rogue), 'RSA-OAEP', rsa.publicKey))).status, 400)
})

test('without keys an encrypted token is refused, and the log says what is missing', async (t) => {
  const { gateway, browser } = await startRogueGateway(t, { rogue: { idToken: async (claims, header, keys) => await encrypted(await keys.sign(claims, header), 'RSA-OAEP', rsa.publicKey) } })
  t.equal((await browser.open(`${gateway.origin}/x`)).status, 502)
  t.match(gateway.audit, [{ reason: 'id_token_invalid' }])
  t.match(gateway.logs.join(''), /provider\.decryptionKeys are not configured/)
})

test('a compressed token is refused before it is inflated', async (t) => {
  const rogueToken = async (token: string) => await new CompactEncrypt(new TextEncoder().encode(token + ' '.repeat(100_000))).setProtectedHeader({ alg: 'RSA-OAEP', enc: 'A256GCM', zip: 'DEF' }).encrypt(rsa.publicKey)
  const { gateway, browser } = await startRogueGateway(t, { configuration: { provider: { decryptionKeys: [pem(rsa.privateKey)] } }, rogue: { idToken: async (claims, header, keys) => await rogueToken(await keys.sign(claims, header)) } })
  t.equal((await browser.open(`${gateway.origin}/x`)).status, 502)
  t.match(gateway.audit, [{ reason: 'id_token_invalid' }])
})

test('oidcc-client-test-userinfo-signed: signed userinfo counts where signature, issuer, audience and subject are right', async (t) => {
  const cases = [
    [{}, 200, undefined],
    [{ iss: 'https://other.example' }, 502, 'userinfo_invalid'],
    [{ aud: 'another client' }, 502, 'userinfo_invalid'],
    [{ sub: 'somebody else' }, 502, 'userinfo_invalid'],
    [{ exp: 1 }, 502, 'no_userinfo']
  ] as const
  for (const [wrong, status, reason] of cases) {
    const setup = await startRogueGateway(t, { rogue: { userinfo: async (claims) => raw({ headers: { 'content-type': 'application/jwt' }, body: await setup.rogue.keys.sign({ iss: setup.rogue.issuer, aud: 'doorward', ...claims, name: 'Signed', ...wrong }, setup.rogue.keys.header) }) } })
    const page = await setup.browser.open(`${setup.gateway.origin}/x`)
    t.equal(page.status, status, JSON.stringify(wrong))
    t.match(setup.gateway.audit, [{ event: 'login', ...(reason !== undefined && { reason }) }])
    if (status === 200) t.equal(setup.upstream.requests[0]?.headers['x-auth-name'], 'Signed')
  }
})
