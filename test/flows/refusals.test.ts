/** What becomes of somebody who is refused: the page, the document for programs, the audit trail and the log tell the same story. */
import t, { test } from 'tap'
import { people } from '../../demo/people.ts'
import { type Page } from '../support/browser.ts'
import { startProvider } from '../support/provider.ts'
import { type Journey, linkOf, startJourney } from './journey.ts'

const thousands = Array.from({ length: 5_000 }, (_, index) => `</bdi><script>alert(${index})</script>\r\nX: ${'x'.repeat(40)}`)
const provider = await startProvider(t, { claimsInIdToken: false, people: { ...people, max: { preferred_username: 'max"><img src=x>', email: 'max@example.com', groups: thousands } } })

const access = { rules: [{ path: '/admin/**', require: { roles: ['admin'] } }, { path: '/closed/**', deny: true }] }
const roles = { mapping: { 'cmdbsyncer-ops': { roles: ['host'] } } }

/** The reference that a person can read out. */
function referenceOf ({ text }: Page): string {
  return /Reference <code>([^<]+)<\/code>/.exec(text)?.[1] ?? ''
}

/** What the log wrote of a problem under that reference. */
function logged ({ gateway }: Journey, id: string): unknown[] {
  return gateway.logs.filter((line) => line.includes(id)).map((line) => JSON.parse(line) as { event?: unknown }).filter(({ event }) => event === 'request.problem')
}

test('the reference on the refused page is the id of the request in the audit trail and in the log', async (t) => {
  const journey = await startJourney(t, { provider, configuration: { access, roles } })
  const { browser, gateway, url } = journey
  const page = await browser.signIn(url('/admin/users?q=1'), 'bob')
  const id = referenceOf(page)
  t.match(id, /^[\da-f-]{36}$/)
  const events = gateway.auditLines.filter((line) => line.includes(id)).map((line) => JSON.parse(line) as unknown)
  t.match(events, [{ event: 'access.denied', reason: 'rule_denied', user: { user: 'bob' }, request: { id, path: '/admin/users' }, metadata: { rule: { index: 0, path: '/admin/**' }, missing: { roles: ['admin'] } } }])
  t.equal(events.length, 1)
  t.match(logged(journey, id), [{ code: 'access_denied', status: 403, request: { id } }])

  t.match(page.text, 'This page needs the role admin.')
  t.match(page.text, 'Rule <code>access.rules[0]</code>')
  t.match(page.text, /Signed in as<\/h2>\n<p class="who"><bdi>bob<\/bdi><\/p>\n<p class="quiet"><bdi>bob@example\.com<\/bdi>/)
  t.match(page.text, /<h3>Roles<\/h3><ul class="chips"><li><bdi>host<[^]*Groups \(2\)<[^]*cmdbsyncer-ops[^]*data-scientists/)
  t.equal(linkOf(page, 'Use another account').searchParams.get('return_to'), '/admin/users?q=1')
})

test('a program that is refused is told the same as a person', async (t) => {
  const { browser, gateway, url } = await startJourney(t, { provider, configuration: { access, roles } })
  await browser.signIn(url('/'), 'bob')
  const answer = await browser.get(url('/admin/users'), { program: true })
  t.match(answer.headers['content-type'], 'application/problem+json')
  const { instance: _, ...document } = answer.json() as Record<string, unknown>
  t.strictSame(document, {
    switch_account_url: '/oidc/login?return_to=%2Fadmin%2Fusers&switch_account=true',
    rule: 0,
    missing: { roles: ['admin'] },
    account: { user: 'bob', email: 'bob@example.com', provider: 'default', roles: ['host'], groups: ['cmdbsyncer-ops', 'data-scientists'] },
    type: 'urn:doorward:problem:access_denied',
    title: 'You don’t have access',
    status: 403,
    detail: 'This page needs the role admin.',
    code: 'access_denied',
    request_id: (gateway.audit.at(-1)?.['request'] as { id?: string }).id
  })
})

test('a refused sign-in names the settings that refuse, on the page and in the audit trail, under one reference', async (t) => {
  const journey = await startJourney(t, { provider, configuration: { groups: { require: ['staff'], allow: ['cmdbsyncer-admins', 'secretaries'] } } })
  const page = await journey.browser.signIn(journey.url('/x'), 'bob')
  const id = referenceOf(page)
  t.equal(page.status, 403)
  t.match(page.text, 'Your account needs membership of staff, and membership of one of: cmdbsyncer-admins, secretaries.')
  t.match(page.text, 'Rule <code>groups.require</code>, <code>groups.allow</code>')
  t.match(page.text, /Your account<\/h2>\n<p class="who"><bdi>bob<[^]*Groups \(2\)/)
  t.match(journey.gateway.audit.filter((event) => JSON.stringify(event).includes(id)), [{
    event: 'login',
    reason: 'required_group_missing',
    request: { id },
    metadata: { method: 'oidc', missing: { 'groups.require': ['staff'], 'groups.allow': ['cmdbsyncer-admins', 'secretaries'] } }
  }])
  t.match(logged(journey, id), [{ code: 'sign_in_refused', request: { id } }])
})

test('thousands of hostile groups neither break the refused page nor bloat it', async (t) => {
  const { browser, url } = await startJourney(t, { provider, configuration: { groups: { require: ['staff'] } } })
  const page = await browser.signIn(url('/x'), 'max')
  t.equal(page.status, 403)
  t.match(page.text, 'Groups (5000)')
  t.match(page.text, 'and 4976 more')
  t.match(page.text, '<bdi>max&quot;&gt;&lt;img src=x&gt;</bdi>')
  t.notMatch(page.text, /<script|<img|alert\(24\)/)
  t.ok(page.body.length < 20_000, `${page.body.length} bytes`)
})

test('minimal detail tells people and programs the reference, and nothing of the policy or of them', async (t) => {
  const journey = await startJourney(t, { provider, configuration: { access, roles, pages: { detail: 'minimal' } } })
  const { browser, gateway, url } = journey
  const page = await browser.signIn(url('/admin/users'), 'bob')
  const program = await browser.get(url('/admin/users'), { program: true })
  for (const text of [page.text, program.text]) t.notMatch(text, /role|rule|bob|cmdbsyncer|missing/i)
  t.ok(linkOf(page, 'Use another account'), 'the way on stays')
  t.strictSame(Object.keys(program.json() as object), ['switch_account_url', 'type', 'title', 'status', 'detail', 'instance', 'code', 'request_id'])
  const ids = [referenceOf(page), (program.json() as { request_id: string }).request_id]
  t.match(gateway.audit.filter(({ event }) => event === 'access.denied'), ids.map((id) => ({ request: { id }, metadata: { missing: { roles: ['admin'] } } })), 'the audit trail tells all of it')
})
