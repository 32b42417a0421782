import t, { test } from 'tap'
import { startProvider } from '../support/provider.ts'
import { startUpstream } from '../support/upstream.ts'
import { anotherBrowser, type Journey, logins, startJourney } from '../flows/journey.ts'

/** Their session is as large as a test wants: a claim that a rule refers to is kept in it. */
const pat = { preferred_username: 'pat', padding: '' }
const provider = await startProvider(t, { people: { pat } })
const upstream = await startUpstream(t)
/** And no id_token, which would hold the padding as well. */
const keepsPadding = { provider: { logout: { atProvider: false } }, access: { rules: [{ path: '/never', require: { claims: { padding: ['x'] } } }] } }

/** Signs in anew with so much padding; the cookies of the session, by name. */
async function signInWith (padding: number, journey: Journey): Promise<Record<string, string>> {
  pat.padding = 'x'.repeat(padding)
  // Another page each time: who signs in for one again and again is taken to run in circles.
  await journey.browser.open(journey.url(`/oidc/login?return_to=/x/${journey.gateway.audit.length}`))
  return sessionCookies(journey)
}

function sessionCookies ({ browser, url }: Journey): Record<string, string> {
  const own = browser.jar.for(new URL(url('/'))).filter(({ name }) => /^__Host-doorward(\.\d)?$/.test(name))
  return Object.fromEntries(own.map(({ name, value }) => [name, value] as const))
}

function lengthOf (cookies: Record<string, string>): number {
  return Object.values(cookies).join('').length
}

/** Signs in with a session of exactly this length once it is sealed; base64 has lengths that it skips. */
async function signInAt (length: number, journey: Started): Promise<Record<string, string>> {
  const padding = journey.paddingFor(length) - 1
  let cookies = await signInWith(padding, journey)
  for (let more = 1; lengthOf(cookies) < length; more++) cookies = await signInWith(padding + more, journey)
  return cookies
}

interface Started extends Journey {
  /** About how much padding makes a sealed session of this length. */
  readonly paddingFor: (length: number) => number
}

async function start (t: Parameters<typeof startJourney>[0]): Promise<Started> {
  const journey = await startJourney(t, { provider, upstream, publicUrl: 'https://app.example.com', configuration: keepsPadding })
  pat.padding = ''
  await journey.browser.signIn(journey.url('/x'), 'pat')
  const sealed = lengthOf(await signInWith(1, journey))
  // Three bytes become four characters of base64.
  return { ...journey, paddingFor: (length) => 1 + Math.floor((length - sealed) * 3 / 4) }
}

test('a session is cut into as few cookies as it needs, up to four, and each is one that browsers take', async (t) => {
  const journey = await start(t)
  const expected: ReadonlyArray<readonly [length: number, names: readonly string[]]> = [
    [4000, ['__Host-doorward']],
    [4001, ['__Host-doorward.0', '__Host-doorward.1']],
    [8000, ['__Host-doorward.0', '__Host-doorward.1']],
    [8001, ['__Host-doorward.0', '__Host-doorward.1', '__Host-doorward.2']],
    [12000, ['__Host-doorward.0', '__Host-doorward.1', '__Host-doorward.2']],
    [12001, ['__Host-doorward.0', '__Host-doorward.1', '__Host-doorward.2', '__Host-doorward.3']],
    [16000, ['__Host-doorward.0', '__Host-doorward.1', '__Host-doorward.2', '__Host-doorward.3']]
  ]
  for (const [length, names] of expected) {
    const cookies = await signInAt(length, journey)
    t.strictSame([lengthOf(cookies), Object.keys(cookies).sort()], [length, names])
    t.equal((await journey.browser.get(journey.url('/x'))).status, 200, 'and is read again')
  }
})

test('a session that shrinks leaves none of its earlier cookies behind', async (t) => {
  const journey = await start(t)
  const sizes: ReadonlyArray<readonly [length: number, cookies: number]> = [[9000, 3], [1500, 1], [14000, 4], [5000, 2], [1500, 1]]
  for (const [length, count] of sizes) {
    const cookies = await signInWith(journey.paddingFor(length), journey)
    t.equal(Object.keys(cookies).length, count)
    t.equal((await journey.browser.get(journey.url('/x'))).status, 200)
  }
  await signInWith(journey.paddingFor(9000), journey)
  await journey.browser.open(journey.url('/oidc/logout'))
  t.strictSame(sessionCookies(journey), {}, 'nor does signing out')
})

test('one part of a session that is missing, or of an earlier one, is no session, and the next sign-in mends it', async (t) => {
  const journey = await start(t)
  const { browser, url } = journey
  const earlier = await signInWith(journey.paddingFor(9000), journey)
  const cookies = await signInWith(journey.paddingFor(9000), journey)
  const broken: Array<Record<string, string | undefined>> = [{ ...cookies, '__Host-doorward.1': undefined }, { ...cookies, '__Host-doorward.2': earlier['__Host-doorward.2'] }, { ...cookies, '__Host-doorward': 'left.behind' }, { ...cookies, '__Host-doorward.3': earlier['__Host-doorward.0'] }]
  for (const parts of broken) {
    const cookie = Object.entries(parts).filter(([, value]) => value !== undefined).map((pair) => pair.join('=')).join('; ')
    t.equal((await anotherBrowser(journey).get(url('/x'), { headers: { cookie } })).status, 302)
    for (const pair of cookie.split('; ')) browser.jar.store(new URL(url('/')), `${pair}; Path=/; Secure`)
    if (parts['__Host-doorward.1'] === undefined) browser.jar.store(new URL(url('/')), '__Host-doorward.1=; Max-Age=0; Path=/; Secure')
    t.equal((await browser.open(url(`/${journey.gateway.audit.length}`))).status, 200)
    t.strictSame(Object.keys(sessionCookies(journey)).sort(), ['__Host-doorward.0', '__Host-doorward.1', '__Host-doorward.2'])
  }
})

test('E17: a session too large for four cookies ends in a page that says so, not in a loop', async (t) => {
  const journey = await start(t)
  const { browser, gateway, url } = journey
  const before = await signInAt(16000, journey)
  pat.padding += 'x'
  gateway.audit.length = 0
  const page = await browser.open(url('/oidc/login?return_to=/x'))
  t.equal(page.status, 500)
  t.equal(page.url.pathname, '/oidc/callback')
  t.match(page.text, /Your account carries more information than a session can hold/)
  t.strictSame(logins(journey), ['failure: session_too_large'])
  t.match(gateway.audit, [{ user: { user: 'pat' }, metadata: { method: 'oidc' } }])
  t.strictSame(sessionCookies(journey), before, 'the session before goes on')
})
