import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { test } from 'tap'
import { Problem, problems, type ProblemCode } from '../../src/errors.ts'
import { createPages, type Answer, type ClaimsReport, type Occasion } from '../../src/pages/index.ts'

const site = { basePath: '/oidc', publicUrl: 'https://app.example.com', providerLabel: 'Sign in with Contoso', providerNames: new Map([['corp', 'Example Corporation']]), detail: 'full' } as const
const pages = createPages(site)
const codes = Object.keys(problems) as ProblemCode[]
const links = { loginUrl: '/oidc/login?return_to=%2Fa', retryUrl: '/a?b=1&c=2', switchAccountUrl: '/oidc/logout?then=login' }
const ada = { user: 'ada', email: 'ada@example.com', provider: 'default', roles: ['host', 'log'], groups: ['ops'] }

/** Every page there is, with one text wherever a text from outside can stand. */
function everyPage (text: string): Answer[] {
  const pages = createPages({ ...site, providerLabel: text, providerNames: new Map([['corp', text]]), publicUrl: `https://${text}` })
  const problem = { detail: text, members: { rule: 1, missing: { [`0${text}`]: [text] }, cookie: text } }
  const occasion = { wants: 'html', requestId: text, person: { user: text, email: `${text}@`, provider: 'corp', roles: [text], groups: [text] }, ...links } as const
  return [
    ...codes.map((code) => pages.answerTo(new Problem(code, problem), occasion)),
    pages.chooser({ action: '/oidc/login', fields: { return_to: text }, providers: [{ id: text, label: text }], takesEmail: true, unknownEmail: text }, text),
    pages.claims(claimsOf(text), 'html', text),
    pages.signedIn({ returnTo: text, requestId: text }),
    pages.signedOut({ isEverywhere: false, requestId: text }),
    pages.confirmLogout({ returnTo: text, requestId: text })
  ]
}

/** The claims of somebody who has this text everywhere. */
function claimsOf (text: string): ClaimsReport {
  // An empty one would be marked as blank.
  const held = `${text}.`
  const grants = [{ name: text, holds: [held], by: text, matched: held, dropped: text, onlyAt: [text] }]
  return {
    version: 1,
    time: text,
    provider: { id: text, label: text },
    person: { user: text, sub: text, email: text, roles: [text] },
    hints: [{ code: 'groups_claim_absent', text, names: [text] }],
    settings: [{ setting: text, claim: text, from: ['idToken'], value: held }],
    claims: { idToken: { [text]: held }, userinfo: { [text]: [held] }, merged: { [text]: { [text]: text } } },
    fetched: [text],
    blank: { idToken: [], userinfo: [], merged: [] },
    hidden: [],
    groups: [{ name: text, claim: text, renamedFrom: text, dropped: text }],
    roles: grants,
    organizations: grants,
    projects: grants,
    attributes: grants,
    scopes: { asked: [text], granted: [] },
    sizes: { cookie: { bytes: 1, count: 1 }, headers: [{ path: text, bytes: 1 }] }
  }
}

function page (code: ProblemCode, members: Record<string, unknown> = {}, more: Partial<Occasion> = {}): string {
  return pages.answerTo(new Problem(code, { members }), { wants: 'html', requestId: 'req-1', ...links, ...more }).body
}

/** The tags of a page and the names of their attributes: what a browser makes of it, without any value. */
function skeleton (body: string): string[] {
  return body.replaceAll(/="[^"]*"/g, '').match(/<[^>]*>?/g) ?? []
}

/** Text and address of each button, in the order of the page. */
function buttonsOf (body: string): Array<[string | undefined, string | undefined]> {
  return [...body.matchAll(/<a class="button[^"]*" href="([^"]*)">([^<]*)/g)].map(([, href, text]) => [text, href?.replaceAll('&amp;', '&')])
}

test('every page brings its protection, and its one style sheet is the one that the policy admits', async (t) => {
  const answers = codes.map((code) => pages.answerTo(new Problem(code), { wants: 'html', requestId: 'r' }))
  for (const { headers: { 'www-authenticate': challenge, ...headers }, body } of [...answers, pages.signedIn({ returnTo: '/', requestId: 'r' }), pages.signedOut({ isEverywhere: true, requestId: 'r' })]) {
    const style = /<style>([^]*?)<\/style>/.exec(body)?.[1] ?? ''
    t.ok(style.length > 0)
    const hash = createHash('sha256').update(style).digest('base64')
    t.strictSame(headers, {
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
      'content-type': 'text/html; charset=utf-8',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY'
    })
  }
})

test('after a sign-in the page goes on by itself, to this origin alone', async (t) => {
  const { status, body } = pages.signedIn({ returnTo: '/reports?a=1&b="2"', requestId: 'r' })
  t.equal(status, 200)
  t.match(body, '<meta http-equiv="refresh" content="0;url=/reports?a=1&amp;b=&quot;2&quot;">')
  t.match(body, '<a class="button primary" href="/reports?a=1&amp;b=&quot;2&quot;">Go on</a>')
  const elsewhere = pages.signedIn({ returnTo: '//evil.example', requestId: 'r' }).body
  t.match(elsewhere, 'content="0;url=/">')
  t.notMatch(elsewhere, 'evil')
})

test('a page with a script names its hash, runs nothing else, and goes on without one too', async (t) => {
  const signingIn = pages.signingIn({ returnTo: '/a?b=1&c="2"', onward: '/oidc/login?return_to=%2Fa&fragment=none', requestId: 'r' })
  const signedIn = pages.signedIn({ returnTo: '/a?b=1', fragment: '"><script>alert(1)</script>', requestId: 'r' })
  for (const { headers, body } of [signingIn, signedIn]) {
    const scripts = [...body.matchAll(/<script>([^]*?)<\/script>/g)].map(([, text = '']) => createHash('sha256').update(text).digest('base64'))
    t.equal(scripts.length, 1)
    t.match(headers['content-security-policy'], 'default-src \'none\'; style-src')
    t.ok(headers['content-security-policy']?.endsWith(`; frame-ancestors 'none'; script-src 'sha256-${scripts[0]}'`))
    t.match(body, /<noscript><meta http-equiv="refresh" content="0;url=\/[^"]*"><\/noscript>/)
  }
  t.match(signingIn.body, '<a class="button primary" data-page="/a?b=1&amp;c=&quot;2&quot;" href="/oidc/login?return_to=%2Fa&amp;fragment=none">Go on</a>')
  t.match(signedIn.body, 'data-fragment="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" href="/a?b=1">')
})

test('the logout form may be answered with a way to the provider, and is posted with its origin', async (t) => {
  const { headers, body } = pages.confirmLogout({ requestId: 'req-1' })
  t.match(headers, { 'referrer-policy': 'same-origin', 'content-security-policy': /; form-action http: https:; base-uri 'none'; frame-ancestors 'none'$/ })
  t.match(body, '<form method="post" action="/oidc/logout"><button class="button primary">Sign out</button></form>')
  t.strictSame(buttonsOf(body), [['Stay signed in', '/']])
})

test('the choice of a provider keeps what the sign-in was for, and its form can be used by everybody', async (t) => {
  const choice = { action: '/oidc/login', fields: { return_to: '/a?b=1&c="2"', switch_account: 'true' }, providers: [{ id: 'corp', label: 'A & B' }, { id: 'p', label: 'P' }], takesEmail: true }
  const first = pages.chooser(choice, 'r')
  t.equal(first.status, 200)
  const query = 'return_to=%2Fa%3Fb%3D1%26c%3D%222%22&switch_account=true'
  t.strictSame(buttonsOf(first.body), [['A &amp; B', `/oidc/login?${query}&provider=corp`], ['P', `/oidc/login?${query}&provider=p`]])
  t.match(first.body, '<form class="field" method="post" action="/oidc/login">')
  t.match(first.body, '<input type="hidden" name="return_to" value="/a?b=1&amp;c=&quot;2&quot;">')
  t.match(first.body, /<label for="email">[^]*<input id="email" name="email" type="email" autocomplete="username"[^>]* aria-describedby="email-note">\n<p id="email-note"/)
  t.match(first.headers['content-security-policy'], /form-action http: https:;/, 'the answer to the form is a redirect to the provider')
  t.equal(first.headers['referrer-policy'], 'same-origin')
  const again = pages.chooser({ ...choice, unknownEmail: 'x@y' }, 'r')
  t.equal(again.status, 400)
  t.match(again.body, /value="x@y" aria-describedby="email-note" aria-invalid="true" autofocus>\n<p id="email-note" class="wrong" role="alert">/)
  t.notMatch(pages.chooser({ ...choice, takesEmail: false }, 'r').body, /<form|<input/)
})

test('every page is a whole document with one heading, and shows the reference', async (t) => {
  for (const { body } of everyPage('ref-42')) {
    t.match(body, /^<!doctype html>\n<html lang="en">/)
    t.match(body, '<meta name="viewport" content="width=device-width, initial-scale=1">')
    t.match(body, '<meta name="robots" content="noindex">')
    t.match(body, '<p class="reference">Reference <code>ref-42</code></p>')
    for (const tag of ['<h1>', '<main>', '<title>']) t.equal(body.split(tag).length, 2, tag)
  }
})

test('no page holds a script, an inline style, an event handler or anything from elsewhere', async (t) => {
  for (const { body } of everyPage('x')) {
    const markup = body.replaceAll('https://x', '')
    t.notMatch(markup, /<(script|iframe|object|embed|link|base|img)|javascript:| on\w+=| style=|:\/\/|url\(|@import|\bsrc=/i)
  }
})

test('hostile text stays text, wherever it stands', async (t) => {
  const expected = everyPage('x').map(({ body }) => skeleton(body))
  const hostile = fc.constantFrom('<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '</title>', '</style>', '\' onclick=\'', '<!--', '&lt;', '`')
  const text = fc.array(fc.oneof(hostile, fc.string({ unit: 'binary' })), { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''))
  fc.assert(fc.property(text, (text) => {
    t.strictSame(everyPage(text).map(({ body }) => skeleton(body)), expected)
  }), { numRuns: 60 })
})

test('a link leads to this origin or is left out', async (t) => {
  const outside = ['//evil.example', '/\\evil.example', '/\t/evil.example', 'https://evil.example', 'javascript:alert(1)', 'evil', '', '/\n/evil.example', '\\/evil.example', '/ü']
  for (const url of outside) t.strictSame(buttonsOf(page('upstream_failed', {}, { retryUrl: url })), [['Back to the start', '/']], url)
  const anyUrl = fc.oneof(fc.webUrl(), fc.string(), fc.array(fc.constantFrom('/', '\\', '.', '%', '\t', '@', ':', 'evil.example', '?', '#', '"', '&')).map((parts) => parts.join('')))
  fc.assert(fc.property(anyUrl, (url) => buttonsOf(page('upstream_failed', {}, { retryUrl: url }))
    .every(([, href = '']) => URL.parse(href, site.publicUrl)?.origin === site.publicUrl)))
})

test('a refusal says what is missing, by which rule, and to whom', async (t) => {
  const body = pages.answerTo(
    new Problem('access_denied', { detail: 'This page needs the role admin.', members: { rule: 2, missing: { roles: ['admin'] } } }),
    { wants: 'html', requestId: 'req-1', person: ada, ...links }).body
  t.match(body, '<p class="lead">This page needs the role admin.</p><p class="quiet">Rule <code>access.rules[2]</code></p>')
  t.match(body, '<h2>Signed in as</h2>\n<p class="who"><bdi>ada</bdi></p>\n<p class="quiet"><bdi>ada@example.com</bdi></p>')
  t.match(body, '<h3>Roles</h3><ul class="chips"><li><bdi>host</bdi></li><li><bdi>log</bdi></li></ul>')
  t.match(body, '<details><summary>Groups (1)</summary><ul class="chips"><li><bdi>ops</bdi></li></ul></details>')
  t.strictSame(buttonsOf(body), [['Use another account', '/oidc/logout?then=login'], ['Back to the start', '/']])
})

test('a refusal shows what it was given and no empty box', async (t) => {
  t.notMatch(page('access_denied', { rule: {} }), /<section>|Rule/)
  t.match(page('access_denied', { rule: 'default' }), 'Rule <code>access.default</code>')
  t.match(page('access_denied', { rule: 0 }), 'Rule <code>access.rules[0]</code>')
  const plain = page('access_denied', {}, { person: { ...ada, user: 'ada@example.com', roles: [], groups: [] } })
  t.equal(plain.split('ada@example.com').length, 2, 'a user name that is the e-mail address is shown once')
  t.match(plain, /No roles[^]*No groups/)
  t.notMatch(plain, ' at <bdi>', 'of one provider nobody asks which')
  t.match(page('access_denied', {}, { person: { ...ada, provider: 'corp' } }), 'at <bdi>Example Corporation</bdi>')
})

test('of very many roles and groups the first are shown and the rest counted, however long they are', async (t) => {
  const many = (kind: string, count: number) => Array.from({ length: count }, (_, index) => `${kind}-${index} <b>🔑${'🔑'.repeat(5_000)}`)
  const person = { ...ada, user: 'u'.repeat(100_000), roles: many('role', 200), groups: many('group', 5_000) }
  const body = page('access_denied', {}, { person })
  t.match(body, /<bdi>role-23 &lt;b&gt;🔑+…<\/bdi><\/li><li class="more">and 176 more<\/li><\/ul>/u)
  t.match(body, /<summary>Groups \(5000\)<\/summary>[^]*<bdi>group-23 &lt;b&gt;🔑+…<\/bdi><\/li><li class="more">and 4976 more<\/li><\/ul>/u)
  t.notMatch(body, /role-24|group-24|\uFFFD/u)
  t.ok(body.length < 30_000, `${body.length} characters`)
  const { account } = JSON.parse(pages.answerTo(new Problem('access_denied'), { wants: 'json', requestId: 'r', person }).body) as { account: { roles: string[], groups: string[] } }
  t.match(account, { omitted: { roles: 176, groups: 4976 } })
  t.strictSame([account.roles.length, account.groups.length], [24, 24])
})

test('a refused sign-in names the settings that refuse and the account, and offers another', async (t) => {
  const body = page('sign_in_refused', { missing: { 'groups.require': ['staff'], 'groups.allow': ['a', 'b'] } }, { person: ada })
  t.match(body, '<p class="quiet">Rule <code>groups.require</code>, <code>groups.allow</code></p>')
  t.match(body, '<h2>Your account</h2>')
  t.strictSame(buttonsOf(body), [['Use another account', links.switchAccountUrl], ['Sign in again', links.loginUrl]])
})

test('a missing sign-in cookie is named, with what usually keeps it away', async (t) => {
  const body = page('login_cookie_missing', { cookie: '__Host-doorward-login-1' })
  t.match(body, 'Missing cookie <code>__Host-doorward-login-1</code>')
  t.match(body, 'another address than <code>https://app.example.com</code>')
  t.match(body, 'http instead of https')
  t.strictSame(buttonsOf(body), [['Sign in again', links.loginUrl]])
  const local = createPages({ ...site, publicUrl: 'http://localhost:4180' })
  t.notMatch(local.answerTo(new Problem('login_cookie_missing'), { wants: 'html', requestId: 'r' }).body, /instead of https|Missing cookie/)
})

test('what may pass by itself can be tried again', async (t) => {
  for (const code of ['upstream_failed', 'upstream_timeout', 'internal'] as const) {
    t.strictSame(buttonsOf(page(code)), [['Try again', '/a?b=1&c=2'], ['Back to the start', '/']], code)
  }
  t.strictSame(buttonsOf(page('sign_in_unavailable')), [['Try again', links.loginUrl]], 'not the callback, which works once')
  t.strictSame(buttonsOf(page('sign_in_unavailable', {}, { loginUrl: undefined })), [['Try again', '/a?b=1&c=2']])
  t.strictSame(buttonsOf(page('sign_in_unavailable', {}, { loginUrl: undefined, retryUrl: undefined })), [['Try again', '/oidc/login']])
})

test('the button that starts a sign-in says what the configuration says', async (t) => {
  t.strictSame(buttonsOf(page('sign_in_required')), [['Sign in with Contoso', links.loginUrl]])
  const { status, body } = pages.signedOut({ isEverywhere: false, requestId: 'r' })
  t.equal(status, 200)
  t.match(body, /<h1>You are signed out<\/h1>[^]*identity provider may still remember you/)
  t.strictSame(buttonsOf(body), [['Sign in with Contoso', '/oidc/login']])
})
