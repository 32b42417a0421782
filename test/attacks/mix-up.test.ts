/** A provider that people may choose, and that is after what another one issues to them (RFC 9700 section 4.4, RFC 9207). */
import t, { type Test } from 'tap'
import { type Answer, Browser } from '../support/browser.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { client, clientSecret, startProvider } from '../support/provider.ts'
import { redirect, type RogueProvider, startRogueProvider } from '../support/rogue-provider.ts'
import { startUpstream } from '../support/upstream.ts'

interface Setup {
  readonly honest: RogueProvider
  /** The client's id there is the same: the worst case. */
  readonly mallory: RogueProvider
  readonly gateway: TestGateway
  readonly browser: Browser
}

/** @param namesItself whether the honest provider says in its answers who it is (RFC 9207) */
async function start (t: Test, namesItself: boolean): Promise<Setup> {
  const honest = await startRogueProvider(t, {
    clientSecret,
    ...!namesItself && {
      discovery: ({ authorization_response_iss_parameter_supported: _, ...document }) => document,
      authorize: ({ iss: _, ...answer }) => answer
    }
  })
  const mallory = await startRogueProvider(t, { clientSecret })
  await mallory.keys.rotate()
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, {
    issuer: [{ id: 'honest', label: 'Honest', issuer: honest.issuer }, { id: 'mallory', label: 'Mallory', issuer: mallory.issuer }],
    upstream: upstream.url
  })
  return { honest, mallory, gateway, browser: new Browser() }
}

/** What a provider was asked at its authorization endpoint, last. */
function asked (provider: RogueProvider): URLSearchParams {
  return new URLSearchParams(provider.calls('authorize').at(-1)?.url.searchParams)
}

/** From now on people who are sent to Mallory arrive at the honest provider, with the request that was meant for Mallory. */
function forward ({ honest, mallory, gateway }: Setup, redirectTo: 'honest' | 'mallory'): void {
  mallory.hooks.authorize = () => {
    const request = asked(mallory)
    request.set('redirect_uri', `${gateway.origin}/oidc/callback/${redirectTo}`)
    return redirect(`${honest.issuer}/authorize?${request.toString()}`)
  }
}

async function signInAt (provider: string, { browser, gateway }: Setup): Promise<Answer> {
  return await browser.open(`${gateway.origin}/oidc/login?return_to=/x&provider=${provider}`)
}

/** Nobody is signed in, neither provider got a code, and the audit trail says why. */
async function assertRefused (t: Test, page: Answer, { honest, mallory, gateway, browser }: Setup, provider: string): Promise<void> {
  t.equal(page.status, 502)
  t.match(page.text, /<h1>Sign-in could not be completed<.+<a class="button/s)
  t.match(gateway.audit, [{ event: 'login', outcome: 'failure', reason: 'issuer_mismatch', user: { provider } }])
  t.equal(gateway.audit.length, 1)
  t.strictSame([honest.calls('token').length, mallory.calls('token').length], [0, 0], 'the code was shown to nobody')
  t.equal((await browser.get(`${gateway.origin}/oidc/session`, { program: true })).status, 401)
}

for (const namesItself of [true, false]) {
  const kind = namesItself ? 'that names itself' : 'that does not name itself'

  t.test(`the code of a provider ${kind} is not handed to the one that forwarded the browser there`, async (t) => {
    const setup = await start(t, namesItself)
    forward(setup, 'honest')
    await assertRefused(t, await signInAt('mallory', setup), setup, 'mallory')
  })

  t.test(`nor is an error of a provider ${kind} taken for the other’s`, async (t) => {
    const setup = await start(t, namesItself)
    const { honest } = setup
    forward(setup, 'honest')
    honest.hooks.authorize = ({ state = '', iss = '' }) => ({ state, error: 'access_denied', ...namesItself && { iss } })
    await assertRefused(t, await signInAt('mallory', setup), setup, 'mallory')
  })

  t.test(`an answer of a provider ${kind} counts at its own address alone`, async (t) => {
    const setup = await start(t, namesItself)
    const { browser, gateway } = setup
    const begun = await browser.get(`${gateway.origin}/oidc/login?provider=honest`)
    const callback = (await browser.get(begun.location ?? '')).location?.href.replace('/callback/honest', '/callback/mallory')
    await assertRefused(t, await browser.get(callback ?? ''), setup, 'honest')
  })
}

t.test('where a provider redirects to any address, it is by its name that the answer is refused', async (t) => {
  const setup = await start(t, true)
  forward(setup, 'mallory')
  await assertRefused(t, await signInAt('mallory', setup), setup, 'mallory')
})

t.test('a provider that names itself must do so in every answer, and truly', async (t) => {
  type Parameters = Readonly<Record<string, string>>
  const answers: ReadonlyArray<readonly [string, (honest: Parameters, other: string) => Parameters]> = [
    ['no iss', ({ iss: _, ...rest }) => rest],
    ['an empty iss', (rest) => ({ ...rest, iss: '' })],
    ['the iss of another provider', (rest, other) => ({ ...rest, iss: other })],
    ['an iss that is spelled otherwise', ({ iss, ...rest }) => ({ ...rest, iss: `${iss ?? ''}/` })],
    ['an error and no iss', ({ iss: _iss, code: _code, ...rest }) => ({ ...rest, error: 'access_denied' })],
    ['an error and the iss of another provider', ({ code: _, ...rest }, other) => ({ ...rest, error: 'access_denied', iss: other })]
  ]
  for (const [what, answer] of answers) {
    await t.test(what, async (t) => {
      const setup = await start(t, true)
      setup.mallory.hooks.authorize = (parameters) => answer(parameters, setup.honest.issuer)
      await assertRefused(t, await signInAt('mallory', setup), setup, 'mallory')
    })
  }
})

t.test('a provider can’t vouch for the people of another', async (t) => {
  const setup = await start(t, true)
  const { honest, mallory, gateway, browser } = setup
  mallory.hooks.idToken = (claims) => ({ ...claims, iss: honest.issuer })
  t.equal((await signInAt('mallory', setup)).status, 502)
  t.match(gateway.audit, [{ reason: 'issuer_mismatch', user: { provider: 'mallory' } }])
  t.equal((await browser.get(`${gateway.origin}/oidc/session`, { program: true })).status, 401)

  mallory.hooks.idToken = async (claims, header) => await honest.keys.sign(claims, header)
  t.equal((await signInAt('mallory', setup)).status, 502)
  t.match(gateway.audit.at(-1), { reason: 'id_token_invalid', user: { provider: 'mallory' } })

  mallory.hooks.idToken = (claims) => claims
  t.equal((await signInAt('mallory', setup)).status, 200)
  t.match((await browser.get(`${gateway.origin}/oidc/session`)).json(), { sub: 'rogue-1', provider: 'mallory' }, 'whoever they are, they are theirs')
})

t.test('a provider that gives out another’s endpoints for its own gets no code either', async (t) => {
  const real = await startProvider(t)
  const mallory = await startRogueProvider(t, { clientSecret, discovery: (document) => ({ ...document, authorization_endpoint: `${real.issuer}/auth` }) })
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, {
    issuer: [{ id: 'real', label: 'Real', issuer: real.issuer }, { id: 'mallory', label: 'Mallory', issuer: mallory.issuer }],
    upstream: upstream.url,
    onOrigin: (origin) => real.register(client(origin, { redirect_uris: [`${origin}/oidc/callback/real`] }))
  })
  const browser = new Browser()
  const page = await browser.open(`${gateway.origin}/oidc/login?provider=mallory`)
  t.equal(page.url.origin, real.issuer, 'refused there: nobody registered Mallory’s address')
  t.match(page, { status: 400, text: /redirect_uri/ })
  t.equal((await browser.signIn(`${gateway.origin}/oidc/login?provider=real`, 'alice')).status, 200)
  t.strictSame(mallory.calls('token'), [])
})
