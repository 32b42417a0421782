/** The modules of the OpenID Foundation's Form Post plan for relying parties, under their names. */
import t from 'tap'
import { Browser } from '../support/browser.ts'
import { startRogueGateway } from '../support/rogue-gateway.ts'
import { assertAccepted, assertRejected } from './attempt.ts'

const publicUrl = 'https://app.example.com'
const configuration = { provider: { responseMode: 'form_post' } }

async function attemptByForm (t: Parameters<typeof startRogueGateway>[0], rogue: NonNullable<Parameters<typeof startRogueGateway>[1]>['rogue'] = {}) {
  const setup = await startRogueGateway(t, { rogue, publicUrl, configuration })
  const browser = new Browser({ balancer: { [publicUrl]: setup.gateway.port } })
  const page = await browser.submit(await browser.open(`${publicUrl}/wanted`))
  return { ...setup, browser, page }
}

t.test('oidcc-client-test', async (t) => { await assertAccepted(t, await attemptByForm(t)) })

t.test('oidcc-client-test-form-post-error', async (t) => {
  const result = await attemptByForm(t, { authorize: ({ state = '', iss = '' }) => ({ error: 'login_required', error_description: 'nobody <b>is</b> there', state, iss }) })
  await assertRejected(t, result, { reason: 'idp_error', status: 403, neverAsked: 'token' })
  t.match(result.gateway.audit, [{ metadata: { error: 'login_required' } }])
  t.notMatch(result.page.text, /nobody/, 'the provider’s words are not repeated')
})

t.test('oidcc-client-test-nonce-invalid', async (t) => {
  await assertRejected(t, await attemptByForm(t, { idToken: (claims) => ({ ...claims, nonce: `${String(claims['nonce'])}1` }) }), { reason: 'nonce_mismatch' })
})

t.test('a form with another issuer is refused (RFC 9207)', async (t) => {
  await assertRejected(t, await attemptByForm(t, { authorize: (parameters) => ({ ...parameters, iss: 'https://other.example' }) }), { reason: 'issuer_mismatch', neverAsked: 'token' })
})
