/** What the provider says of somebody, shown to those of a role, at the end of a sign-in of its own. */
import t, { test, type Test } from 'tap'
import { browserAt, startReplica } from '../sessions/replicas.ts'
import { type Answer } from '../support/browser.ts'
import { group, groupId, startGraph } from '../support/graph.ts'
import { missingPart } from '../support/parts.ts'
import { startProvider } from '../support/provider.ts'
import { exchange } from '../support/raw-socket.ts'
import { type RogueGateway, startRogueGateway } from '../support/rogue-gateway.ts'
import { raw, type RogueOptions } from '../support/rogue-provider.ts'
import { startUpstream } from '../support/upstream.ts'
import { anotherBrowser, calls, type Journey, type JourneyOptions, linkOf, logins, refuseCookies, startJourney } from './journey.ts'
import { pick, picture, startChromium, visit } from './visit.ts'

const provider = await startProvider(t)
const upstream = await startUpstream(t)
const mapping = {
  'cmdbsyncer-admins': { roles: ['admin'], attributes: { global: true } },
  'cmdbsyncer-ops': { roles: ['host'], organizations: { 'org-1': ['member'] } }
}

async function start (t: Test, { configuration, ...options }: JourneyOptions = {}): Promise<Journey> {
  upstream.requests.length = 0
  return await startJourney(t, { provider, upstream, ...options, configuration: { roles: { mapping }, ...configuration } })
}

function heading ({ text }: Answer): string {
  return /<h1>(.*)<\/h1>/.exec(text)?.[1] ?? ''
}

/** Everything that is read aloud: no tags, no style sheet. */
function words ({ text }: Answer): string {
  return text.replace(/<style>[^]*<\/style>/, '').replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
}

test('who has the role sees what the provider says of them now, where it was found, and what became of it', async (t) => {
  const journey = await start(t, { configuration: { groups: { rename: { 'data-scientists': 'science' }, filter: 'c' }, roles: { default: ['admin'], mapping } } })
  const page = await journey.browser.signIn(journey.url('/oidc/claims'), 'bob')
  t.strictSame([page.status, heading(page), page.headers['content-type'], page.headers['cache-control'], page.headers['x-frame-options']], [200, 'Your claims', 'text/html; charset=utf-8', 'no-store', 'DENY'])
  const text = words(page)
  for (const found of ['claims.firstName given_name id_token, userinfo, merged Bob', 'claim id_token userinfo merged', 'email bob@example.com bob@example.com bob@example.com', '2 in the claim groups cmdbsyncer-ops science was data-scientists', 'admin roles.default', 'host roles.mapping.cmdbsyncer-ops cmdbsyncer-ops', 'org-1 member roles.mapping.cmdbsyncer-ops']) t.match(text, found)
  t.notMatch(text, 'Worth a look')
  t.strictSame(logins(journey), ['success'], 'a sign-in that is needed anyway is the one that shows it')
  t.equal((await journey.browser.open(journey.url('/oidc/claims'))).status, 200)
  t.strictSame(journey.gateway.audit.map(({ event, outcome }) => [event, outcome]), [['login', 'success'], ['login', 'success']], 'each visit is a sign-in, and is written down as one')
  t.strictSame(upstream.requests, [], 'the application hears nothing of it')
})

test('the same is there as JSON, for a person by a link and for a program by what it accepts', async (t) => {
  const journey = await start(t, { configuration: { provider: { scopes: ['openid', 'profile', 'email', 'unknown'] } } })
  const { browser, url } = journey
  const page = await browser.signIn(url('/oidc/claims'), 'alice')
  const answer = await browser.open(linkOf(page, 'The same as JSON'))
  t.strictSame([answer.status, answer.headers['content-type'], answer.headers['cache-control'], answer.headers['x-content-type-options']], [200, 'application/json; charset=utf-8', 'no-store', 'nosniff'])
  const { time, claims, hidden, sizes, ...report } = answer.json() as Record<string, unknown> & { claims: Record<string, Record<string, unknown>> }
  t.strictSame(report, {
    version: 1,
    provider: { id: 'default', label: 'Sign in' },
    person: { user: 'alice', sub: 'alice', email: 'alice@example.com', roles: ['admin'] },
    hints: [{ code: 'scope_not_granted', text: 'The provider did not grant every scope that it was asked for, so claims may be missing. Allow them for this client there, or take them out of provider.scopes.', names: ['unknown'] }],
    settings: [['user', 'preferred_username', 'alice'], ['email', 'email', 'alice@example.com'], ['name', 'name', 'Alice Archer'], ['firstName', 'given_name', 'Alice'], ['lastName', 'family_name', 'Archer'], ['groups', 'groups', ['cmdbsyncer-admins']]]
      .map(([setting, claim, value]) => ({ setting: `claims.${String(setting)}`, claim, from: ['idToken', 'userinfo', 'merged'], value })),
    fetched: [],
    blank: { idToken: [], userinfo: [], merged: [] },
    groups: [{ name: 'cmdbsyncer-admins', claim: 'groups' }],
    roles: [{ name: 'admin', by: 'roles.mapping.cmdbsyncer-admins', matched: 'cmdbsyncer-admins' }],
    organizations: [],
    projects: [],
    attributes: [{ name: 'global', holds: true, by: 'roles.mapping.cmdbsyncer-admins', matched: 'cmdbsyncer-admins' }],
    scopes: { asked: ['openid', 'profile', 'email', 'unknown'], granted: ['openid', 'profile', 'email'] }
  })
  t.match(time, /^\d{4}-\d\d-\d\dT/)
  t.strictSame([claims['userinfo'], claims['idToken']?.['nonce'], claims['merged']?.['groups']], [{ sub: 'alice', name: 'Alice Archer', given_name: 'Alice', family_name: 'Archer', preferred_username: 'alice', email: 'alice@example.com', email_verified: true, groups: ['cmdbsyncer-admins'] }, '[hidden]', ['cmdbsyncer-admins']])
  t.strictSame(hidden, ['/idToken/nonce', '/merged/nonce'])

  const cookie = browser.jar.header(new URL(journey.gateway.origin)) ?? ''
  const begun = await exchange(journey.gateway.port, `GET /oidc/claims HTTP/1.1\r\nhost: localhost:${journey.gateway.port}\r\naccept: application/json\r\ncookie: ${cookie}\r\nconnection: close\r\n\r\n`)
  for (const [, line = ''] of begun.matchAll(/^set-cookie: (.*)\r$/gim)) browser.jar.store(new URL(journey.gateway.origin), line)
  const again = await browser.open(/^location: (.*)\r$/im.exec(begun)?.[1] ?? '')
  t.strictSame([again.status, again.headers['content-type'], (again.json() as Record<string, unknown>)['person']], [200, 'application/json; charset=utf-8', report['person']])
})

test('the sizes are those of what the browser sends and the applications receive', async (t) => {
  const journey = await start(t, { configuration: { headers: { profiles: ['doorward', 'oauth2-proxy'] } } })
  const { browser, url, gateway } = journey
  await browser.signIn(url('/oidc/login'), 'alice')
  const answer = await browser.open(url('/oidc/claims?format=json'))
  const sent = (browser.jar.header(new URL(gateway.origin)) ?? '').split('; ').filter((pair) => pair.startsWith('doorward='))
  await browser.get(url('/x'))
  const received = upstream.requests.at(-1)?.rawHeaders ?? []
  const told = received.flatMap((text, index) => index % 2 === 0 && /^x-(auth|forwarded-(user|email|groups|preferred|access))/i.test(text) ? [`${text}: ${received[index + 1] ?? ''}\r\n`] : [])
  t.ok(told.length > 8)
  t.strictSame((answer.json() as Record<string, unknown>)['sizes'], {
    cookie: { bytes: sent.join('').length, count: 1 },
    headers: [{ path: '/', bytes: told.join('').length }]
  })
})

test('who has no such role is refused before the provider is asked, and without a session they sign in first', async (t) => {
  const journey = await start(t)
  const { browser, url, gateway } = journey
  const program = await browser.get(url('/oidc/claims'), { program: true })
  t.strictSame([program.status, (program.json() as Record<string, unknown>)['login_url']], [401, '/oidc/login?return_to=%2Foidc%2Fclaims%3Fformat%3Djson'])
  const page = await browser.signIn(url('/oidc/claims'), 'bob')
  t.strictSame([page.status, page.url.href, heading(page)], [403, url('/oidc/claims'), 'You don’t have access'])
  t.match(words(page), 'This page needs the role admin.')
  t.match(words(page), 'pages.claimsFor', 'the setting that says so')
  const asked = calls(journey, '/auth').length
  const { status, ...refused } = await browser.get(url('/oidc/claims'), { program: true })
  t.strictSame([status, refused.headers['content-type']], [403, 'application/problem+json; charset=utf-8'])
  t.match(refused.json(), { code: 'access_denied', rule: 'pages.claimsFor', missing: { roles: ['admin'] } })
  t.equal((await browser.open(url('/oidc/login?return_to=/oidc/claims'))).status, 403, 'a sign-in that names the page opens it to nobody')
  t.equal(calls(journey, '/auth').length, asked + 1)
  t.match(gateway.audit.find(({ event }) => event === 'access.denied'), { reason: 'rule_denied', user: { user: 'bob' }, metadata: { rule: 'pages.claimsFor', missing: { roles: ['admin'] } } })
})

test('a script can’t have the page, nor begin the sign-in that it takes, and no frame shows it', async (t) => {
  const journey = await start(t)
  const { browser, url } = journey
  await browser.signIn(url('/oidc/login'), 'alice')
  const asked = calls(journey, '/auth').length
  const answer = await browser.get(url('/oidc/claims'), { program: true, from: url('/') })
  t.strictSame([answer.status, answer.setCookies, (answer.json() as Record<string, unknown>)['login_url']], [401, [], '/oidc/claims?format=json'])
  const framed = await browser.get(url('/oidc/claims'), { headers: { 'sec-fetch-dest': 'iframe' }, from: 'https://elsewhere.example/' })
  t.equal(framed.status, 401)
  t.equal(calls(journey, '/auth').length, asked)
  const page = await browser.open(url('/oidc/claims'))
  t.match(page.headers['content-security-policy'], /^default-src 'none'; style-src 'sha256-[^']*'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/)
})

test('loading the page again asks the provider again, as often as somebody likes', async (t) => {
  const { browser, url, ...journey } = await start(t)
  let page = await browser.signIn(url('/oidc/claims'), 'alice')
  for (let count = 0; count < 6; count++) page = await browser.open(page.url)
  t.strictSame([page.status, heading(page), logins({ ...journey, browser, url })], [200, 'Your claims', Array(7).fill('success')])
})

test('an answer that was posted can be posted again, and what comes of it is asked for anew', async (t) => {
  const journey = await start(t, { publicUrl: 'https://app.example.com', configuration: { provider: { responseMode: 'form_post' } } })
  const { browser, url } = journey
  let page = await browser.signIn(url('/oidc/claims'), 'alice')
  let posting = page.chain.find(isPosting)
  for (let count = 0; count < 6 && posting !== undefined; count++) {
    t.equal(heading(page), 'Your claims')
    posting = await browser.submit(posting)
    t.ok(isPosting(posting), 'a new answer of the provider')
    page = await browser.submit(posting)
  }
  t.strictSame([page.status, heading(page), logins(journey)], [200, 'Your claims', Array(7).fill('success')])
})

function isPosting ({ text }: Answer): boolean {
  return text.includes('document.forms[0].submit()')
}

test('every visit begins a new session, and the one before is over', async (t) => {
  const journey = await start(t)
  const { browser, url, gateway } = journey
  await browser.signIn(url('/x'), 'alice')
  const before = browser.jar.header(new URL(gateway.origin)) ?? ''
  await browser.open(url('/oidc/claims'))
  t.equal((await anotherBrowser(journey).get(url('/oidc/session'), { program: true, headers: { cookie: before } })).status, 401)
  t.equal((await browser.get(url('/oidc/session'), { program: true })).status, 200)
})

test('a browser that loses the cookie of each sign-in is told so, and does not go round in circles', async (t) => {
  const journey = await start(t)
  const { browser, url } = journey
  await browser.signIn(url('/x'), 'alice')
  refuseCookies(browser, /-login-/)
  const page = await browser.open(url('/oidc/claims'))
  t.strictSame([page.status, heading(page)], [400, 'Sign-in could not be completed'])
})

test('without a role to see it there is no such page', async (t) => {
  const journey = await start(t, { configuration: { pages: { claimsFor: [] } } })
  const page = await journey.browser.signIn(journey.url('/oidc/claims'), 'alice').catch(() => undefined)
  t.equal(page, undefined, 'nothing to sign in for')
  t.equal((await journey.browser.get(journey.url('/oidc/claims'))).status, 404)
  t.equal((await journey.browser.signIn(journey.url('/oidc/login?return_to=/oidc/claims'), 'alice')).status, 404)
})

test('any replica can show it, with nothing but cookies between them', async (t) => {
  const options = { provider, upstream, configuration: { roles: { mapping } } }
  const first = await startReplica(t, {}, options)
  const second = await startReplica(t, {}, options)
  await first.browser.signIn(first.url('/x'), 'alice')
  const begun = await first.browser.get(first.url('/oidc/claims'))
  const answered = await first.browser.get(begun.location ?? '')
  const page = await browserAt(second, first.browser).open(answered.location ?? '')
  t.strictSame([page.status, heading(page), logins(second)], [200, 'Your claims', ['success']])
})

/** Signs the provider's only person in, who has every role, and shows what it says: as a page, then as JSON. */
async function shown (t: Test, rogue: RogueOptions, configuration: Record<string, Record<string, unknown>> = {}): Promise<RogueGateway & { page: Answer, report: Report }> {
  const parts = await startRogueGateway(t, { rogue, configuration: { roles: { default: ['admin'], mapping }, ...configuration } })
  const { browser, gateway } = parts
  const page = await browser.open(`${gateway.origin}/oidc/claims`)
  const report = (await browser.open(`${gateway.origin}/oidc/claims?format=json`)).json() as Report
  return { ...parts, page, report }
}

interface Report {
  readonly hints: ReadonlyArray<{ readonly code: string, readonly names: readonly string[] }>
  readonly blank: Readonly<Record<string, readonly string[]>>
  readonly claims: Readonly<Record<string, Readonly<Record<string, unknown>> | null>>
  readonly fetched: readonly string[]
  readonly hidden: readonly string[]
  readonly groups: readonly unknown[]
  readonly settings: ReadonlyArray<{ readonly setting: string, readonly from: readonly string[] }>
}

function hintsOf ({ hints }: Report): unknown[] {
  return hints.map(({ code, names }) => [code, names])
}

test('whom the provider takes for somebody else meanwhile, or who has lost the role, is refused the page', async (t) => {
  let now: Record<string, unknown> = { sub: 'ann', groups: ['cmdbsyncer-admins'] }
  const { gateway, browser } = await startRogueGateway(t, { configuration: { roles: { mapping } }, rogue: { idToken: (claims) => ({ ...claims, ...now }), userinfo: () => now } })
  const url = `${gateway.origin}/oidc/claims`
  t.equal((await browser.open(url)).status, 200)
  for (const next of [{ sub: 'ann', groups: [] }, { sub: 'ben', groups: [] }]) {
    now = { sub: 'ann', groups: ['cmdbsyncer-admins'] }
    await browser.open(`${gateway.origin}/oidc/login`)
    now = next
    const page = await browser.open(url)
    t.strictSame([page.status, heading(page)], [403, 'You don’t have access'])
    t.match((await browser.get(`${gateway.origin}/oidc/session`, { program: true })).json(), { sub: next.sub, roles: [] })
  }
})

test('what is blank in one source and what only the other has stand side by side', async (t) => {
  const { page, report } = await shown(t, {
    idToken: (claims) => ({ ...claims, email: null, name: '', office: ' ', department: 'Sales' }),
    userinfo: () => ({ sub: 'rogue-1', email: 'robin@example.com', tags: [], address: {}, department: 'IT' })
  })
  t.strictSame(report.blank, { idToken: ['name', 'email', 'office'], userinfo: ['tags', 'address'], merged: ['name', 'office', 'tags', 'address'] })
  const text = words(page)
  for (const found of ['department Sales IT IT', 'email null robin@example.com robin@example.com', 'name empty text – empty text', 'office spaces alone – spaces alone', 'tags – empty list empty list', 'claims.name name nowhere –', 'claims.email email userinfo, merged robin@example.com']) t.match(text, found)
  const { page: alone, report: { claims } } = await shown(t, {}, { provider: { userinfo: false } })
  t.equal(claims['userinfo'], null)
  t.match(words(alone), 'The provider was not asked for userinfo.')
})

test('what usually explains a missing role is pointed out', async (t) => {
  const others = { realm_access: { roles: ['ops'] }, _claim_names: { email: 'src1', my_groups: 'src1' }, resource_access: { 'app/1': { roles: ['r'] } }, 'https://example.com/groups': 'one', '/teams': ['t'], wids_groups: [], amr: ['pwd'] }
  const cases = [
    [{ groups: undefined, ...others }, {}, [['groups_claim_absent', ['/realm_access/roles', '/resource_access/app~11/roles', 'https://example.com/groups', '/~1teams']]]],
    [{ groups: undefined }, {}, [['groups_claim_absent', []]]],
    [{ groups: ['a', 7, null] }, {}, [['values_ignored', ['groups']]]],
    [{ groups: [] }, { claims: { roles: 'roles' } }, [['roles_claim_absent', []]]]
  ] as const
  for (const [claims, configuration, expected] of cases) {
    const { report, page } = await shown(t, { claims }, configuration)
    t.strictSame(hintsOf(report), expected)
    t.match(words(page), 'Worth a look')
  }
  const { report } = await shown(t, { token: (answer) => ({ ...answer, scope: 'openid email' }) })
  t.strictSame(hintsOf(report), [['scope_not_granted', ['profile']]])
  const many = Array.from({ length: 150 }, (_, index) => `group-${index}-${'x'.repeat(60)}`)
  t.strictSame(hintsOf((await shown(t, { claims: { groups: many } })).report).map((hint) => [hint].flat()[0]), ['headers_large', 'cookie_large'])
})

test('groups that Entra ID left out are shown with the directory that was asked for them', async (t) => {
  const graph = await startGraph(t)
  const oid = '66666666-7777-8888-9999-000000000000'
  graph.tokens.set('of-the-application', { permissions: ['User.ReadBasic.All', 'GroupMember.Read.All'] })
  graph.people.set(oid, [group(1), group(2)])
  const { report, page } = await shown(t, {
    claims: { sub: 'rogue-1', oid, hasgroups: true },
    clientCredentials: () => ({ token_type: 'Bearer', expires_in: 3599, access_token: 'of-the-application' })
  }, { provider: { groupSource: { kind: 'entra', url: graph.url } } })
  t.strictSame([report.fetched, report.claims['merged']?.['groups'], report.claims['idToken']?.['groups'], hintsOf(report)], [['groups'], [groupId(1), groupId(2)], undefined, [['groups_overage', ['groups']]]])
  t.match(words(page), `claims.groups groups provider.groupSource ${groupId(1)} ${groupId(2)}`)
  t.notMatch(page.text + JSON.stringify(report), 'of-the-application')
})

test('no token is shown, wherever a provider puts one', async (t) => {
  const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJub2JvZHkifQ.c2lnbmF0dXJl-of-nobody'
  const given: string[] = []
  const { report, page, gateway } = await shown(t, {
    token (answer) {
      given.push(String(answer['access_token']), String(answer['refresh_token']), String(answer['id_token']))
      return answer
    },
    refreshes: true,
    userinfo: (claims) => ({ ...claims, note: `see ${jwt}`, list: ['fine', given.at(-3)], nested: { upstream_access_token: 'gho_opaque', 'a/b': [{ client_secret: 's3cret-value' }] }, token_use: 'id', who: 'HeyJude', refresh: `${given.at(-2) ?? ''}!` })
  }, { headers: { profiles: ['oauth2-proxy'] } })
  t.ok(given.length >= 3)
  for (const secret of [jwt, 'gho_opaque', 's3cret-value', ...given]) {
    t.notMatch(page.text, secret)
    t.notMatch(JSON.stringify(report), secret)
  }
  t.match(report.claims['userinfo'], { note: '[hidden]', list: ['fine', '[hidden]'], nested: { upstream_access_token: '[hidden]', 'a/b': [{ client_secret: '[hidden]' }] }, token_use: 'id', who: 'HeyJude' })
  t.ok(report.hidden.includes('/userinfo/nested/a~1b/0/client_secret'))
  t.notMatch(gateway.logs.join(''), 'gho_opaque')
})

test('claims of any size, depth and wickedness are harmless on the page', async (t) => {
  const wicked = '<script>alert(1)</script>"\'&\u202Egnp.exe\u0007'
  const deep = `${'[{"x":'.repeat(50_000)}1${'}]'.repeat(50_000)}`
  const { report, page } = await shown(t, {
    idToken: ({ iss, aud, sub, iat, exp, nonce }) => ({ iss, aud, sub, iat, exp, nonce }),
    userinfo: (claims) => json({
      ...claims,
      groups: Array.from({ length: 5_000 }, (_, index) => `group-${index}`),
      [wicked]: wicked,
      list: [wicked, null, 1, [wicked]],
      __proto__: { polluted: true },
      preferred_username: wicked,
      large: 'x'.repeat(400_000),
      ['n'.repeat(20_000)]: 1,
      ...Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`x${index}`, index]))
    }, { deep })
  }, { groups: { filter: '^group-499[0-9]$' } })
  t.equal(page.status, 200)
  t.ok(page.text.length < 200_000, String(page.text.length))
  t.notMatch(page.text, /<script|[\u202E]/)
  t.match(page.text, '&lt;script&gt;alert(1)&lt;/script&gt;')
  t.match(words(page), /group-4999 group-0 left out by groups.filter .* and 4,940 more/, 'what counts comes first')
  t.match(words(page), 'characters)')
  t.match(words(page), /And 8\d\d more claims\./)
  t.equal(report.groups.length, 5_000, 'as JSON there is all of it')
})

/** With members that are JSON already. */
function json (members: object, written: Readonly<Record<string, string>>): ReturnType<typeof raw> {
  const more = Object.entries(written).map(([name, text]) => `,${JSON.stringify(name)}:${text}`)
  return raw({ headers: { 'content-type': 'application/json' }, body: `${JSON.stringify(members).slice(0, -1)}${more.join('')}}` })
}

const chromiumIsMissing = missingPart('chromium')
const chromium = chromiumIsMissing === false ? await startChromium(t) : undefined

test('in a browser the page is reached by its address, a link and a reload, and can be read on any screen', { skip: chromiumIsMissing }, async (t) => {
  for (const sameSite of ['lax', 'strict']) {
    const visitor = await visit(t, chromium, { configuration: { session: { cookie: { sameSite } }, claims: { groups: 'group_names', roles: 'groups' }, roles: { default: ['staff'], mapping }, organizations: { default: 'everyone' }, pages: { claimsFor: ['staff'] }, provider: { scopes: ['openid', 'email', 'profile', 'reports'] } } })
    const { complaints, newPage, url } = visitor
    const page = await newPage()
    await page.goto(url('/oidc/claims'))
    await pick(page, 'bob')
    await page.waitForURL(/callback/)
    t.equal(await page.textContent('h1'), 'Your claims', sameSite)
    t.match(await page.locator('section').textContent(), /sent no claim group_names[\s\S]*groups/)
    await page.reload()
    t.equal(await page.textContent('h1'), 'Your claims', sameSite)
    await page.locator('summary').click()
    await picture(page, 'claims')
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 800 })
      t.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), `nothing is cut off at ${width}`)
    }
    await page.getByRole('link', { name: 'Ask again' }).click()
    await page.waitForURL(/callback/)
    t.equal(await page.textContent('h1'), 'Your claims', sameSite)
    await page.getByRole('link', { name: 'The same as JSON' }).click()
    await page.waitForURL(/callback/)
    t.match(await page.textContent('body'), '"version":1')
    t.strictSame(complaints, [], sameSite)
  }
})
