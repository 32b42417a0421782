/** Cookies that Doorward did not write, or not like this: altered, cut, spliced, swapped for another kind of ours (CVE-2021-32791, CVE-2023-35941, CVE-2024-24814). */
import t from 'tap'
import { exchange, requestText, statusOf } from '../support/raw-socket.ts'
import { Browser } from '../support/browser.ts'
import { type RogueGateway, signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'

/** Status of the session route with this Cookie header, byte by byte: 200 or 401. */
async function sessionStatus ({ gateway }: RogueGateway, cookie: string): Promise<number> {
  return statusOf(await exchange(gateway.port, requestText('GET', '/oidc/session', [['Cookie', cookie]])))
}

const manyGroups = { sub: 'rogue-1', groups: Array.from({ length: 160 }, (_, index) => `a-group-of-the-company-number-${index}-${'x'.repeat(10)}`) }

t.test('a session cookie that was altered anywhere is none', async (t) => {
  const setup = await startRogueGateway(t)
  const cookie = await signedInCookie(setup.gateway)
  const name = 'doorward='.length
  t.equal(await sessionStatus(setup, cookie), 200)
  const flipped = (index: number) => `${cookie.slice(0, index)}${cookie[index] === 'Q' ? 'g' : 'Q'}${cookie.slice(index + 1)}`
  const step = Math.floor((cookie.length - name) / 40)
  for (let index = name; index < cookie.length - 1; index += step) t.equal(await sessionStatus(setup, flipped(index)), 401, `character ${index}`)

  const [ciphertext = '', nonce = ''] = cookie.slice(name).split('.')
  const [otherCiphertext = '', otherNonce = ''] = (await signedInCookie(setup.gateway)).slice(name).split('.')
  t.not(nonce, otherNonce, 'no nonce is used twice')
  const made = [
    `${ciphertext}.${otherNonce}`, `${otherCiphertext}.${nonce}`, `${nonce}.${ciphertext}`, ciphertext, `${ciphertext}.`, `.${nonce}`, `${ciphertext};${nonce}`,
    `${ciphertext.slice(0, -4)}.${nonce}`, `${ciphertext}AAAA.${nonce}`, `${ciphertext}.${nonce}A`, `${ciphertext}.${nonce}.${nonce}`, ` ${ciphertext} . ${nonce}`, ''
  ]
  for (const value of made) t.equal(await sessionStatus(setup, `doorward=${value}`), 401, value.slice(0, 60))
})

t.test('what Doorward sealed for another purpose is no session', async (t) => {
  const setup = await startRogueGateway(t)
  const { gateway, rogue } = setup
  const browser = new Browser()
  const login = await browser.get(`${gateway.origin}/oidc/login`)
  const [, loginCookie = ''] = (browser.jar.header(new URL(gateway.origin)) ?? '').split('=')
  const state = login.location?.searchParams.get('state') ?? ''
  t.equal(login.location?.origin, rogue.issuer)
  for (const value of [loginCookie, state]) t.equal(await sessionStatus(setup, `doorward=${value}`), 401)
})

t.test('a session in chunks is whole or none', async (t) => {
  const setup = await startRogueGateway(t, { rogue: { claims: manyGroups } })
  const cookie = await signedInCookie(setup.gateway)
  const chunks = cookie.split('; ')
  t.ok(chunks.length > 1, 'the session needs chunks')
  t.equal(await sessionStatus(setup, cookie), 200)
  t.equal(await sessionStatus(setup, [...chunks].reverse().join('; ')), 200, 'in any order')
  for (const missing of chunks) t.equal(await sessionStatus(setup, chunks.filter((chunk) => chunk !== missing).join('; ')), 401, 'with one missing')
  const renumbered = cookie.replace('doorward.0=', 'doorward.x=').replace('doorward.1=', 'doorward.0=').replace('doorward.x=', 'doorward.1=')
  t.equal(await sessionStatus(setup, renumbered), 401, 'in the wrong places')
  t.equal(await sessionStatus(setup, `${cookie}; ${chunks[0]}`), 401, 'with one twice')
  const other = (await signedInCookie(setup.gateway)).split('; ')
  t.equal(await sessionStatus(setup, [chunks[0], ...other.slice(1)].join('; ')), 401, 'from two sessions')
})

const oddHeaders = [
  ';', '=', ';;;', 'a;;;b', ' ', '=v', '=doorward=x', 'doorward', 'doorward;', 'doorward==', 'doorward=;doorward=', 'doorward=%n%s%d{}', 'doorward=%0d%0aDEL x', 'doorward="quoted"',
  'doorward.0=99999999', 'doorward.99999999=x', 'doorward.-1=x', 'doorward.1e9=x', 'doorward.abc=x', 'doorward_chunks=99999999', 'doorward-login-=x', 'doorward-login-x', 'doorward-login-__proto__=x',
  '__proto__=x; doorward=y', 'doorward=\x80\xff', `doorward=${'A'.repeat(20_000)}.${'A'.repeat(32)}`, `${'doorward.0=A; '.repeat(500)}x=y`, `${'a=b;'.repeat(3_000)}`
]

t.test('no Cookie header is too odd', async (t) => {
  const setup = await startRogueGateway(t)
  for (const header of oddHeaders) {
    const name = JSON.stringify(header.slice(0, 40))
    t.equal(await sessionStatus(setup, header), 401, name)
    const navigation = await exchange(setup.gateway.port, requestText('GET', '/', [['Accept', 'text/html'], ['Cookie', header]]))
    t.equal(statusOf(navigation), 302, name)
  }
  t.equal(setup.upstream.requests.length, 0)
})

t.test('of a Cookie header the application sees everything but ours', async (t) => {
  const setup = await startRogueGateway(t)
  const own = await signedInCookie(setup.gateway)
  const sent = `a=1; b; =c; ${own}; doorward-login-x=1; d="e; f"; doorwardx=2; doorward.5=3;;g=h=i`
  await exchange(setup.gateway.port, requestText('GET', '/', [['Cookie', sent]]))
  t.equal(setup.upstream.requests[0]?.headers.cookie, 'a=1; b; =c; d="e; f"; doorwardx=2; doorward.5=3; g=h=i')
})

t.test('E17: a session that was ended is dead, whoever kept its cookie', async (t) => {
  const setup = await startRogueGateway(t)
  const browser = new Browser()
  const cookie = await signedInCookie(setup.gateway, browser)
  t.equal(await sessionStatus(setup, cookie), 200)
  await browser.open(`${setup.gateway.origin}/oidc/logout`, { method: 'POST', from: setup.gateway.origin })
  t.equal(await sessionStatus(setup, cookie), 401, 'CVE-2024-31999')
})

t.test('a session that was ended is dead, also where the clock is set back before', async (t) => {
  const clock = { now: Date.now() }
  const setup = await startRogueGateway(t, { now: () => clock.now })
  const browser = new Browser()
  const cookie = await signedInCookie(setup.gateway, browser)
  clock.now -= 5_000
  await browser.open(`${setup.gateway.origin}/oidc/logout`, { method: 'POST', from: setup.gateway.origin })
  t.equal(await sessionStatus(setup, cookie), 401)
})

t.test('more groups than cookies can hold are an explanation, not a loop', async (t) => {
  const groups = Array.from({ length: 4_000 }, (_, index) => `group-${index}`)
  const { gateway, browser } = await startRogueGateway(t, { rogue: { claims: { sub: 'rogue-1', groups } } })
  const page = await browser.open(`${gateway.origin}/`)
  t.equal(page.status, 500)
  t.match(page.text, /more information than a session can hold/)
  t.match(gateway.audit.at(-1), { event: 'login', outcome: 'failure', reason: 'session_too_large' })
  t.equal(browser.jar.header(new URL(gateway.origin)), undefined)
})
