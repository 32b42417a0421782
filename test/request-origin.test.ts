import fc from 'fast-check'
import { type IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { test } from 'tap'
import { createRequestOrigins, type RequestOrigin, trustedRange } from '../src/request-origin/index.ts'

const trustedProxies = ['10.0.0.0/8', '192.0.2.1', '2001:db8:1::/48', 'fe80::/10']
const read = createRequestOrigins({ publicUrl: new URL('https://app.example.com'), hosts: ['app.internal'], trustedProxies: trustedProxies.map((text) => trustedRange(text) ?? '') })

/** @param headers as Node hands them over: names in lower case, lines of one name joined */
function originOf (peer: string | undefined, headers: Readonly<Record<string, string>> = {}, reading = read): RequestOrigin {
  return reading({ socket: { remoteAddress: peer }, headers, rawHeaders: ['Host', 'app.example.com'] } as unknown as IncomingMessage)
}

const ways: ReadonlyArray<readonly [what: string, peer: string, list: string, expected: readonly string[]]> = [
  ['nothing is believed of a peer that is not trusted', '203.0.113.9', '198.51.100.7', ['203.0.113.9']],
  ['the peer’s word', '10.0.0.1', '198.51.100.7', ['198.51.100.7', '10.0.0.1']],
  ['what the client wrote itself is dropped', '10.0.0.1', '1.1.1.1, 198.51.100.7', ['198.51.100.7', '10.0.0.1']],
  ['a trusted address that the client wrote is dropped too', '10.0.0.1', '10.0.0.9, 198.51.100.7', ['198.51.100.7', '10.0.0.1']],
  ['several proxies', '10.0.0.1', '1.1.1.1, 198.51.100.7, 192.0.2.1,10.9.9.9', ['198.51.100.7', '192.0.2.1', '10.9.9.9', '10.0.0.1']],
  ['a client inside the trusted range', '10.0.0.1', '10.0.0.3, 10.0.0.2', ['10.0.0.3', '10.0.0.2', '10.0.0.1']],
  ['a neighbour of a trusted address', '192.0.2.2', '198.51.100.7', ['192.0.2.2']],
  ['IPv4 in IPv6, as a socket that listens on both has it', '::ffff:10.0.0.1', '::FFFF:198.51.100.7', ['198.51.100.7', '10.0.0.1']],
  ['IPv4 in IPv6 that is not trusted', '::ffff:203.0.113.9', '198.51.100.7', ['203.0.113.9']],
  ['the same in hexadecimal', '10.0.0.1', '::ffff:c633:6407', ['198.51.100.7', '10.0.0.1']],
  ['IPv6, written in another way', '2001:db8:1::1', '2001:DB8:2:0:0::7', ['2001:db8:2::7', '2001:db8:1::1']],
  ['IPv6 that is not trusted', '2001:db8:2::1', '198.51.100.7', ['2001:db8:2::1']],
  ['IPv6 of which the end is a trusted IPv4 address', '2001:db8:2::1', '198.51.100.7', ['2001:db8:2::1']],
  ['a link-local peer, with its zone', 'fe80::1%eth0', '198.51.100.7', ['198.51.100.7', 'fe80::1']],
  ['ports', '10.0.0.1', '[2001:db8:2::7]:4711', ['2001:db8:2::7', '10.0.0.1']],
  ['ports of IPv4', '10.0.0.1', '198.51.100.7:4711', ['198.51.100.7', '10.0.0.1']],
  ['what can’t be read ends the way: unknown', '10.0.0.1', '198.51.100.7, unknown', ['10.0.0.1']],
  ['a name', '10.0.0.1', '198.51.100.7, client.example', ['10.0.0.1']],
  ['nothing between commas', '10.0.0.1', '198.51.100.7,, 10.0.0.2', ['10.0.0.2', '10.0.0.1']],
  ['nothing', '10.0.0.1', '', ['10.0.0.1']],
  ['octal', '10.0.0.1', '198.51.100.07', ['10.0.0.1']],
  ['too short', '10.0.0.1', '198.51.100', ['10.0.0.1']],
  ['a zone', '10.0.0.1', 'fe80::1%eth0', ['10.0.0.1']],
  ['a range', '10.0.0.1', '198.51.100.0/24', ['10.0.0.1']],
  ['quotes', '10.0.0.1', '"198.51.100.7"', ['10.0.0.1']],
  ['brackets around IPv4', '10.0.0.1', '[198.51.100.7]', ['10.0.0.1']]
]

test('the client is the address nearest to Doorward that no trusted proxy has', async (t) => {
  for (const [what, peer, list, expected] of ways) {
    const origin = originOf(peer, { 'x-forwarded-for': list })
    t.strictSame([origin.clientAddress, origin.forwardedFor], [expected[0], expected], what)
  }
})

test('one IPv6 range does not let IPv4 in', async (t) => {
  const reading = createRequestOrigins({ publicUrl: new URL('https://app.example.com'), hosts: [], trustedProxies: ['::/64', '::ffff:0:0:0/95'] })
  t.equal(originOf('10.0.0.1', { 'x-forwarded-for': '198.51.100.7' }, reading).clientAddress, '10.0.0.1')
  t.equal(originOf('::ffff:10.0.0.1', { 'x-forwarded-for': '198.51.100.7' }, reading).clientAddress, '10.0.0.1')
  t.equal(originOf('::5', { 'x-forwarded-for': '198.51.100.7' }, reading).clientAddress, '198.51.100.7')
})

test('a peer without an address is believed where unix is trusted, and there alone', async (t) => {
  const reading = createRequestOrigins({ publicUrl: new URL('https://app.example.com'), hosts: [], trustedProxies: ['unix'] })
  const headers = { 'x-forwarded-for': '1.1.1.1, 198.51.100.7' }
  t.match(originOf(undefined, headers, reading), { clientAddress: '198.51.100.7', forwardedFor: ['198.51.100.7'], isTrustedPeer: true })
  t.match(originOf(undefined, {}, reading), { clientAddress: '', forwardedFor: [] })
  t.match(originOf('10.0.0.1', headers, reading), { clientAddress: '10.0.0.1', isTrustedPeer: false })
  t.match(originOf(undefined, headers), { clientAddress: '', forwardedFor: [], isTrustedPeer: false })
})

const elements: ReadonlyArray<readonly [what: string, forwarded: string, client: string, proto?: string]> = [
  ['the simplest', 'for=198.51.100.7', '198.51.100.7'],
  ['names in any case, empty spaces', ' FOR=198.51.100.7 ; Proto=HTTP', '198.51.100.7', 'http'],
  ['IPv6 with a port', 'for="[2001:db8:2::7]:4711";proto=http;by=_proxy', '2001:db8:2::7', 'http'],
  ['IPv4 with a port', 'for="198.51.100.7:4711"', '198.51.100.7'],
  ['the element of the client counts, not that of a proxy', 'for=1.1.1.1;proto=https, for=198.51.100.7;proto=http, for=10.0.0.2;proto=https', '198.51.100.7', 'http'],
  ['a comma and a semicolon in quotes', 'for=198.51.100.7;proto=http;by="_a,for=1.1.1.1"', '198.51.100.7', 'http'],
  ['an open quote before spoils nothing', 'for="1.1.1.1, for=198.51.100.7', '198.51.100.7'],
  ['a hidden address, of which the scheme is told', 'for=_hidden;proto=http', '10.0.0.1', 'http'],
  ['unknown', 'for=198.51.100.7, for=unknown', '10.0.0.1'],
  ['no for', 'proto=http', '10.0.0.1', 'http'],
  ['two of one', 'for=198.51.100.7;for=1.1.1.1', '10.0.0.1'],
  ['IPv6 without quotes', 'for=[2001:db8:2::7]', '10.0.0.1'],
  ['a colon without quotes', 'for=198.51.100.7:80', '10.0.0.1'],
  ['an escape', 'for="198.51.100.\\7"', '10.0.0.1'],
  ['an open quote', 'for="198.51.100.7', '10.0.0.1'],
  ['spaces around =', 'for = 198.51.100.7', '10.0.0.1'],
  ['nothing', '', '10.0.0.1'],
  ['a scheme that is none of ours', 'for=198.51.100.7;proto=gopher', '198.51.100.7']
]

test('Forwarded is read as RFC 7239 has it, or not at all', async (t) => {
  for (const [what, forwarded, client, proto = 'https'] of elements) {
    const origin = originOf('10.0.0.1', { forwarded })
    t.strictSame([origin.clientAddress, origin.proto], [client, proto], what)
    t.equal(originOf('203.0.113.9', { forwarded }).clientAddress, '203.0.113.9')
    t.equal(originOf('10.0.0.1', { forwarded, 'x-forwarded-for': '198.51.100.1' }).clientAddress, '198.51.100.1', 'X-Forwarded-For wins')
    t.equal(originOf('10.0.0.1', { forwarded, 'x-forwarded-for': '' }).clientAddress, '10.0.0.1', 'even where it says nothing')
  }
})

test('scheme and host are what the peer itself says last', async (t) => {
  const cases = [
    [{ 'x-forwarded-proto': 'http' }, 'http', 'app.example.com', undefined],
    [{ 'x-forwarded-proto': 'https, HTTP' }, 'http', 'app.example.com', undefined],
    [{ 'x-forwarded-proto': 'gopher' }, 'https', 'app.example.com', undefined],
    [{ 'x-forwarded-proto': 'http\t;' }, 'https', 'app.example.com', undefined],
    [{ 'x-forwarded-host': 'App.Internal.:443' }, 'https', 'app.internal', undefined],
    [{ 'x-forwarded-host': 'evil.example, app.internal' }, 'https', 'app.internal', undefined],
    [{ 'x-forwarded-host': 'app.internal, evil.example' }, 'https', 'app.example.com', 'host_unknown'],
    [{ 'x-forwarded-host': 'a@app.internal' }, 'https', 'app.example.com', 'request_invalid'],
    [{ 'x-forwarded-host': '' }, 'https', 'app.example.com', 'request_invalid'],
    [{ forwarded: 'for=198.51.100.7;host=app.internal;proto=http' }, 'http', 'app.internal', undefined],
    [{ forwarded: 'for=198.51.100.7;host="evil.example"' }, 'https', 'app.example.com', 'host_unknown'],
    [{ forwarded: 'for=198.51.100.7;host=evil.example;proto=http', 'x-forwarded-host': 'app.internal', 'x-forwarded-proto': 'https' }, 'https', 'app.internal', undefined]
  ] as const
  for (const [headers, proto, host, problem] of cases) {
    const origin = originOf('10.0.0.1', headers)
    t.strictSame([origin.proto, origin.host, origin.hostProblem?.code], [proto, host, problem], JSON.stringify(headers))
    const stranger = originOf('203.0.113.9', headers)
    t.strictSame([stranger.proto, stranger.host, stranger.hostProblem], ['https', 'app.example.com', undefined])
  }
})

const trustedAddress = fc.oneof(fc.ipV4().map((address) => address.replace(/^\d+/, '10')), fc.integer({ min: 1, max: 65535 }).map((number) => `2001:db8:1::${number.toString(16)}`))
const client = fc.oneof(fc.ipV4().map((address) => address.replace(/^\d+/, '198')), fc.integer({ min: 1, max: 65535 }).map((number) => `2001:db8:2::${number.toString(16)}`))
const piece = fc.oneof(trustedAddress, client, fc.constantFrom(',', ' ', '"', ';', '=', 'for=', '\\', '[', ']', ':', '%', 'unknown', '10.0.0.1, '), fc.string())
const hostile = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))

test('nothing that a client writes moves it away from the address that a proxy saw', async () => {
  const canonical = (address: string): string => trustedRange(address)?.split('/')[0] ?? ''
  fc.assert(fc.property(hostile, client, fc.array(trustedAddress, { maxLength: 5 }), trustedAddress, (before, client, proxies, peer) => {
    const expected = [client, ...proxies, peer].map(canonical)
    const list = [before, client, ...proxies].join(', ')
    const elements = [before, ...[client, ...proxies].map((address) => `for=${address.includes(':') ? `"[${address}]"` : address};proto=http`)].join(', ')
    return isDeepStrictEqual([list, elements].map((text, index) => originOf(peer, { [index === 0 ? 'x-forwarded-for' : 'forwarded']: text }).forwardedFor), [expected, expected])
  }), { numRuns: 500 })
})

test('whatever is written, what comes out are addresses, each but the client’s of a trusted proxy', async () => {
  const isTrusted = (address: string): boolean => originOf(address).isTrustedPeer
  fc.assert(fc.property(hostile, trustedAddress, (text, peer) => {
    return ['x-forwarded-for', 'forwarded'].every((name) => {
      const { clientAddress, forwardedFor, proto } = originOf(peer, { [name]: text, 'x-forwarded-proto': text })
      return forwardedFor.every((address) => isIP(address) !== 0) && forwardedFor.slice(1).every(isTrusted) && forwardedFor[0] === clientAddress && ['http', 'https'].includes(proto)
    })
  }), { numRuns: 500 })
})

test('a list of thousands is followed for a few steps', async (t) => {
  const many = 5_000
  const lists = { 'x-forwarded-for': '10.0.0.2,'.repeat(many), forwarded: 'for=10.0.0.2,'.repeat(many) }
  for (const [name, list] of Object.entries(lists)) t.equal(originOf('10.0.0.1', { [name]: `${list}${name === 'forwarded' ? 'for=' : ''}10.0.0.3` }).forwardedFor.length, 32, name)
  const hostile = ['"', ',', ';', 'for=', '[', ':', '1.1.1.1', 'for="'].map((text) => text.repeat(60_000 / text.length))
  for (const text of hostile) {
    for (const name of Object.keys(lists)) t.equal(originOf('10.0.0.1', { [name]: text }).clientAddress, '10.0.0.1')
  }
})
