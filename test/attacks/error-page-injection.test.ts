/** Words of strangers on our pages: error texts, addresses, claims (CVE-2017-6059, CVE-2019-1010247, CVE-2021-32792, CVE-2026-33525). */
import t, { type Test } from 'tap'
import { type Answer, Browser } from '../support/browser.ts'
import { type RogueHooks } from '../support/rogue-hooks.ts'
import { signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'
import { exchange, parseMessage, requestText } from '../support/raw-socket.ts'

const markup = [
  '<script>alert(1)</script>', '</p></main><script src=//evil.example></script>', '"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)", '`onclick=alert(1)`', '--><svg onload=alert(1)>', '</style><script>x</script>', '</title><base href=//evil.example>',
  '{{7*7}}', '$' + '{7*7}', '<!--', '\u202egnp.exe', '\0<\0b>', 'javascript:alert(1)', '&lt;b&gt;', '</pre><script>alert(1)</script>'
]

/** The tags of a page with the names of their attributes: what a browser makes of its markup. */
function skeleton (page: string): string[] {
  return [...page.matchAll(/<(\/?[a-z!][^\s>]*)((?:\s+[^\s=>]+(?:=(?:"[^"]*"|'[^']*'|[^\s>]*))?)*)\s*>/gi)]
    .map(([, tag = '', attributes = '']) => [tag, ...[...attributes.matchAll(/([^\s=]+)=(?:"[^"]*"|'[^']*'|\S*)/g)].map(([, name = '']) => name)].join(' '))
}

function assertHarmless (t: Test, page: { text: string, headers: Readonly<Record<string, unknown>> }, benign: { text: string }, title: string): void {
  t.strictSame(skeleton(page.text), skeleton(benign.text), `${title}: the same elements`)
  const policy = String(page.headers['content-security-policy'])
  t.match(policy, /default-src 'none'/, title)
  t.notMatch(policy, /script-src|unsafe/, title)
  t.match(page.headers, { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' }, title)
}

async function atCallback (rogueHooks: RogueHooks, gatewayOrigin: string, rogue: { hooks: RogueHooks }): Promise<Answer> {
  Object.assign(rogue.hooks, rogueHooks)
  return await new Browser().open(`${gatewayOrigin}/x`)
}

t.test('a provider’s error text never becomes ours', async (t) => {
  const { gateway, rogue } = await startRogueGateway(t)
  const answerWith = (error: string, description: string): RogueHooks => ({ authorize: ({ state = '', iss = '' }) => ({ state, iss, error, error_description: description, error_uri: 'https://evil.example/' }) })
  const benign = await atCallback(answerWith('access_denied', 'no'), gateway.origin, rogue)
  t.equal(benign.status, 403)
  for (const text of [...markup, 'Your account is locked. Call +1 555 0100']) {
    const page = await atCallback(answerWith(text, text), gateway.origin, rogue)
    t.equal(page.status, 403, text)
    assertHarmless(t, page, benign, text)
    t.notOk(page.text.includes(text) || page.text.includes('555 0100') || page.text.includes('evil.example'), text)
  }
})

t.test('an error that nobody asked for is not shown', async (t) => {
  const { gateway } = await startRogueGateway(t)
  const query = new URLSearchParams({ error: '<b>x', error_description: 'Call +1 555 0100', state: 'x' }).toString()
  const answer = await new Browser().get(`${gateway.origin}/oidc/callback?${query}`)
  t.equal(answer.status, 302, 'the person is sent to sign in')
  t.notOk(answer.text.includes('555 0100'))
})

t.test('an address never becomes markup on a page about it', async (t) => {
  const { gateway } = await startRogueGateway(t, { configuration: { access: { rules: [{ path: '/admin/**', deny: true }] } } })
  const cookie = await signedInCookie(gateway)
  async function pageAt (target: string) {
    // The page after a logout is the same without a session, and the session is still needed.
    const session = target.startsWith('/oidc/logout') ? [] : [['Cookie', cookie] as const]
    const text = await exchange(gateway.port, requestText('GET', target, [['Accept', 'text/html'], ...session]))
    const { headers, body } = parseMessage(text)
    return { text: body, headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])) }
  }
  const places: ReadonlyArray<(text: string) => string> = [
    (text) => `/admin/${text}`, (text) => `/admin/x?a=${text}`, (text) => `/oidc/${text}`, (text) => `/oidc/login?return_to=//${text}`, (text) => `/oidc/callback?a=${text}&a=2`, (text) => `/oidc/logout?x=${text}`, (text) => `/public/../${text}`
  ]
  const benign = await Promise.all(places.map((place) => pageAt(place('benign'))))
  const seen = new Set<string>()
  for (const text of markup) {
    // Raw where the bytes make a request at all, and escaped as a browser would.
    for (const spelling of [text.replace(/[^\x21-\x7e]|#/g, ''), encodeURIComponent(text)]) {
      for (const place of places) {
        const page = await pageAt(place(spelling))
        // What is not HTTP is answered without a page.
        if (page.text === '') continue
        const sameKind = benign.find((each) => headingOf(each) === headingOf(page))
        seen.add(headingOf(page))
        assertHarmless(t, page, sameKind ?? { text: '' }, place(spelling))
      }
    }
  }
  t.strictSame([...seen].sort(), [...new Set(benign.map(headingOf))].sort(), 'every kind of page was looked at')
})

function headingOf ({ text }: { text: string }): string {
  return /<h1>([^<]*)/.exec(text)?.[1] ?? ''
}

t.test('a claim never becomes markup on the page that refuses somebody', async (t) => {
  const { gateway, rogue } = await startRogueGateway(t, { configuration: { access: { rules: [{ path: '/admin/**', require: { roles: ['admin'] } }] }, groups: { allow: [] } } })
  async function refusedAs (text: string): Promise<Answer> {
    rogue.hooks.userinfo = () => ({ sub: 'rogue-1', preferred_username: text, name: text, email: text, groups: [text] })
    const browser = new Browser()
    await signedInCookie(gateway, browser)
    return await browser.open(`${gateway.origin}/admin/x`)
  }
  const benign = await refusedAs('benign')
  t.equal(benign.status, 403)
  t.match(benign.text, /benign/, 'the page says who was refused')
  for (const text of markup) assertHarmless(t, await refusedAs(text), benign, text)
})

t.test('a claim never becomes markup on the page that refuses a sign-in', async (t) => {
  const { gateway, rogue } = await startRogueGateway(t, { configuration: { groups: { require: ['</li><script>alert(1)</script>'] } } })
  const page = await atCallback({ userinfo: () => ({ sub: 'rogue-1', name: markup[0], groups: [markup[1]] }) }, gateway.origin, rogue)
  t.equal(page.status, 403)
  t.notMatch(page.text, /<script>alert/)
})

t.test('a program gets its problem as data, whatever the words', async (t) => {
  const { gateway } = await startRogueGateway(t)
  for (const text of markup) {
    const answer = await new Browser().get(`${gateway.origin}/${encodeURIComponent(text)}`, { program: true })
    t.match(answer.headers, { 'content-type': 'application/problem+json', 'x-content-type-options': 'nosniff' })
    t.type(answer.json(), 'object')
  }
})
