/** One sign-in at a provider that misbehaves in one way, and what has to have come of it. */
import { type Test } from 'tap'
import { type Page } from '../support/browser.ts'
import { type RogueGateway, type RogueGatewayOptions, startRogueGateway } from '../support/rogue-gateway.ts'
import { type Endpoint } from '../support/rogue-provider.ts'

export interface Attempt extends RogueGateway {
  readonly page: Page
}

/** Opens a page of the application as somebody without a session. */
export async function attempt (t: Test, rogue: RogueGatewayOptions['rogue'] = {}, options: RogueGatewayOptions = {}): Promise<Attempt> {
  const setup = await startRogueGateway(t, { ...options, rogue: { ...rogue } })
  return { ...setup, page: await setup.browser.open(`${setup.gateway.origin}/wanted`) }
}

/** The person is signed in and sees the page wanted, the provider was asked once for everything. */
export async function assertAccepted (t: Test, { page, gateway, rogue, upstream }: Attempt): Promise<void> {
  t.equal(page.status, 200)
  t.equal(page.url.pathname, '/wanted')
  t.match(gateway.audit, [{ event: 'login', outcome: 'success', user: { sub: 'rogue-1' } }])
  t.equal(gateway.audit.length, 1)
  t.equal(upstream.requests[0]?.headers['x-auth-subject'], 'rogue-1')
  t.strictSame([rogue.calls('token').length, rogue.calls('userinfo').length], [1, 1])
}

export interface Rejection {
  /** In the audit trail. */
  readonly reason: string
  /** Default: 502. */
  readonly status?: number
  /** The endpoint that must not have been asked any more. Default: userinfo. */
  readonly neverAsked?: Endpoint | undefined
}

/** Nobody is signed in, nothing further was asked of the provider, the audit trail says why, and there is a page. */
export async function assertRejected (t: Test, { page, gateway, rogue, upstream, browser }: Attempt, { reason, status = 502, neverAsked = 'userinfo' }: Rejection): Promise<void> {
  t.equal(page.status, status)
  t.match(page.headers['content-type'], /^text\/html/)
  t.match(page.text, /<h1>.+<a class="button/s, 'the page has a way on')
  t.match(gateway.audit, [{ event: 'login', outcome: 'failure', reason, metadata: { method: 'oidc' } }])
  t.equal(gateway.audit.length, 1)
  t.equal(rogue.calls(neverAsked).length, 0, `${neverAsked} was not asked`)
  const cookies = browser.jar.for(new URL(gateway.origin)).filter(({ name }) => /^doorward(\.\d)?$/.test(name))
  t.strictSame(cookies, [], 'no session')
  t.equal((await browser.get(`${gateway.origin}/oidc/session`)).status, 401)
  t.equal(upstream.requests.length, 0)
}
