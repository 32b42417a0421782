/** How the gateway shows a provider who it is: each method at a real provider that accepts that one alone. */
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type TLSSocket } from 'node:tls'
import { decodeJwt, decodeProtectedHeader, exportJWK, type JSONWebKeySet } from 'jose'
import t, { test, type Test } from 'tap'
import { listenOnLoopback } from '../../demo/loopback.ts'
import { calls, type Journey, startJourney } from '../flows/journey.ts'
import { Browser } from '../support/browser.ts'
import { makeCertificates, selfSigned } from '../support/certificates.ts'
import { missingPart } from '../support/parts.ts'
import { client, startProvider, type TestProvider } from '../support/provider.ts'
import { startRogueGateway } from '../support/rogue-gateway.ts'

type Register = Parameters<typeof client>[1]

const everyMethod = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth', 'none']
const signingAlgorithms = ['HS256', 'RS256', 'PS256', 'ES256', 'ES384', 'EdDSA']
const provider = await startProvider(t, { protocol: { clientAuthMethods: everyMethod.filter((method) => !method.includes('tls')), enabledJWA: { clientAuthSigningAlgValues: signingAlgorithms } } })

const keys = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  EdDSA: generateKeyPairSync('ed25519').privateKey
}

function pem (algorithm: keyof typeof keys): string {
  return keys[algorithm].export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** What a person in charge would register: the keys as the gateway publishes them. */
async function registerKeys (journey: Journey, more: Register = {}): Promise<JSONWebKeySet> {
  const answer = await new Browser().get(journey.url('/oidc/client-jwks'))
  t.equal(answer.status, 200)
  const jwks = answer.json() as JSONWebKeySet
  await journey.provider.register(client(journey.gateway.origin, { client_secret: undefined, token_endpoint_auth_method: 'private_key_jwt', jwks, ...more }))
  return jwks
}

function assertionSent (journey: Journey) {
  const text = calls(journey, '/token')[0]?.form['client_assertion'] ?? ''
  return { header: decodeProtectedHeader(text), payload: decodeJwt(text) }
}

async function signsIn (t: Test, { browser, url }: Pick<Journey, 'browser' | 'url'>): Promise<void> {
  const page = await browser.signIn(url('/x'), 'bob')
  t.strictSame([page.status, page.url.href], [200, url('/x')])
}

test('private_key_jwt signs in with every kind of key, and speaks to the issuer alone', async (t) => {
  for (const [algorithm, key] of Object.entries(keys)) {
    const text = algorithm === 'ES384' ? JSON.stringify({ ...key.export({ format: 'jwk' }), kid: 'named' }) : pem(algorithm as keyof typeof keys)
    const journey = await startJourney(t, { provider, configuration: { provider: { clientSecret: undefined, clientKey: text } } })
    const jwks = await registerKeys(journey)
    await signsIn(t, journey)
    const { header, payload } = assertionSent(journey)
    t.strictSame(header, { alg: algorithm === 'RS256' ? 'PS256' : algorithm, kid: jwks.keys[0]?.kid }, 'PS256 before RS256, where both are supported')
    if (algorithm === 'ES384') t.equal(header.kid, 'named', 'a JWK keeps its name')
    const { jti, iat, exp, nbf, ...rest } = payload
    t.strictSame(rest, { iss: 'doorward', sub: 'doorward', aud: provider.issuer })
    t.equal((exp ?? 0) - (iat ?? 0), 60, 'for a minute')
    t.equal(calls(journey, '/token')[0]?.headers.authorization, undefined)
    const written = [...journey.gateway.logs, ...journey.gateway.auditLines].join('')
    t.notOk(written.includes(calls(journey, '/token')[0]?.form['client_assertion'] ?? '-'), 'no assertion is logged')
    t.notOk(written.includes('PRIVATE KEY'))
  }
})

test('the public half of the key and of the others is published, and nothing more', async (t) => {
  const previous = await exportJWK(keys.RS256)
  const key = { ...await exportJWK(keys.ES256), kid: 'first' }
  const { gateway, url } = await startJourney(t, { provider, configuration: { provider: { clientKey: JSON.stringify(key), previousClientKeys: [JSON.stringify(previous), pem('EdDSA'), JSON.stringify(key)] } } })
  const answer = await new Browser().get(url('/oidc/client-jwks'))
  t.equal(answer.headers['cache-control'], 'public, max-age=300')
  const { keys: published } = answer.json() as JSONWebKeySet
  t.match(published, [
    { kty: 'EC', crv: 'P-256', x: String, y: String, kid: 'first', use: 'sig', alg: 'ES256' },
    { kty: 'RSA', n: String, e: 'AQAB', kid: /^[\w-]{43}$/, use: 'sig' },
    { kty: 'OKP', crv: 'Ed25519', x: String, kid: /^[\w-]{43}$/, use: 'sig' }
  ])
  t.equal(published.length, 3, 'each once')
  for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) t.notOk(published.some((jwk) => Object.hasOwn(jwk, member)), member)
  t.ok(gateway.routes.some((route) => route.includes('client-jwks')))
  const { gateway: without } = await startRogueGateway(t)
  t.equal((await new Browser().get(`${without.origin}/oidc/client-jwks`)).status, 404, 'without keys there is none')
})

test('a key is changed without a moment in which the provider refuses it', async (t) => {
  const old = await startJourney(t, { provider, configuration: { provider: { clientSecret: undefined, clientKey: pem('ES256'), previousClientKeys: [pem('EdDSA')] } } })
  const jwks = await registerKeys(old)
  await signsIn(t, old)
  const fresh = await startJourney(t, { provider, configuration: { provider: { clientSecret: undefined, clientKey: pem('EdDSA'), previousClientKeys: [pem('ES256')] } } })
  await provider.register(client(fresh.gateway.origin, { client_secret: undefined, token_endpoint_auth_method: 'private_key_jwt', jwks }))
  await signsIn(t, fresh)
  t.equal(assertionSent(fresh).header.alg, 'EdDSA')
})

test('the assertion can be made out to the token endpoint, for a provider that knows no better', async (t) => {
  const configuration = { provider: { clientAuth: 'private_key_jwt', clientKey: pem('ES256'), clientAssertionAudience: 'token_endpoint' } }
  const { gateway, rogue, browser } = await startRogueGateway(t, { configuration, rogue: { discovery: (document) => ({ ...document, token_endpoint_auth_signing_alg_values_supported: ['ES256'] }) } })
  await browser.open(`${gateway.origin}/x`)
  t.equal(decodeJwt(rogue.calls('token')[0]?.form.get('client_assertion') ?? '').aud, `${rogue.issuer}/token`)
})

test('client_secret_jwt never sends the secret', async (t) => {
  const journey = await startJourney(t, { provider, configuration: { provider: { clientAuth: 'client_secret_jwt' } }, client: { token_endpoint_auth_method: 'client_secret_jwt' } })
  await signsIn(t, journey)
  const { header, payload } = assertionSent(journey)
  t.match({ ...header, ...payload }, { alg: 'HS256', iss: 'doorward', sub: 'doorward', aud: provider.issuer })
  const { client_assertion: _, ...form } = calls(journey, '/token')[0]?.form ?? {}
  t.strictSame(Object.keys(form).sort(), ['client_assertion_type', 'client_id', 'code', 'code_verifier', 'grant_type', 'redirect_uri'])
})

test('auto takes the strongest method that both sides have', async (t) => {
  const secretAndKey = { clientKey: pem('ES256') }
  const cases: ReadonlyArray<readonly [supported: readonly string[] | undefined, given: Record<string, unknown>, sent: string]> = [
    [undefined, {}, 'basic'],
    [['client_secret_post', 'client_secret_basic'], {}, 'basic'],
    [['client_secret_post'], {}, 'post'],
    [['client_secret_jwt'], {}, 'assertion'],
    [['client_secret_basic', 'private_key_jwt'], secretAndKey, 'assertion'],
    [['client_secret_basic'], secretAndKey, 'basic'],
    [['something_else'], secretAndKey, 'assertion'],
    [['something_else'], {}, 'basic'],
    [['client_secret_basic'], { clientSecret: undefined }, 'none']
  ]
  for (const [supported, given, sent] of cases) {
    const { gateway, rogue, browser } = await startRogueGateway(t, { configuration: { provider: given }, rogue: { discovery: ({ token_endpoint_auth_methods_supported: _, ...document }) => ({ ...document, ...(supported !== undefined && { token_endpoint_auth_methods_supported: supported }) }) } })
    await browser.open(`${gateway.origin}/x`)
    const { headers, form } = rogue.calls('token')[0] ?? { headers: {}, form: new URLSearchParams() }
    const found = headers.authorization !== undefined ? 'basic' : form.has('client_secret') ? 'post' : form.has('client_assertion') ? 'assertion' : 'none'
    t.equal(found, sent, `${String(supported)} ${Object.keys(given).join()}`)
  }
})

const needsOpenssl = { skip: missingPart('openssl') }

/** A provider on https whose endpoints for certificates are on a port of their own (RFC 8705 section 5). */
async function startCertificateProvider (t: Test, tls: { readonly cert: string, readonly key: string }, trusted: string): Promise<TestProvider & { readonly aliasPort: number }> {
  let listener: RequestListener = () => {}
  const aliases = createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: false, ca: trusted }, (request, response) => { listener(request, response) })
  const { port: aliasPort, close } = await listenOnLoopback(aliases, 0)
  t.teardown(close)
  const certificateOf = ({ socket }: { socket: TLSSocket }) => socket.getPeerX509Certificate()
  const started = await startProvider(t, {
    tls,
    protocol: {
      clientAuthMethods: everyMethod,
      discovery: { mtls_endpoint_aliases: { token_endpoint: `https://localhost:${aliasPort}/token`, userinfo_endpoint: `https://localhost:${aliasPort}/me` } },
      features: {
        mTLS: {
          enabled: true,
          certificateBoundAccessTokens: true,
          selfSignedTlsClientAuth: true,
          tlsClientAuth: true,
          getCertificate: (context: { socket: TLSSocket }) => certificateOf(context)?.toString(),
          certificateAuthorized: ({ socket }: { socket: TLSSocket }) => socket.authorized,
          certificateSubjectMatches: (context: { socket: TLSSocket }, _property: string, expected: string) => certificateOf(context)?.subject === expected
        }
      }
    }
  })
  listener = started.listener
  return { ...started, aliasPort }
}

test('oidcc-client-test-mtls-endpoint-aliases: a certificate of an authority, and a self-signed one, authenticate at the aliases for mutual TLS, and bind the access token', needsOpenssl, async (t) => {
  const server = await makeCertificates(t)
  const own = await selfSigned(t, 'doorward')
  const cases = [
    ['tls_client_auth', server, { tls_client_auth_subject_dn: 'CN=server' }],
    ['self_signed_tls_client_auth', own, { jwks: { keys: [{ ...new X509Certificate(own.cert).publicKey.export({ format: 'jwk' }), x5c: [new X509Certificate(own.cert).raw.toString('base64')] }] } }],
    ['auto', server, { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: 'CN=server' }]
  ] as const
  for (const [method, { certFile, keyFile }, registered] of cases) {
    const provider = await startCertificateProvider(t, server, server.ca)
    const journey = await startJourney(t, {
      provider,
      client: { client_secret: undefined, token_endpoint_auth_method: method, tls_client_certificate_bound_access_tokens: true, ...registered },
      configuration: { provider: { clientSecret: undefined, clientAuth: method, clientCertificate: { certFile, keyFile }, caFile: server.caFile } }
    })
    await signsIn(t, { ...journey, browser: new Browser({ ca: server.ca }) })
    t.match(journey.gateway.audit, [{ event: 'login', outcome: 'success' }])
    const hosts = ['/token', '/me', '/auth'].map((path) => calls(journey, path)[0]?.headers.host)
    t.strictSame(hosts, [`localhost:${provider.aliasPort}`, `localhost:${provider.aliasPort}`, `localhost:${provider.port}`], 'people stay with the address that asks for no certificate')
    const { headers, form } = calls(journey, '/token')[0] ?? { headers: {}, form: {} }
    t.strictSame([headers.authorization, Object.keys(form).sort()], [undefined, ['client_id', 'code', 'code_verifier', 'grant_type', 'redirect_uri']])
  }
})

test('without a certificate the aliases are left alone', needsOpenssl, async (t) => {
  const server = await makeCertificates(t)
  const provider = await startCertificateProvider(t, server, server.ca)
  const journey = await startJourney(t, { provider, configuration: { provider: { caFile: server.caFile } } })
  await signsIn(t, { ...journey, browser: new Browser({ ca: server.ca }) })
  t.equal(calls(journey, '/token')[0]?.headers.host, `localhost:${provider.port}`)
})
