/** Tokens that must open nothing: each differs from a good one in what its name says (RFC 8725, RFC 9068 section 4). */
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { base64url, CompactEncrypt, decodeJwt, importJWK, type JWK } from 'jose'
import t, { type Test } from 'tap'
import { exchange, parseMessage, requestText, statusOf, valuesOf } from '../support/raw-socket.ts'
import { type RogueGateway, type RogueGatewayOptions, signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'
import { type Body, type Claims } from '../support/rogue-hooks.ts'
import { otherRsaKey, raw, type RogueProvider, unsigned, withBrokenSignature } from '../support/rogue-provider.ts'

const audience = 'https://api.example.com'
const now = (): number => Math.floor(Date.now() / 1000)
const invalidToken = 'Bearer realm="doorward", error="invalid_token", error_description="The token is malformed, expired, revoked or not meant for this site"'

type Lines = ReadonlyArray<readonly [name: string, value: string]>

interface Attacked extends RogueGateway {
  /** Sends header lines to the bearer rule, over a raw socket. */
  send (...lines: Lines): Promise<{ status: number, challenge: string[], body: string }>
  /** Status of a request with this token, and the cause in the audit trail where it was rejected. */
  outcome (token: string): Promise<readonly [status: number, cause?: unknown]>
  good (change?: Claims): Claims
}

async function start (t: Test, bearer: Readonly<Record<string, unknown>> = {}, options: RogueGatewayOptions = {}): Promise<Attacked> {
  const setup = await startRogueGateway(t, { ...options, configuration: { provider: { bearer: { audiences: [audience], ...bearer } }, access: { rules: [{ path: '/api/**', bearer: true }] } } })
  const { gateway, rogue } = setup
  async function send (...lines: Lines) {
    const answer = await exchange(gateway.port, requestText('GET', '/api/x', lines))
    const message = parseMessage(answer)
    return { status: statusOf(answer), challenge: valuesOf(message, 'www-authenticate'), body: message.body }
  }
  return {
    ...setup,
    send,
    async outcome (token) {
      const before = gateway.audit.length
      const { status, challenge, body } = await send(['Authorization', `Bearer ${token}`], ['Accept', 'text/html'])
      if (status === 200) return [status]
      t.strictSame(status === 401 ? challenge : [invalidToken], [invalidToken])
      t.notMatch(body, /<html|iss|aud|kid|key/, 'the answer is no page and tells nothing')
      const [event] = gateway.audit.slice(before)
      return [status, (event?.['metadata'] as { cause?: unknown } | undefined)?.cause]
    },
    good: (change) => JSON.parse(JSON.stringify({ iss: rogue.issuer, aud: audience, sub: 'rogue-1', preferred_username: 'robin', iat: now(), exp: now() + 300, ...change })) as Claims
  }
}

const attacked = await start(t)
const { rogue, gateway, upstream, outcome, good } = attacked
const header = () => ({ ...rogue.keys.header, typ: 'at+jwt' })
const signed = async (change: Claims = {}, headerChange: Claims = {}): Promise<string> => await rogue.keys.sign(good(change), { ...header(), ...headerChange })
const part = (value: unknown): string => base64url.encode(JSON.stringify(value))

t.test('the good token opens, so that what follows proves something', async (t) => {
  for (const typ of ['at+jwt', 'application/at+jwt', 'AT+JWT', 'JWT', undefined]) t.strictSame(await outcome(await signed({}, { typ })), [200], String(typ))
  t.strictSame(await outcome(await signed({ aud: ['other', audience] })), [200], 'one of several audiences')
  t.strictSame(await outcome(await signed({ exp: now() - 20, nbf: now() + 20, iat: now() + 20 })), [200], 'clocks that differ a little')
  t.strictSame(await outcome(await signed({ exp: now() + 300.5 })), [200], 'a fraction of a second (RFC 7519 section 2)')
  t.strictSame(await outcome(await signed({ typ: 'Bearer', nonce: 'n' }, { typ: 'JWT' })), [200], 'as old versions of Keycloak send it')
})

/** Claims changed under an honest signature, and the cause. */
const wrongClaims: Readonly<Record<string, readonly [change: Claims, cause: string]>> = {
  'another audience (GHSA-wcvh-g65p-v576)': [{ aud: 'https://other.example.com' }, 'audience'],
  'an audience that begins like ours': [{ aud: `${audience}.evil.example` }, 'audience'],
  'an audience in another case': [{ aud: 'HTTPS://API.EXAMPLE.COM' }, 'audience'],
  'no audience': [{ aud: undefined }, 'audience'],
  'an empty list of audiences': [{ aud: [] }, 'audience'],
  'an audience that is no text': [{ aud: [audience, { }] }, 'audience'],
  'the client id for audience': [{ aud: 'doorward' }, 'audience'],
  'another issuer': [{ iss: 'https://evil.example' }, 'issuer'],
  'an issuer that differs by a slash': [{ iss: `${rogue.issuer}/` }, 'issuer'],
  'a list of issuers': [{ iss: [rogue.issuer] }, 'issuer'],
  'no issuer': [{ iss: undefined }, 'issuer'],
  'no exp': [{ exp: undefined }, 'claims'],
  'exp 1e300': [{ exp: 1e300 }, 'claims'],
  'an exp just after the year 9999': [{ exp: 253_402_300_800 }, 'claims'],
  'an exp in milliseconds': [{ exp: Date.now() + 300_000_000_000_000 }, 'claims'],
  'exp null': [{ exp: null }, 'claims'],
  'exp as text': [{ exp: '9999999999' }, 'claims'],
  'a negative exp': [{ exp: -1 }, 'claims'],
  'an exp in the past': [{ exp: now() - 31 }, 'expired'],
  'nbf in the future': [{ nbf: now() + 60 }, 'not_yet_valid'],
  'nbf as text': [{ nbf: '0' }, 'claims'],
  'iat in the future': [{ iat: now() + 60 }, 'not_yet_valid'],
  'iat 1e300': [{ iat: 1e300 }, 'claims'],
  'no sub': [{ sub: undefined }, 'claims'],
  'an empty sub': [{ sub: '' }, 'claims'],
  'a sub that is no text': [{ sub: { toString: 'admin' } }, 'claims'],
  'a key that a DPoP proof must show (RFC 9449)': [{ cnf: { jkt: 'x' } }, 'sender_constrained'],
  'a certificate that TLS must show (RFC 8705)': [{ cnf: { 'x5t#S256': 'x' } }, 'sender_constrained'],
  'a binding that nobody knows': [{ cnf: null }, 'sender_constrained'],
  'the events of a logout token': [{ events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }, 'kind'],
  'the typ of Keycloak’s id_token': [{ typ: 'ID' }, 'kind'],
  'the typ of Keycloak’s refresh token': [{ typ: 'Refresh' }, 'kind'],
  'the token_use of Cognito’s id_token': [{ token_use: 'id' }, 'kind']
}

for (const [name, [change, cause]] of Object.entries(wrongClaims)) {
  t.test(`a token with ${name} is refused`, async (t) => {
    t.strictSame(await outcome(await signed(change)), [401, cause])
  })
}

const hostile = generateKeyPairSync('rsa', { modulusLength: 2048 })
const hostileJwk = hostile.publicKey.export({ format: 'jwk' }) as JWK

async function byStranger (headerChange: Claims): Promise<string> {
  const key = await importJWK(hostile.privateKey.export({ format: 'jwk' }) as JWK, 'RS256')
  return await rogue.keys.sign(good(), { ...header(), ...headerChange }, key as never)
}

async function encrypted (): Promise<string> {
  const content = new TextEncoder().encode(await signed())
  return await new CompactEncrypt(content).setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A128GCM', cty: 'JWT' }).encrypt(hostile.publicKey)
}

/** Tokens, and the cause. */
const forgeries: Readonly<Record<string, readonly [forge: () => string | Promise<string>, cause: string]>> = {
  'alg none': [() => unsigned(good()), 'algorithm'],
  'alg none in another case': [() => `${part({ alg: 'NonE', typ: 'at+jwt' })}.${part(good())}.`, 'algorithm'],
  'HS256 with the public key for a secret': [() => {
    const text = `${part({ alg: 'HS256', typ: 'at+jwt', kid: rogue.keys.publicKey.kid })}.${part(good())}`
    return `${text}.${createHmac('sha256', JSON.stringify(rogue.keys.publicKey)).update(text).digest('base64url')}`
  }, 'algorithm'],
  'no alg': [async () => (await signed()).replace(/^[^.]+/, part({ typ: 'at+jwt' })), 'inactive'],
  'no signature': [async () => (await signed()).replace(/[^.]+$/, ''), 'signature'],
  'a broken signature': [async () => withBrokenSignature(await signed()), 'signature'],
  'other claims under an honest signature': [async () => (await signed()).replace(/\..+\./, `.${part(good({ sub: 'admin' }))}.`), 'signature'],
  'somebody else’s key under our key id': [() => byStranger({}), 'signature'],
  'a key that it brings along': [() => byStranger({ kid: 'mine', jwk: hostileJwk }), 'key_unknown'],
  'a key that it points to': [() => byStranger({ kid: 'mine', jku: 'http://evil.example/jwks', x5u: 'http://evil.example/cert' }), 'key_unknown'],
  'a critical extension': [async () => (await signed()).replace(/^[^.]+/, part({ ...header(), crit: ['b64'], b64: false })), 'critical'],
  'an empty list of critical extensions': [async () => (await signed()).replace(/^[^.]+/, part({ ...header(), crit: [] })), 'critical'],
  'the type of a logout token': [() => signed({}, { typ: 'logout+jwt' }), 'kind'],
  'the type of our assertion': [() => signed({}, { typ: 'doorward+jwt' }), 'kind'],
  'the type of a DPoP proof': [() => signed({}, { typ: 'dpop+jwt' }), 'kind'],
  'a type that is no text': [() => signed({}, { typ: 1 as never }), 'kind'],
  'the nonce of an id_token': [() => signed({ nonce: 'n' }, { typ: 'JWT' }), 'kind'],
  'the at_hash of an id_token': [() => signed({ at_hash: 'h' }, { typ: undefined }), 'kind'],
  'encryption around it': [encrypted, 'encrypted'],
  'encryption with a password, ten million rounds of it (PBES2)': [() => [part({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 10_000_000, p2s: 'c2FsdA' }), 'a', 'a', 'a', 'a'].join('.'), 'encrypted'],
  'claims that are a list': [async () => (await signed()).replace(/\..+\./, `.${part([])}.`), 'malformed'],
  'claims that are garbage': [async () => (await signed()).replace(/\..+\./, '.e30x.'), 'malformed'],
  'a header that is garbage': [async () => (await signed()).replace(/^[^.]+/, 'e30x'), 'inactive'],
  'more than it may be long': [() => signed({ filler: 'x'.repeat(16 * 1024) }), 'too_large']
}

for (const [name, [forge, cause]] of Object.entries(forgeries)) {
  t.test(`a token with ${name} is refused`, async (t) => {
    t.strictSame(await outcome(await forge()), [401, cause])
  })
}

t.test('an id_token and our own assertion are no access tokens, even where the client id is an audience', async (t) => {
  let idToken = ''
  const { outcome, gateway, upstream, good, rogue } = await start(t, { audiences: ['doorward', 'http://localhost'] }, { rogue: { idToken: async (claims, header, keys) => { idToken = await keys.sign(claims, header); return idToken } } })
  const cookie = await signedInCookie(gateway)
  await exchange(gateway.port, requestText('GET', '/x', [['Cookie', cookie]]))
  const { nonce: _, ...claims } = decodeJwt(idToken)
  t.strictSame(await outcome(idToken), [401, 'kind'], 'by its nonce')
  t.strictSame(await outcome(await rogue.keys.sign(claims, rogue.keys.header)), [401, 'kind'], 'without one, by its audience')
  t.strictSame(await outcome(await rogue.keys.sign({ ...good({ aud: 'doorward' }), scp: 'read' }, rogue.keys.header)), [200], 'an access token of Entra ID for the client itself says what it allows')
  t.strictSame(await outcome(String(upstream.requests[0]?.headers['x-auth-assertion'])), [401, 'kind'])
})

t.test('a thousand tokens with made-up key ids are few requests for keys, and lock nobody out', async (t) => {
  const { outcome, rogue, good, gateway } = await start(t)
  const flood = await Promise.all(Array.from({ length: 1000 }, async (_, index) => await rogue.keys.sign(good(), { ...header(), kid: `made-up-${index}` })))
  for (let from = 0; from < flood.length; from += 50) await Promise.all(flood.slice(from, from + 50).map(async (token) => await exchange(gateway.port, requestText('GET', '/api/x', [['Authorization', `Bearer ${token}`]]))))
  t.equal(gateway.audit.length, 1000)
  t.ok(gateway.audit.every(({ metadata }) => (metadata as { cause: string }).cause === 'key_unknown'))
  t.ok(rogue.calls('jwks').length <= 6, `${rogue.calls('jwks').length} requests`)
  t.strictSame(await outcome(await rogue.keys.sign(good(), header())), [200])
})

t.test('tokens of somebody else don’t even make Doorward look for keys', async (t) => {
  const { outcome, rogue, good } = await start(t)
  await outcome(await rogue.keys.sign(good({ iss: 'https://evil.example' }), { ...header(), kid: 'unknown' }))
  await outcome(await rogue.keys.sign(good({ aud: 'other' }), { ...header(), kid: 'unknown' }))
  t.equal(rogue.calls('jwks').length, 0)
})

t.test('a key that was rotated in a moment ago is found, by tokens and sign-ins in one store', async (t) => {
  const { outcome, rogue, good, gateway } = await start(t)
  await signedInCookie(gateway)
  t.strictSame(await outcome(await rogue.keys.sign(good(), rogue.keys.header)), [200])
  t.equal(rogue.calls('jwks').length, 1)
  await rogue.keys.rotate()
  t.strictSame(await outcome(await rogue.keys.sign(good(), rogue.keys.header)), [200])
  await signedInCookie(gateway)
  t.equal(rogue.calls('jwks').length, 2)
})

t.test('with several keys, one without a name is not guessed', async (t) => {
  const { outcome, rogue, good } = await start(t, {}, { rogue: { jwks: async ({ keys }) => ({ keys: [await otherRsaKey(), ...keys] }) } })
  t.strictSame(await outcome(await rogue.keys.sign(good(), { alg: 'RS256' })), [401, 'key_unknown'])
  t.strictSame(await outcome(await rogue.keys.sign(good(), header())), [200])
})

t.test('keys that can’t be had are an outage, not a yes', async (t) => {
  const { outcome, rogue, good } = await start(t, {}, { rogue: { jwks: () => raw({ status: 500 }) } })
  t.strictSame(await outcome(await rogue.keys.sign(good(), header())), [503, undefined])
})

/** What the provider says of an opaque token, and what comes of it. */
const introspections: Readonly<Record<string, readonly [answer: (rogue: RogueProvider) => Body, expected: readonly [number, unknown?]]>> = {
  'is good': [() => ({ active: true, aud: audience, sub: 'rogue-1' }), [200]],
  'is not active': [() => ({ active: false, aud: audience, sub: 'rogue-1' }), [401, 'inactive']],
  'is active as text': [() => ({ active: 'true', aud: audience, sub: 'rogue-1' }), [503, undefined]],
  'has no audience': [() => ({ active: true, sub: 'rogue-1', token_type: 'Bearer' }), [401, 'audience']],
  'is for somebody else': [() => ({ active: true, sub: 'rogue-1', aud: ['other'] }), [401, 'audience']],
  'is from somebody else': [() => ({ active: true, sub: 'rogue-1', aud: audience, iss: 'https://evil.example' }), [401, 'issuer']],
  'has run out': [() => ({ active: true, sub: 'rogue-1', aud: audience, exp: now() - 60 }), [401, 'expired']],
  'runs out at 1e300': [() => ({ active: true, sub: 'rogue-1', aud: audience, exp: 1e300 }), [401, 'claims']],
  'is a refresh token': [() => ({ active: true, sub: 'rogue-1', aud: audience, token_use: 'refresh_token' }), [401, 'kind']],
  'is bound to a key': [() => ({ active: true, sub: 'rogue-1', aud: audience, token_type: 'DPoP' }), [401, 'sender_constrained']],
  'is about nobody': [() => ({ active: true, aud: audience }), [401, 'claims']],
  'is a list': [() => [{ active: true }], [503, undefined]],
  'is a web page': [() => raw({ headers: { 'content-type': 'text/html' }, body: 'active' }), [503, undefined]],
  'is a JWT that nobody signed': [({ issuer }) => raw({ headers: { 'content-type': 'application/token-introspection+jwt' }, body: `${part({ alg: 'RS256', typ: 'token-introspection+jwt' })}.${part({ iss: issuer, aud: 'doorward', iat: now(), token_introspection: { active: true, aud: audience, sub: 'admin' } })}.AAAA` }), [503, undefined]],
  'is a failure': [() => raw({ status: 500 }), [503, undefined]],
  'is a refusal of our credentials': [() => raw({ status: 401, body: '{"error":"invalid_client"}' }), [503, undefined]],
  'is elsewhere': [() => raw({ status: 302, headers: { location: 'http://evil.example/' } }), [503, undefined]]
}

for (const [name, [answer, expected]] of Object.entries(introspections)) {
  t.test(`an opaque token of which the provider’s answer ${name}`, async (t) => {
    rogue.hooks.introspection = () => answer(rogue)
    t.strictSame(await outcome(`opaque-${Object.keys(introspections).indexOf(name)}`), expected)
  })
}

t.test('what the provider refuses to answer is told to whoever reads the log, and to nobody else', async (t) => {
  const answers: Readonly<Record<string, Body>> = {
    secret: { error: 'invalid_client', error_description: 'the secret is wrong for request 11111111-2222-3333-4444-555555555555' },
    echo: { error: 'invalid_request', error_description: 'not a token: an-opaque-secret-token' },
    odd: { error: 'invalid_request', error_description: 5 },
    long: { error: 'e'.repeat(9_000), error_description: 'word '.repeat(9_000) }
  }
  const { outcome, send, gateway } = await start(t, {}, { rogue: { introspection: (token) => raw({ status: 401, headers: { 'content-type': 'application/json' }, body: JSON.stringify(answers[token]) }) } })
  for (const token of Object.keys(answers)) t.strictSame(await outcome(token), [503, undefined])
  t.match((await send(['Authorization', 'Bearer secret'])).body, /"detail":"[^"]*does not answer as it should[^"]*"(?!.*invalid_client)/)
  const told = gateway.logs.map((line) => JSON.parse(line) as { code?: string, err?: { type: string, message: string } }).filter(({ code }) => code === 'token_unverifiable').map(({ err }) => `${err?.type}: ${err?.message}`)
  t.strictSame(told.slice(0, 3), [
    'IntrospectionRefused: invalid_client: the secret is wrong for request 11111111-2222-3333-4444-555555555555',
    'IntrospectionRefused: invalid_request: not a token: [redacted]',
    'IntrospectionRefused: invalid_request'
  ])
  t.ok(gateway.logs.every((line) => line.length < 4000))
})

t.test('without an audience required, a token still must be an access token for nobody else', async (t) => {
  const answers: Readonly<Record<string, Body>> = {
    bearer: { active: true, sub: 'rogue-1', token_type: 'Bearer' },
    refresh: { active: true, sub: 'rogue-1' },
    other: { active: true, sub: 'rogue-1', token_type: 'Bearer', aud: 'other' }
  }
  const { outcome } = await start(t, { introspection: { requireAudience: false } }, { rogue: { introspection: (token) => answers[token] ?? null } })
  t.strictSame([await outcome('bearer'), await outcome('refresh'), await outcome('other')], [[200], [401, 'kind'], [401, 'audience']])
})

t.test('tokens that nobody issued are never more than twenty questions at a time, and no endless queue', async (t) => {
  const held = Promise.withResolvers<undefined>()
  const { gateway, rogue } = await start(t, {}, {
    rogue: {
      introspection: async () => {
        await held.promise
        return { active: false }
      }
    }
  })
  const statuses = Array.from({ length: 521 }, async (_, index) => statusOf(await exchange(gateway.port, requestText('GET', '/api/x', [['Authorization', `Bearer made-up-${index}`]]))))
  t.equal(await Promise.race(statuses), 503, 'twenty are asked about and five hundred wait: one is too many')
  t.ok(rogue.calls('introspection').length <= 20)
  held.resolve(undefined)
  const counted = Object.groupBy(await Promise.all(statuses), String)
  t.strictSame([counted['401']?.length, counted['503']?.length], [520, 1])
  t.equal(rogue.calls('introspection').length, 520)
})

t.test('an Authorization header that is not exactly one token is refused, whatever the cookie says', async (t) => {
  const { send } = attacked
  const token = await signed()
  const cookie = ['Cookie', await signedInCookie(gateway)] as const
  const before = upstream.requests.length
  const odd: Readonly<Record<string, Lines>> = {
    'twice the same': [['Authorization', `Bearer ${token}`], ['Authorization', `Bearer ${token}`]],
    'two tokens': [['Authorization', `Bearer ${token}`], ['authorization', 'Bearer other']],
    'another scheme first': [['Authorization', 'Basic dTpw'], ['AUTHORIZATION', `Bearer ${token}`]],
    'another scheme last': [['Authorization', `Bearer ${token}`], ['Authorization', 'Basic dTpw']],
    'no token': [['Authorization', 'Bearer']],
    'white space for a token': [['Authorization', 'Bearer  \t ']],
    'two in one line': [['Authorization', `Bearer ${token} ${token}`]],
    'a list': [['Authorization', `Bearer ${token}, Bearer ${token}`]],
    'a tab': [['Authorization', `Bearer\t${token}`]],
    'a parameter': [['Authorization', `Bearer token=${token}`]],
    quotes: [['Authorization', `Bearer "${token}"`]],
    'a colon': [['Authorization', `Bearer: ${token}`]]
  }
  for (const [name, lines] of Object.entries(odd)) {
    for (const beside of [[], [cookie]] as const) {
      const { status, challenge } = await send(...lines, ...beside)
      t.strictSame([status, challenge], [400, ['Bearer realm="doorward", error="invalid_request", error_description="The request must carry exactly one Authorization header with one token"']], name)
    }
  }
  t.equal(upstream.requests.length, before)
  const told = gateway.logs.map((line) => JSON.parse(line) as { code?: string, err?: string }).filter(({ code }) => code === 'request_invalid').map(({ err }) => err)
  t.strictSame([...new Set(told)].sort(), ['Authorization without exactly one bearer token', 'several Authorization headers'], 'the log says what is wrong, and nothing of a token')
  t.equal((await send(['AUTHORIZATION', `bEARER   ${token} `])).status, 200, 'case and spaces around do not matter (RFC 9110 section 11.1)')
})

t.test('a token of 100 KB ends before anybody reads it', async (t) => {
  t.equal((await attacked.send(['Authorization', `Bearer ${'x'.repeat(100_000)}`])).status, 431)
})

t.test('a token in the query or in another header is none', async (t) => {
  const token = await signed()
  const answer = await exchange(gateway.port, requestText('GET', `/api/x?access_token=${token}`, [['X-Authorization', `Bearer ${token}`], ['Proxy-Authorization', `Bearer ${token}`]]))
  t.equal(statusOf(answer), 401)
})

t.test('identity headers beside a token are removed, and the token’s are set (CVE-2017-6413)', async (t) => {
  const token = await signed({ groups: ['ops'] })
  const { status } = await attacked.send(['X-Auth-User', 'admin'], ['Authorization', `Bearer ${token}`], ['X_Auth_Groups', 'admins'], ['X-Auth-Roles', 'admin'], ['x-auth-assertion', token], ['Connection', 'x-auth-user'])
  t.equal(status, 200)
  const { headers, rawHeaders } = upstream.requests.at(-1) ?? {}
  t.strictSame(['x-auth-user', 'x-auth-groups', 'x-auth-roles', 'authorization'].map((name) => headers?.[name]), ['robin', 'ops', undefined, undefined])
  t.strictSame(rawHeaders?.filter((text) => /admin/.test(text) || text === token), [])
})

t.test('no token is ever written down', async (t) => {
  const tokens = [await signed({ jti: 'good' }), await signed({ aud: 'other' }), withBrokenSignature(await signed()), await byStranger({}), 'an-opaque-secret-token', await byStranger({ typ: 'x'.repeat(5000) })]
  rogue.hooks.introspection = () => raw({ status: 500 })
  for (const token of tokens) await attacked.send(['Authorization', `Bearer ${token}`])
  const written = [...gateway.logs, ...gateway.auditLines].join('')
  for (const token of tokens) {
    t.notOk(written.includes(token))
    for (const piece of token.split('.').filter((text) => text.length > 40)) t.notOk(written.includes(piece))
  }
  t.ok(gateway.logs.some((line) => line.includes('"token.rejected"') && line.includes('"cause":"audience","found":"\\"other\\""')), 'but why is, for whoever sets this up')
  t.ok(gateway.logs.every((line) => line.length < 4000))
})

t.test('a claim that is nested as deep as a header takes is refused like any other', async (t) => {
  for (const depth of [3_000, 5_500, 12_000, 20_000]) {
    const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`
    for (const claim of ['iss', 'aud', 'exp', 'nbf', 'iat', 'cnf', 'sub']) {
      const text = JSON.stringify(good({ [claim]: 'nested' })).replace('"nested"', nested)
      const token = `${part(header())}.${base64url.encode(text)}.c2lnbmF0dXJl`
      t.match(await outcome(token), [401, String], `${claim}, ${depth} deep`)
    }
    const crit = `${base64url.encode(JSON.stringify({ ...header(), typ: 'nested' }).replace('"nested"', nested))}.${part(good())}.c2lnbmF0dXJl`
    t.match(await outcome(crit), [401, String], `typ, ${depth} deep`)
  }
})
