import { calculateJwkThumbprint, createLocalJWKSet, type JSONWebKeySet, jwtVerify, type JWTVerifyResult } from 'jose'
import t, { type Test } from 'tap'
import { type AssertionAlgorithm, createAssertions } from '../../src/assertion/index.ts'
import { Browser } from '../support/browser.ts'
import { generate, pem } from './key-pairs.ts'
import { type RogueGateway, type RogueGatewayOptions, signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'

const algorithms = ['ES256', 'EdDSA', 'RS256', 'PS256'] as const

interface Application extends RogueGateway {
  /** The assertion that the application receives for this Cookie header. */
  assertion (cookie: string, path?: string): Promise<string>
  keys (): Promise<JSONWebKeySet>
  /** As the application should: signature, issuer, audience, type, algorithm, times. Rejects otherwise. */
  verify (token: string, algorithm: AssertionAlgorithm): Promise<JWTVerifyResult>
}

async function start (t: Test, assertion: Readonly<Record<string, unknown>> = {}, options: RogueGatewayOptions = {}): Promise<Application> {
  const setup = await startRogueGateway(t, { ...options, configuration: { ...options.configuration, assertion } })
  const { gateway, upstream } = setup
  const keys = async (): Promise<JSONWebKeySet> => (await new Browser().get(`${gateway.origin}/oidc/jwks`)).json() as JSONWebKeySet
  return {
    ...setup,
    keys,
    async assertion (cookie, path = '/') {
      await new Browser().get(`${gateway.origin}${path}`, { headers: { cookie } })
      return String(upstream.requests.at(-1)?.headers['x-auth-assertion'])
    },
    async verify (token, algorithm) {
      return await jwtVerify(token, createLocalJWKSet(await keys()), { issuer: gateway.origin, audience: upstream.url, typ: 'doorward+jwt', algorithms: [algorithm], currentDate: new Date(options.now?.() ?? Date.now()) })
    }
  }
}

for (const algorithm of algorithms) {
  t.test(`an application verifies ${algorithm} with the published key, configured or made at the start`, async (t) => {
    const { privateKey } = generate[algorithm]()
    for (const key of [pem(privateKey), JSON.stringify(privateKey.export({ format: 'jwk' })), undefined]) {
      const { assertion, verify, keys, gateway } = await start(t, { algorithm, ...(key !== undefined && { key }) })
      const token = await assertion(await signedInCookie(gateway))
      const { protectedHeader, payload } = await verify(token, algorithm)
      const [jwk, ...others] = (await keys()).keys
      t.strictSame(others, [])
      t.strictSame(protectedHeader, { alg: algorithm, kid: await calculateJwkThumbprint(jwk ?? {}), typ: 'doorward+jwt' }, 'the key is named by its thumbprint (RFC 7638)')
      t.match(jwk, { kid: protectedHeader.kid, alg: algorithm, use: 'sig' })
      t.strictSame(Object.keys(jwk ?? {}).filter((member) => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].includes(member)), [], 'nothing private is published')
      t.equal(payload.sub, 'rogue-1')
    }
  })
}

t.test('the assertion says who, and for whom', async (t) => {
  const authTime = Math.floor(Date.now() / 1000) - 60
  const clock = { now: Date.now() }
  const { assertion, verify, gateway, upstream } = await start(t, {}, {
    now: () => clock.now,
    rogue: {
      claims: { sub: 'rogue-1', preferred_username: 'robin', email: 'robin@example.com', name: 'Robin Rogue', given_name: 'Robin', family_name: 'Rogue', groups: ['ops', 'data'] },
      idToken: (claims) => ({ ...claims, auth_time: authTime, acr: 'gold', amr: ['pwd', 'otp'], sid: 'provider-session' })
    },
    configuration: { roles: { default: ['user'], mapping: { OPS: { roles: ['host'], attributes: { api_roles: ['all'], global_admin: true }, organizations: { 'org-1': ['member'] }, projects: { 'p-1': ['read-only'] } } } } }
  })
  const token = await assertion(await signedInCookie(gateway))
  const { payload } = await verify(token, 'ES256')
  const seconds = Math.floor(clock.now / 1000)
  const { session } = gateway.audit[0] ?? {}
  t.strictSame(payload, {
    sub: 'rogue-1',
    user: 'robin',
    email: 'robin@example.com',
    name: 'Robin Rogue',
    given_name: 'Robin',
    family_name: 'Rogue',
    groups: ['ops', 'data'],
    roles: ['user', 'host'],
    organizations: { 'org-1': ['member'] },
    projects: { 'p-1': ['read-only'] },
    attributes: { api_roles: ['all'], global_admin: true },
    provider: 'default',
    sid: session,
    auth_time: authTime,
    acr: 'gold',
    amr: ['pwd', 'otp'],
    iss: gateway.origin,
    aud: upstream.url,
    iat: seconds,
    nbf: seconds,
    exp: seconds + 300
  })
})

t.test('what is not known of somebody is not in it', async (t) => {
  const { assertion, verify, gateway } = await start(t, {}, { rogue: { claims: { sub: 'rogue-1' } } })
  const { payload } = await verify(await assertion(await signedInCookie(gateway)), 'ES256')
  t.strictSame(Object.keys(payload).sort(), ['attributes', 'aud', 'exp', 'groups', 'iat', 'iss', 'nbf', 'organizations', 'projects', 'provider', 'roles', 'sid', 'sub', 'user'])
})

t.test('the audience may be configured', async (t) => {
  const { assertion, keys, gateway } = await start(t, {}, { configuration: { upstream: { audience: 'urn:app' } } })
  const token = await assertion(await signedInCookie(gateway))
  t.equal((await jwtVerify(token, createLocalJWKSet(await keys()))).payload.aud, 'urn:app')
})

t.test('an assertion is used again until half its life is over, and is never old', async (t) => {
  const clock = { now: 1_800_000_000_000 }
  const now = () => clock.now
  const { assertion, verify, gateway, rogue } = await start(t, { lifetime: '2m' }, { now, rogue: { idToken: (claims) => ({ ...claims, exp: 1_900_000_000 }) } })
  t.equal(rogue.calls('token').length, 0)
  const cookie = await signedInCookie(gateway)
  const first = await assertion(cookie)
  clock.now += 59_999
  t.equal(await assertion(cookie, '/other'), first, 'just before half of it')
  clock.now += 1
  const second = await assertion(cookie)
  t.not(second, first, 'at half of it')
  const { payload } = await verify(second, 'ES256')
  t.strictSame([payload.iat, payload.exp], [1_800_000_060, 1_800_000_180])
  await t.resolves(verify(first, 'ES256'), 'the first is still valid')
  const [one, ...others] = await Promise.all(Array.from({ length: 5 }, async () => await assertion(cookie)))
  t.ok(others.every((other) => other === one))
})

t.test('every session and every holder has an assertion of its own', async (t) => {
  const { assertion, verify, gateway } = await start(t)
  const tokens = [await assertion(await signedInCookie(gateway)), await assertion(await signedInCookie(gateway))]
  const [one, other] = await Promise.all(tokens.map(async (token) => (await verify(token, 'ES256')).payload))
  t.equal(one?.sub, other?.sub)
  t.not(one?.['sid'], other?.['sid'])

  const assertions = await createAssertions({ issuer: 'i', algorithm: 'EdDSA', key: pem(generate.EdDSA().privateKey), previousKeys: [], lifetimeMilliseconds: 60_000 }, () => 0)
  const [alice, bob] = [{}, {}]
  const nothing = () => ({})
  const signed = await assertions.about(alice, 'a', nothing)
  t.equal(await assertions.about(alice, 'a', () => { throw new Error('signed again') }), signed)
  t.not(await assertions.about(alice, 'b', nothing), signed, 'one for each audience')
  t.not(assertions.about(bob, 'a', nothing), signed, 'one for each holder')
})

t.test('keys can be changed without an application noticing', async (t) => {
  const [earlier, current, rsa] = [generate.ES256(), generate.ES256(), generate.RS256()]
  const before = await start(t, { key: pem(earlier.privateKey) })
  const token = await before.assertion(await signedInCookie(before.gateway))
  const forms = [pem(earlier.privateKey), earlier.publicKey.export({ format: 'pem', type: 'spki' }) as string, JSON.stringify(earlier.publicKey.export({ format: 'jwk' }))]
  for (const previous of forms) {
    const after = await start(t, { key: pem(current.privateKey), previousKeys: [previous, pem(rsa.privateKey), pem(current.privateKey)] })
    const { keys } = await after.keys()
    t.strictSame(keys.map(({ kty, alg }) => `${kty} ${alg}`), ['EC ES256', 'EC ES256', 'RSA RS256'], 'each once, the one that signs first')
    t.notOk(keys.some((jwk) => 'd' in jwk))
    await t.resolves(jwtVerify(token, createLocalJWKSet({ keys })), 'the earlier key still verifies')
    const fresh = await after.assertion(await signedInCookie(after.gateway))
    t.equal((await after.verify(fresh, 'ES256')).protectedHeader.kid, keys[0]?.kid, 'and never signs')
  }
})

t.test('the assertion is for the application: Doorward takes it for nothing', async (t) => {
  const { assertion, gateway, upstream } = await start(t)
  const token = await assertion(await signedInCookie(gateway))
  const seen = upstream.requests.length
  const ways = [{ cookie: `doorward=${token}` }, { authorization: `Bearer ${token}` }, { 'x-auth-assertion': token }, { cookie: `doorward-login-x=${token}` }]
  for (const headers of ways) {
    t.equal((await new Browser().get(`${gateway.origin}/`, { headers, program: true })).status, 401, Object.keys(headers).join())
    t.equal((await new Browser().get(`${gateway.origin}/oidc/session`, { headers, program: true })).status, 401)
  }
  t.equal((await new Browser().get(`${gateway.origin}/oidc/callback?state=${token}&code=x`)).status, 302, 'nor for a state')
  t.equal(upstream.requests.length, seen)
})

t.test('who is signed in is vouched for on an anonymous page too; who is not, is not', async (t) => {
  const { assertion, verify, gateway, upstream } = await start(t, {}, { configuration: { access: { default: 'anonymous' } } })
  await t.resolves(verify(await assertion(await signedInCookie(gateway)), 'ES256'))
  await new Browser().get(`${gateway.origin}/`)
  t.notOk('x-auth-assertion' in (upstream.requests.at(-1)?.headers ?? {}))
})
