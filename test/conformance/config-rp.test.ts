/** The modules of the OpenID Foundation's plan `oidcc-client-config-certification-test-plan`, by their names and in their order. */
import t from 'tap'
import { Browser } from '../support/browser.ts'
import { startRogueGateway } from '../support/rogue-gateway.ts'
import { unsigned } from '../support/rogue-provider.ts'
import { assertAccepted, assertRejected, attempt } from './attempt.ts'

t.test('oidcc-client-test-discovery-openid-config', async (t) => {
  const result = await attempt(t, { discovery: (document) => ({ ...document, authorization_endpoint: `${String(document['issuer'])}/authorize?from=metadata`, unknown: ['is', 'ignored'] }) })
  await assertAccepted(t, result)
  const { rogue } = result
  t.strictSame(rogue.calls('discovery').map(({ url }) => url.pathname), ['/.well-known/openid-configuration'])
  t.equal(rogue.calls('authorize')[0]?.url.searchParams.get('from'), 'metadata', 'the endpoint is the one of the metadata, with its query')
})

t.test('oidcc-client-test-discovery-jwks-uri-keys', async (t) => {
  const path = `/jwks?run=${Date.now()}`
  const result = await attempt(t, { discovery: (document) => ({ ...document, jwks_uri: `${String(document['issuer'])}${path}` }) })
  await assertAccepted(t, result)
  t.strictSame(result.rogue.calls('jwks').map(({ url }) => url.pathname + url.search), [path])
})

t.test('oidcc-client-test-discovery-issuer-mismatch', async (t) => {
  const result = await attempt(t, { discovery: (document) => ({ ...document, issuer: `${String(document['issuer'])}/INVALID` }) })
  await assertRejected(t, result, { reason: 'setup_error', status: 503, neverAsked: 'authorize' })
  t.match(result.gateway.logs.join(''), /The provider calls itself .+INVALID.+provider\.issuer is .+localhost/, 'the log names both issuers')
})

t.test('oidcc-client-test-idtoken-sig-none', async (t) => {
  const result = await attempt(t, { idToken: unsigned })
  await assertRejected(t, result, { reason: 'id_token_invalid' })
})

t.test('oidcc-client-test-signing-key-rotation-just-before-signing', async (t) => {
  const { gateway, rogue, upstream } = await startRogueGateway(t)
  await new Browser().open(`${gateway.origin}/first`)
  t.equal(rogue.calls('jwks').length, 1)
  // Three times in a row: a client that waits before it fetches keys again fails at the second.
  for (let round = 1; round <= 3; round++) {
    rogue.hooks.idToken = async (claims, _header, keys) => {
      await keys.rotate()
      return claims
    }
    t.equal((await new Browser().open(`${gateway.origin}/round-${round}`)).status, 200)
    t.equal(rogue.calls('jwks').length, 1 + round)
  }
  t.equal(upstream.requests.length, 4)
})

t.test('oidcc-client-test-signing-key-rotation', async (t) => {
  const { gateway, rogue, upstream } = await startRogueGateway(t)
  await new Browser().open(`${gateway.origin}/first`)
  await rogue.keys.rotate()
  await new Browser().open(`${gateway.origin}/second`)
  t.strictSame(upstream.requests.map(({ url }) => url), ['/first', '/second'])
  t.strictSame(gateway.audit.map(({ outcome }) => outcome), ['success', 'success'])
  await new Browser().open(`${gateway.origin}/third`)
  t.equal(rogue.calls('jwks').length, 2, 'a known key is not fetched again')
})

t.test('E18: many sign-ins at the moment of a rotation all succeed', async (t) => {
  const { gateway, rogue } = await startRogueGateway(t)
  await new Browser().open(`${gateway.origin}/first`)
  await rogue.keys.rotate()
  const together = Promise.withResolvers<undefined>()
  rogue.hooks.token = async (answer) => {
    if (rogue.calls('token').length === 51) together.resolve(undefined)
    await together.promise
    return answer
  }
  const pages = await Promise.all(Array.from({ length: 50 }, async () => await new Browser().open(`${gateway.origin}/x`)))
  t.strictSame(pages.map(({ status }) => status), pages.map(() => 200))
  t.equal(rogue.calls('jwks').length, 2, 'and fetch the new keys once')
})

t.test('E18: tokens with made-up key ids are not so many requests for keys', async (t) => {
  const { gateway, rogue } = await startRogueGateway(t, { rogue: { idToken: async (claims, header, keys) => await keys.sign(claims, { ...header, kid: `made-up-${Math.random()}` }) } })
  for (let round = 0; round < 8; round++) await new Browser().open(`${gateway.origin}/x`)
  t.ok(gateway.audit.every(({ reason }) => reason === 'id_token_invalid'))
  t.equal(gateway.audit.length, 8)
  t.ok(rogue.calls('jwks').length <= 4, `${rogue.calls('jwks').length} requests`)
})
