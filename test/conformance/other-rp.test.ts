/** Modules of the OpenID Foundation beyond the certification plans, as far as they concern the code flow. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import t from 'tap'
import { listenOnLoopback } from '../../demo/loopback.ts'
import { otherRsaKey, unsigned } from '../support/rogue-provider.ts'
import { type RogueHooks } from '../support/rogue-hooks.ts'
import { assertAccepted, assertRejected, attempt } from './attempt.ts'

/** Hooks of a provider whose id_token says which access token it was issued with. */
function withAtHash (atHash: (accessToken: string) => unknown): RogueHooks {
  const accessToken = 'an-access-token-of-the-test'
  return {
    idToken: (claims) => ({ ...claims, at_hash: atHash(accessToken) }),
    token: (answer) => ({ ...answer, access_token: accessToken })
  }
}

function halfHash (hash: string, text: string): string {
  const bytes = createHash(hash).update(text).digest()
  return bytes.subarray(0, bytes.length / 2).toString('base64url')
}

t.test('oidcc-client-test-invalid-athash', async (t) => {
  await assertRejected(t, await attempt(t, withAtHash((token) => halfHash('sha256', `${token}1`))), { reason: 'id_token_invalid' })
})

t.test('an at_hash that is no left half of a hash is none', async (t) => {
  const wrong = [(token: string) => createHash('sha256').update(token).digest('base64url'), () => '', () => 7, () => null, () => [], (token: string) => [halfHash('sha256', token)]]
  for (const atHash of wrong) {
    await t.test(String(atHash), async (t) => {
      await assertRejected(t, await attempt(t, withAtHash(atHash)), { reason: 'id_token_invalid' })
    })
  }
})

t.test('an at_hash of the access token is accepted, by the hash of any algorithm', async (t) => {
  for (const hash of ['sha256', 'sha384', 'sha512']) {
    await t.test(hash, async (t) => { await assertAccepted(t, await attempt(t, withAtHash((token) => halfHash(hash, token)))) })
  }
})

t.test('oidcc-client-test-userinfo-bearer-header', async (t) => {
  const result = await attempt(t, { token: (answer) => ({ ...answer, access_token: 'only.in~the-header+/==' }) })
  await assertAccepted(t, result)
  const [userinfo] = result.rogue.calls('userinfo')
  t.equal(userinfo?.headers.authorization, 'Bearer only.in~the-header+/==')
  t.strictSame([userinfo?.url.search, userinfo?.form.size], ['', 0], 'and nowhere else (RFC 6750 section 2)')
})

t.test('oidcc-client-test-aggregated-claims', async (t) => {
  // Whoever may write userinfo could otherwise grant groups by a token that nobody, or anybody, has signed.
  const own = { sub: 'rogue-1', preferred_username: 'robin' }
  for (const groups of ['admins', undefined]) {
    await t.test(groups === undefined ? 'the claim is nowhere else' : 'the claim is also the provider’s own', async (t) => {
      const result = await attempt(t, {
        claims: { ...own, ...groups !== undefined && { groups: [groups] } },
        userinfo: (claims) => ({
          ...claims,
          _claim_names: { ...groups !== undefined && { groups: 'elsewhere' }, email: 'elsewhere' },
          _claim_sources: { elsewhere: { JWT: unsigned({ iss: 'https://elsewhere.example', sub: 'rogue-1', groups: ['operators'], email: 'eve@example.com' }) } }
        })
      })
      await assertAccepted(t, result)
      const { 'x-auth-groups': told, 'x-auth-email': email } = result.upstream.requests[0]?.headers ?? {}
      t.strictSame([told, email], [groups, undefined])
    })
  }
})

t.test('oidcc-client-test-distributed-claims', async (t) => {
  const fetched: string[] = []
  const server = createServer((request, response) => {
    fetched.push(request.url ?? '')
    response.end(unsigned({ groups: ['operators'] }))
  })
  const { port, close } = await listenOnLoopback(server, 0)
  t.teardown(close)
  const sources = { elsewhere: { endpoint: `http://localhost:${port}/claims`, access_token: 'a-token-of-the-source' } }
  for (const claim of ['shipping_address', 'groups']) {
    await t.test(claim, async (t) => {
      const result = await attempt(t, { claims: { sub: 'rogue-1', _claim_names: { [claim]: 'elsewhere' }, _claim_sources: sources } })
      // Groups that are elsewhere are not "no groups": see test/flows/group-overage.test.ts.
      if (claim === 'groups') await assertRejected(t, result, { reason: 'groups_overage_unresolved', neverAsked: 'other' })
      else await assertAccepted(t, result)
      t.strictSame(fetched, [], 'an address in a claim is not followed')
      t.notMatch(JSON.stringify(result.gateway.logs) + JSON.stringify(result.gateway.audit), /a-token-of-the-source/)
    })
  }
})

t.test('keys of the same id that can’t have signed are passed over, in any order and number', async (t) => {
  const decoys = async (kid: string) => {
    const { n, e } = await otherRsaKey()
    return [
      { kty: 'RSA', n, e, kid, use: 'enc', alg: 'RSA-OAEP' },
      { kty: 'RSA', n, e, kid, use: 'sig', alg: 'PS256' },
      { kty: 'RSA', n, e, kid, key_ops: ['encrypt'] },
      { kty: 'EC', crv: 'secp256k1', x: 'AA', y: 'AA', kid },
      { kty: 'OKP', crv: 'Ed25519', x: 'AA', kid, use: 'sig' },
      { kty: 'oct', k: 'AA', kid },
      { kty: 'new', kid }
    ]
  }
  const orders: ReadonlyArray<NonNullable<RogueHooks['jwks']>> = [
    async ({ keys }) => ({ keys: [...await decoys(keys[0]?.kid ?? ''), ...keys] }),
    async ({ keys }) => ({ keys: [...keys, ...await decoys(keys[0]?.kid ?? '')] })
  ]
  for (const [index, jwks] of orders.entries()) {
    await t.test(index === 0 ? 'before' : 'behind', async (t) => { await assertAccepted(t, await attempt(t, { jwks })) })
  }
})

t.test('a key set may hold what is no key at all', async (t) => {
  await assertAccepted(t, await attempt(t, { jwks: ({ keys }) => ({ keys: [{}, { kid: keys[0]?.kid }, ...keys] as typeof keys }) }))
})

const wrongStates: Readonly<Record<string, NonNullable<RogueHooks['authorize']>>> = {
  'fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-state-fails': ({ state = '', ...parameters }) => ({ ...parameters, state: `${state}1` }),
  'fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-missing-state-fails': ({ state: _, ...parameters }) => parameters
}

for (const [name, authorize] of Object.entries(wrongStates)) {
  t.test(name, async (t) => {
    const { page, gateway, rogue, upstream } = await attempt(t, { authorize })
    t.equal(page.status, 400)
    t.match(page.text, /<h1>.+<a class="button/s, 'the page has a way on')
    t.ok(gateway.audit.every(({ outcome, reason }) => outcome === 'failure' && reason === 'state_invalid'))
    t.strictSame([rogue.calls('token').length, upstream.requests.length], [0, 0], 'no code is redeemed')
  })
}
