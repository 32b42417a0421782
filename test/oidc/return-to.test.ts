import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { boundedReturnTo, returnToPath } from '../../src/oidc/return-to.ts'
import { Browser } from '../support/browser.ts'
import { exchange, parseMessage, requestText, statusOf, valuesOf } from '../support/raw-socket.ts'
import { type RogueGateway, signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'
import { hostile, legitimate } from './return-to-payloads.ts'

const origin = 'http://localhost:4180'
const payloadsFolder = process.env.PAYLOADS_DIR
const requireAll = process.env.TEST_REQUIRE === 'all'
const hostileTexts = Object.values(hostile).flat()

/** Whether a browser leaves the origin: as the address stands, or once whoever is in between has decoded its path up to three times. */
function leaves (address: string, from = origin): boolean {
  const [path = ''] = address.split(/[?#]/, 1)
  const rest = address.slice(path.length)
  let reading = path
  for (let decodings = 0; decodings <= 3; decodings++) {
    const url = URL.parse(reading + rest, from)
    if (url === null || url.origin !== from || url.pathname.startsWith('//')) return true
    reading = decodeLeniently(reading)
  }
  return false
}

function decodeLeniently (text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

function decodeStrictly (text: string): string[] {
  try {
    return [decodeURIComponent(text)]
  } catch {
    return []
  }
}

/** Every list in the folder: each line as it stands, and decoded. */
function collectedPayloads (): string[] {
  const folder = payloadsFolder ?? ''
  const lines = readdirSync(folder).filter((name) => name.endsWith('.txt'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split(/\r?\n/))
  return [...new Set(lines.flatMap((line) => [line, decodeLeniently(line), ...decodeStrictly(line)]))]
}

t.test('there are enough hostile addresses', async (t) => {
  t.ok(new Set(hostileTexts).size >= 120)
})

for (const [family, addresses] of Object.entries(hostile)) {
  t.test(`an address ${family} is refused`, async (t) => {
    t.strictSame(addresses.filter((address) => returnToPath(address, origin) !== undefined), [])
  })
}

t.test('a page of the application is accepted, however odd its address', async (t) => {
  t.strictSame(legitimate.filter((address) => returnToPath(address, origin) === undefined), [])
  t.strictSame(legitimate.filter((address) => leaves(returnToPath(address, origin) ?? '')), [], 'and the judge of these tests agrees')
})

t.test('what is accepted is visible ASCII, and means the same to a browser', async (t) => {
  for (const address of legitimate) {
    const path = returnToPath(address, origin) ?? ''
    t.match(path, /^\/[\x21-\x7e]*$/, JSON.stringify(address))
    t.equal(new URL(path, origin).href, new URL(address, origin).href, JSON.stringify(address))
  }
})

const pieces = ['/', '//', '\\', '.', '..', '%2f', '%2F', '%5c', '%2e', '%25', '25', '%09', '%0a', '%20', '\t', '\n', ' ', '\0', '@', ':', '?', '#', ';', 'a', 'evil.example', 'http:', 'é', '\u2028', '\uff0f', '\ud800']
const hostileAddress = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((chosen) => chosen.join(''))
const anyAddress = fc.oneof({ weight: 3, arbitrary: hostileAddress.map((text) => `/${text}`) }, hostileAddress, fc.string({ unit: 'binary' }), fc.webUrl())

t.test('whatever is accepted stays on the origin, also when it is cut to fit', async (t) => {
  const stays = fc.property(anyAddress, (address) => {
    const path = returnToPath(address, origin)
    return path === undefined || (!leaves(path) && !leaves(boundedReturnTo(path)))
  })
  t.doesNotThrow(() => fc.assert(stays, { numRuns: 50_000 }))
})

t.test('an address too long for the way through the provider loses its query, then everything', async (t) => {
  t.equal(boundedReturnTo(`/a?${'b'.repeat(2000)}`), '/a')
  t.equal(boundedReturnTo(`/a#${'b'.repeat(2000)}`), '/a')
  t.equal(boundedReturnTo(`/${'a'.repeat(2000)}?b`), '/')
})

t.test('none of the collected payloads leaves the origin', { skip: payloadsFolder === undefined && !requireAll && 'PAYLOADS_DIR is not set' }, async (t) => {
  const payloads = collectedPayloads()
  t.ok(payloads.length > 1000)
  t.strictSame(payloads.filter((payload) => leaves(returnToPath(payload, origin) ?? '/')), [])
})

/** Asks for a sign-in with this very text in the query; the state of the sign-in that began, or `undefined` for a 400. */
async function begunState ({ gateway, rogue }: RogueGateway, text: string): Promise<string | undefined> {
  const bytes = Buffer.from(`/oidc/login?return_to=${text}`).toString('latin1')
  const answer = await exchange(gateway.port, requestText('GET', bytes))
  if (statusOf(answer) === 400) return undefined
  const [location = ''] = valuesOf(parseMessage(answer), 'location')
  const url = new URL(location)
  if (statusOf(answer) !== 302 || url.origin !== rogue.issuer) throw new Error(`unexpected answer to ${JSON.stringify(text)}:\n${answer}`)
  return url.searchParams.get('state') ?? ''
}

/** Who is signed in already is sent on by any callback of ours: to where the sign-in would have led. */
async function finalTarget ({ gateway }: RogueGateway, state: string, cookie: string): Promise<string> {
  const answer = await exchange(gateway.port, requestText('GET', `/oidc/callback?state=${state}&code=x`, [['Cookie', cookie]]))
  if (statusOf(answer) !== 303) throw new Error(`unexpected answer:\n${answer}`)
  return valuesOf(parseMessage(answer), 'location').join('\n')
}

/** The addresses, as they stand and encoded, that lead away through the front door. */
async function leavingByTheDoor (setup: RogueGateway, payloads: readonly string[]): Promise<string[]> {
  const cookie = await signedInCookie(setup.gateway)
  const texts = [...new Set(payloads.flatMap((payload) => [payload, encodeURIComponent(payload.toWellFormed())]))]
  const leaving: string[] = []
  const work = texts.values()
  await Promise.all(Array.from({ length: 16 }, async () => {
    for (const text of work) {
      const state = await begunState(setup, text)
      if (state !== undefined && leaves(await finalTarget(setup, state, cookie), setup.gateway.origin)) leaving.push(text)
    }
  }))
  return leaving
}

t.test('through the front door no hostile address leads away', async (t) => {
  const setup = await startRogueGateway(t)
  t.strictSame(await leavingByTheDoor(setup, hostileTexts), [])
  t.equal(setup.upstream.requests.length, 0)
})

t.test('through the front door none of the collected payloads leads away', { skip: payloadsFolder === undefined && !requireAll && 'PAYLOADS_DIR is not set' }, async (t) => {
  // More of them than one client may ask for.
  const setup = await startRogueGateway(t, { configuration: { server: { rateLimit: { perSecond: 0 } } } })
  t.strictSame(await leavingByTheDoor(setup, collectedPayloads()), [])
})

t.test('a whole sign-in ends at the page wanted', async (t) => {
  const { gateway, upstream } = await startRogueGateway(t)
  const wanted = legitimate.filter((address) => !/^\/oidc|[#\\]|\/\.\.?\/|%3[BF]|%23/.test(address)).slice(0, 25)
  for (const address of wanted) {
    const page = await new Browser().open(`${gateway.origin}/oidc/login?return_to=${encodeURIComponent(address)}`)
    t.equal(page.url.href, new URL(address, gateway.origin).href, address)
    t.equal(page.status, 200, address)
  }
  t.equal(upstream.requests.length, wanted.length)
})
