import t, { test } from 'tap'
import { people } from '../../demo/people.ts'
import { startProvider } from '../support/provider.ts'
import { linkOf, logins, startJourney, wayBack } from './journey.ts'

const nameless = { preferred_username: 'dora', groups: ['cmdbsyncer-ops'] }
const provider = await startProvider(t, { people: { ...people, dora: nameless } })

test('a sign-in is one audit event, which says who, from where, and with which roles', async (t) => {
  const { browser, gateway, url } = await startJourney(t, { provider, configuration: { roles: { mapping: { 'cmdbsyncer-admins': { roles: ['admin'] } } } } })
  const callback = await wayBack(browser, url('/x'), 'alice')
  await browser.open(callback, { headers: { 'user-agent': 'A Browser/1.0' } })
  const [{ time, session, request, ...rest } = {}, ...more] = gateway.audit
  t.strictSame(more, [])
  t.strictSame(rest, {
    version: 1,
    event: 'login',
    outcome: 'success',
    user: { sub: 'alice', user: 'alice', email: 'alice@example.com', provider: 'default' },
    metadata: { method: 'oidc', roles: ['admin'] }
  })
  t.match(session, /^[\w-]{22}$/)
  t.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  t.match(request, { ip: '127.0.0.1', method: 'GET', path: '/oidc/callback', userAgent: 'A Browser/1.0' })
  const written = JSON.stringify([gateway.audit, gateway.logs])
  for (const name of ['code', 'state']) t.notOk(written.includes(callback.searchParams.get(name) ?? ''), `no ${name} is written down`)
})

const gates: ReadonlyArray<readonly [name: string, groups: Record<string, unknown>, refused: readonly string[], words: RegExp]> = [
  ['allow admits members of any of its groups', { allow: ['CMDBSYNCER-OPS', 'cmdbsyncer-admins'] }, ['carol'], /needs membership of one of: CMDBSYNCER-OPS, cmdbsyncer-admins/],
  ['require admits members of all of its groups', { require: ['cmdbsyncer-ops', 'data-scientists'] }, ['alice', 'carol'], /needs membership of (cmdbsyncer-ops, )?data-scientists/],
  ['a renamed group opens the gate as well', { rename: { 'cmdbsyncer-ops': 'operators' }, allow: ['Operators'] }, ['alice', 'carol'], /needs membership of one of: Operators/]
]

for (const [name, groups, refused, words] of gates) {
  test(`groups: ${name}`, async (t) => {
    const journey = await startJourney(t, { provider, configuration: { groups } })
    const { browser, gateway, upstream, url } = journey
    for (const person of ['alice', 'bob', 'carol']) {
      gateway.audit.length = 0
      browser.jar.clear()
      const page = await browser.signIn(url('/x'), person)
      if (!refused.includes(person)) {
        t.strictSame([page.status, logins(journey)], [200, ['success']], person)
        continue
      }
      t.strictSame([page.status, logins(journey)], [403, ['failure: required_group_missing']], person)
      t.match(page.text, words)
      t.match(gateway.audit, [{ user: { user: person }, metadata: { method: 'oidc' } }])
      t.equal((await browser.get(url('/oidc/session'), { program: true })).status, 401, 'no session')
    }
    t.equal(upstream.requests.length, 3 - refused.length)
  })
}

test('who was refused at the gate can take another account, and lands on the page first wanted', async (t) => {
  const { browser, url } = await startJourney(t, { provider, configuration: { groups: { allow: ['cmdbsyncer-admins'] } } })
  const refused = await browser.signIn(url('/x?y=1'), 'carol')
  const page = await browser.signIn(linkOf(refused, 'Use another account'), 'alice')
  t.equal(page.url.href, url('/x?y=1'))
  t.equal(page.status, 200)
})

test('requireEmail refuses who has no address, and says which claim was looked for', async (t) => {
  const journey = await startJourney(t, { provider, configuration: { claims: { requireEmail: true } } })
  const page = await journey.browser.signIn(journey.url('/x'), 'dora')
  t.equal(page.status, 403)
  t.match(page.text, /needs an e-mail address; the identity provider sent none in the claim email/)
  t.strictSame(logins(journey), ['failure: no_email_claim'])
  t.match(journey.gateway.audit, [{ user: { user: 'dora' }, metadata: { method: 'oidc' } }])
})

test('minimal pages keep the reason of a refusal from the person, not from the audit trail', async (t) => {
  const journey = await startJourney(t, { provider, configuration: { groups: { allow: ['secret-society'] }, pages: { detail: 'minimal' } } })
  const page = await journey.browser.signIn(journey.url('/x'), 'carol')
  t.equal(page.status, 403)
  t.notMatch(page.text, /secret-society/)
  t.strictSame(logins(journey), ['failure: required_group_missing'])
})
