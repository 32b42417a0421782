/** A request within a request: whatever the bytes, Doorward and the application see the same requests, or the application sees none. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { startOpenGateway } from '../proxy/open-gateway.ts'
import { startGateway } from '../support/gateway.ts'
import { exchange, requestText, statusOf, valuesOf } from '../support/raw-socket.ts'
import { readRequests, type StrictRequest } from '../support/strict-requests.ts'
import { readAnswers, startStrictUpstream } from '../support/strict-upstream.ts'
import { startByteRecorder } from '../support/upstream.ts'
import { mutations } from './smuggling-mutations.ts'

interface Case {
  readonly theme: string
  readonly id: string
  /** With the canary behind it: a request that nobody may take for a part of another. */
  readonly bytes: string
  /** The requests that the bytes are, up to where they can't be read in one way alone. */
  readonly expected: readonly StrictRequest[]
  /** There might be more to come. */
  readonly isUnfinished: boolean
}

const cases = Object.entries(mutations).flatMap(([theme, texts]) => texts.map((text) => [theme, text] as const)).map(([theme, text], index): Case => {
  const id = String(index).padStart(5, '0')
  const bytes = `${text.replaceAll('-00000', `-${id}`)}GET /canary-${id} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`
  const { requests, rest, violation } = readRequests(bytes)
  return { theme, id, bytes, expected: requests, isUnfinished: rest !== '' && violation === undefined }
})

/** Of a request, what may not differ between its readers. */
function essence ({ method, target, body }: StrictRequest): string {
  return JSON.stringify([method, target, body])
}

const looksLikeFraming = /^(content[^a-z]length|transfer[^a-z]encoding)$/i
const isFraming = /^(content-length|transfer-encoding)$/i

/** What is wrong with what an application received; `undefined` where nothing is. */
function faultOfRequest ({ headers, trailers }: StrictRequest): string | undefined {
  if (valuesOf({ headers }, 'host').length !== 1) return 'not one Host'
  if (headers.some(([name]) => looksLikeFraming.test(name) && !isFraming.test(name))) return 'what may be taken for framing'
  return trailers.length > 0 ? 'trailers' : undefined
}

/** What is wrong with what came of a case. @param received by the application, in any order */
function faultOf ({ bytes, expected }: Case, answer: string, received: readonly StrictRequest[]): string | undefined {
  const sent = expected.map(essence)
  const unheard = received.map(essence)
  if (unheard.some((each) => sent.filter((other) => other === each).length < unheard.filter((other) => other === each).length)) return 'another request than was sent'
  const answers = readAnswers(answer, expected.map(({ method }) => method))
  if (answers.some(({ status }) => status < 200) && !/HTTP\/1\.1\r\n.*expect:/is.test(bytes)) return 'an answer that nobody waits for'
  const finals = answers.filter(({ status }) => status >= 200)
  for (const [index, { status, body }] of finals.entries()) {
    const request = expected[index]
    const isServed = status === 200 && request !== undefined
    if (!isServed && (status < 400 || status > 499)) return `an answer with ${status}`
    if (request === undefined && index < finals.length - 1) return 'a connection that goes on after a refusal'
    if (!isServed) continue
    const heard = unheard.indexOf(essence(request))
    if (heard === -1 || (body !== request.target && request.method !== 'HEAD')) return 'the answer to another request'
    unheard.splice(heard, 1)
  }
  // What can't be read is refused at once, and ends the connection before the answers to what was sent before it.
  return unheard.length > 0 && finals.at(-1)?.status === 200 ? 'a request that nobody hears of' : undefined
}

/** Sends some after each other, each over a connection of its own; answers by id. */
async function sendEach (port: number, some: readonly Case[], ended?: Promise<unknown>): Promise<Array<readonly [string, string]>> {
  const answers: Array<readonly [string, string]> = []
  for (const { id, bytes } of some) answers.push([id, await exchange(port, bytes, ended).catch(String)])
  return answers
}

/** Answers by id. Those that are not whole end once others, which came later, have been answered. */
async function sendAll (port: number): Promise<ReadonlyMap<string, string>> {
  const whole = cases.filter(({ isUnfinished }) => !isUnfinished)
  const answers = await Promise.all(Array.from({ length: 16 }, (_, worker) => sendEach(port, whole.filter((_, index) => index % 16 === worker))))
  const after = Promise.withResolvers<undefined>()
  const unfinished = cases.filter(({ isUnfinished }) => isUnfinished).map((each) => sendEach(port, [each], after.promise))
  for (let round = 0; round < 20; round++) await exchange(port, requestText('GET', '/after'))
  after.resolve(undefined)
  return new Map([...answers, ...await Promise.all(unfinished)].flat())
}

function verdict (each: Case, answer: string, received: readonly StrictRequest[]): string[] {
  const report = (fault: string): string[] => [`${each.theme}: ${fault}\n  sent ${JSON.stringify(each.bytes)}\n  answered ${JSON.stringify(answer)}\n  received ${JSON.stringify(received)}`]
  try {
    const fault = received.map(faultOfRequest).find((fault) => fault !== undefined) ?? faultOf(each, answer, received)
    return fault === undefined ? [] : report(fault)
  } catch (error) {
    return report(String(error))
  }
}

t.test('no spelling of a request carries another one past Doorward', async (t) => {
  t.ok(cases.length > 4_000, `${cases.length} cases`)
  const upstream = await startStrictUpstream(t)
  const { port } = await startOpenGateway(t, upstream.url)
  const answers = await sendAll(port)

  const readings = upstream.readings()
  t.strictSame(readings.filter(({ violation }) => violation !== undefined), [], 'the application understands all that it gets')
  const received = Map.groupBy(readings.flatMap(({ requests }) => requests), ({ target }) => /^\/(?:case|canary|smuggled)-(\d{5})/.exec(target)?.[1] ?? target)
  const faults = cases.flatMap((each) => verdict(each, answers.get(each.id) ?? '', received.get(each.id) ?? []))
  t.strictSame(faults.slice(0, 20), [], `${faults.length} faults`)
  const known = new Set([...cases.map(({ id }) => id), '/after'])
  t.strictSame([...received.keys()].filter((id) => !known.has(id)), [], 'nothing that nobody sent')
  t.ok(received.size > 500 && received.size < cases.length, `${received.size} of them pass`)
})

const brokenChunks = ['g\r\n', '-1\r\n', '5\r\nhelloX', '5\r\nhello\n', '5;\0\r\n', '\r\n', 'fffffffffffffffff\r\n', '0\r\nX\r\n\r\n', '0\r\n: x\r\n\r\n', '0\r\nContent-Length: 5\r\n\r\n', '0\r\nX: y\n\r\n']

t.test('a body that goes wrong when half of it has been passed on is cut, and the application sees that it is', async (t) => {
  for (const broken of brokenChunks) {
    const begun = Promise.withResolvers<Socket>()
    const recorder = await startByteRecorder(t, (socket, received) => { if (received.includes('half')) begun.resolve(socket) })
    const { port } = await startOpenGateway(t, recorder.url)
    const client = connect({ port, host: '127.0.0.1' }).setEncoding('latin1')
    client.write('POST /case HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n')
    const closed = once(await begun.promise, 'close')
    client.write(`${broken}GET /canary HTTP/1.1\r\nHost: localhost\r\n\r\n`, 'latin1')
    const answer = (await client.toArray()).join('')
    await closed
    const title = JSON.stringify(broken)
    t.match(answer, /^HTTP\/1\.1 400 .*connection: close/is, title)
    t.equal(answer.match(/HTTP\/1\.1 /g)?.length, 1, `${title}: one answer`)
    const [reading, ...others] = recorder.connections.map(readRequests)
    t.strictSame([reading?.requests, reading?.violation, others], [[], undefined, []], `${title}: a request without its end`)
    t.notMatch(reading?.rest, 'canary', title)
  }
})

/** What nobody reads, where Doorward answers by itself. */
const unread: ReadonlyArray<readonly [target: string, status: number]> = [['/private', 401], ['/denied', 403], ['/a%2fb', 400], ['/oidc/other', 404], ['/oidc/session', 404], ['/oidc/logout', 200], ['/oidc/%zz', 400], ['http://localhost/x', 400]]

t.test('a body that nobody reads is no request', async (t) => {
  const upstream = await startStrictUpstream(t)
  const rules = [{ path: '/open/**', allow: 'anonymous' }, { path: '/denied', deny: true }]
  const { port } = await startGateway(t, { issuer: 'http://localhost:1', upstream: upstream.url, configuration: { access: { rules } } })
  const smuggled = 'GET /open/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'
  const size = smuggled.length
  const framings = {
    'with its length': `Content-Length: ${size}\r\n\r\n${smuggled}`,
    'in chunks': `Transfer-Encoding: chunked\r\n\r\n${size.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
    'behind an expectation': `Expect: 100-continue\r\nContent-Length: ${size}\r\n\r\n${smuggled}`,
    'behind an expectation of nobody': `Expect: x\r\nContent-Length: ${size}\r\n\r\n${smuggled}`
  }
  for (const [target, status] of unread) {
    for (const [framing, body] of Object.entries(framings)) {
      const answer = await exchange(port, `POST ${target} HTTP/1.1\r\nHost: localhost\r\n${body}${requestText('GET', `/open/${target.length}`)}`)
      const title = `${target} ${framing}`
      t.equal(statusOf(answer), framing.endsWith('nobody') ? 417 : status, title)
      t.notMatch(answer, 'smuggled', title)
    }
  }
  t.ok(upstream.readings().flatMap(({ requests }) => requests).every(({ target, method, body }) => /^GET \/open\/\d+ $/.test(`${method} ${target} ${body}`)))
})
