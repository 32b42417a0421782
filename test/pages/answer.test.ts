import { type IncomingHttpHeaders } from 'node:http'
import { test } from 'tap'
import { Problem, problems, type ProblemCode } from '../../src/errors.ts'
import { createPages, wantsHtml } from '../../src/pages/index.ts'

const site = { basePath: '/oidc', publicUrl: 'https://app.example.com', providerLabel: 'Sign in', providerNames: new Map<string, string>(), detail: 'full' } as const
const pages = createPages(site)
const reticent = createPages({ ...site, detail: 'minimal' })
const codes = Object.keys(problems) as ProblemCode[]
const forPrograms = { wants: 'json', requestId: 'req-1' } as const
const forPeople = { wants: 'html', requestId: 'req-1' } as const

const person = { user: 'mallory', email: 'mallory@example.com', provider: 'corp', roles: ['intern'], groups: ['cleaners'] }
const reasons = { detail: 'Only the board may see this.', members: { rule: 7, missing: { roles: ['director'] } } }

test('a program gets a problem document with the members that the problem brings', async (t) => {
  const { status, headers, body } = pages.answerTo(new Problem('access_denied', reasons), { ...forPrograms, person })
  t.equal(status, 403)
  t.strictSame(headers, {
    'cache-control': 'no-store',
    'content-type': 'application/problem+json',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY'
  })
  t.strictSame(JSON.parse(body), {
    type: 'urn:doorward:problem:access_denied',
    title: 'You don’t have access',
    status: 403,
    detail: 'Only the board may see this.',
    instance: 'urn:doorward:request:req-1',
    code: 'access_denied',
    request_id: 'req-1',
    rule: 7,
    missing: { roles: ['director'] },
    account: { user: 'mallory', email: 'mallory@example.com', provider: 'corp', roles: ['intern'], groups: ['cleaners'] }
  })
})

test('every problem is answered in both forms, with its status and its public words', async (t) => {
  for (const code of codes) {
    const { status, title, detail } = problems[code]
    const page = pages.answerTo(new Problem(code), forPeople)
    t.match(page, { status, headers: { 'content-type': 'text/html; charset=utf-8' } }, `${code} as a page`)
    t.match(page.body, `<h1>${title}</h1>\n<p class="lead">${detail}</p>`)
    t.match(page.body, /class="button primary" href="(https:\/\/app\.example\.com)?\//, `the page for ${code} has a way on`)
    const document = pages.answerTo(new Problem(code), forPrograms)
    t.match({ status: document.status, body: JSON.parse(document.body) },
      { status, body: { type: `urn:doorward:problem:${code}`, title, status, detail, code, request_id: 'req-1' } }, `${code} as a document`)
  }
})

test('401 names a scheme that no browser asks a password for, and where to sign in', async (t) => {
  const required = new Problem('sign_in_required')
  for (const occasion of [forPrograms, forPeople]) {
    t.equal(pages.answerTo(required, occasion).headers['www-authenticate'], 'Bearer realm="doorward"')
  }
  t.equal(pages.answerTo(new Problem('access_denied'), forPrograms).headers['www-authenticate'], undefined)
  const invalidToken = new Problem('sign_in_required', { headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })
  t.equal(pages.answerTo(invalidToken, forPrograms).headers['www-authenticate'], 'Bearer error="invalid_token"', 'the problem may say more')

  const loginUrl = '/oidc/login?return_to=%2Freports'
  t.match(JSON.parse(pages.answerTo(required, { ...forPrograms, loginUrl }).body), { login_url: loginUrl })
  t.match(JSON.parse(pages.answerTo(required, forPrograms).body), { login_url: '/oidc/login' })
  t.notOk('login_url' in JSON.parse(pages.answerTo(new Problem('not_found'), forPrograms).body))
})

test('a header of the problem is sent, but takes nothing away from the protection of the answer', async (t) => {
  const problem = new Problem('sign_in_unavailable', { headers: { 'retry-after': '5', 'content-security-policy': 'default-src *', 'cache-control': 'public' } })
  const { headers } = pages.answerTo(problem, forPeople)
  t.match(headers, { 'retry-after': '5', 'cache-control': 'no-store', 'content-security-policy': /^default-src 'none';/ })
})

test('a member can’t speak in the place of a standard one', async (t) => {
  const problem = new Problem('not_found', { members: { status: 200, code: 'fine', type: 'x', request_id: 'y' } })
  t.match(JSON.parse(pages.answerTo(problem, forPrograms).body), { status: 404, code: 'not_found', type: 'urn:doorward:problem:not_found', request_id: 'req-1' })
})

test('a request id that is not fit for a URN is percent-encoded in the instance', async (t) => {
  const body = pages.answerTo(new Problem('not_found'), { wants: 'json', requestId: 'a b/\uD800' }).body
  t.match(JSON.parse(body), { instance: 'urn:doorward:request:a%20b%2F%EF%BF%BD' })
})

test('with minimal detail a refusal tells neither its rule nor whom it refused', async (t) => {
  for (const code of ['access_denied', 'sign_in_refused', 'acr_not_met'] as const) {
    for (const wants of ['html', 'json'] as const) {
      const refusal = new Problem(code, { ...reasons, headers: { 'x-kept': 'yes' } })
      const occasion = { wants, requestId: 'req-1', person, switchAccountUrl: '/oidc/logout' }
      const full = pages.answerTo(refusal, occasion)
      const minimal = reticent.answerTo(refusal, occasion)
      t.match(full.body, /board/)
      t.notMatch(minimal.body, /board|rule|director|mallory|intern|cleaners|account"|missing/i)
      t.match(minimal.body, problems[code].detail)
      t.equal(minimal.headers['x-kept'], 'yes')
    }
  }
  const waysOn = { login_url: '/oidc/login', switch_account_url: '/oidc/login?switch_account=true' }
  t.match(JSON.parse(reticent.answerTo(new Problem('access_denied', { members: { ...waysOn, rule: 1 } }), forPrograms).body), waysOn, 'the ways on stay')
  const missing = new Problem('login_cookie_missing', { members: { cookie: 'doorward-login-1' } })
  t.match(reticent.answerTo(missing, forPeople).body, 'doorward-login-1', 'a failed sign-in is explained all the same')
})

test('the cause of a problem never leaves', async (t) => {
  const cause = new Error('connect ECONNREFUSED 10.0.0.7:5432', { cause: { clientSecret: 'hunter2' } })
  for (const code of codes) {
    for (const occasion of [forPrograms, forPeople]) {
      t.notMatch(JSON.stringify(pages.answerTo(new Problem(code, { cause }), occasion)), /ECONNREFUSED|10\.0\.0\.7|hunter2|answer\.test/)
    }
  }
})

test('a page is for navigations', async (t) => {
  const chrome = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8'
  const rows: Array<[string, IncomingHttpHeaders, boolean]> = [
    ['a navigation', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: chrome }, true],
    ['a navigation that does not name its destination', { 'sec-fetch-mode': 'navigate' }, true],
    ['a navigation of a frame', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }, true],
    ['a navigation of a frame set', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'frame' }, true],
    ['an embedded object', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'object', accept: chrome }, false],
    ['a script that asks for HTML', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: 'text/html' }, false],
    ['an image', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image', accept: 'image/*,*/*;q=0.8' }, false],
    ['a WebSocket', { 'sec-fetch-mode': 'websocket' }, false],
    ['fetch metadata given twice', { 'sec-fetch-mode': 'navigate, navigate', accept: chrome }, false],
    ['a browser without fetch metadata', { accept: chrome }, true],
    ['HTML with a weight', { accept: 'application/json, Text/HTML ; q=0.5' }, true],
    ['HTML refused by its weight', { accept: 'text/html;q=0, application/json' }, false],
    ['HTML refused by a longer weight', { accept: 'text/html; level=1; q=0.000' }, false],
    ['a type that only begins like HTML', { accept: 'text/html5' }, false],
    ['curl', { accept: '*/*' }, false],
    ['no Accept at all', {}, false],
    ['a script of an older browser', { accept: 'text/html, */*; q=0.01', 'x-requested-with': 'XMLHttpRequest' }, false]
  ]
  for (const [name, headers, expected] of rows) t.equal(wantsHtml(headers), expected, name)
})
