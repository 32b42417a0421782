/** An application that reads its connections strictly, and says for each request which one it answers. */
import { type Socket } from 'node:net'
import { type Test } from 'tap'
import { readRequests, type Reading, type StrictRequest } from './strict-requests.ts'
import { type ByteAnswer, startByteRecorder } from './upstream.ts'

export interface StrictUpstream {
  readonly url: string
  readonly port: number
  /** What came so far over each connection, oldest first. */
  readings (): Reading[]
}

export type StrictAnswer = (request: StrictRequest) => string

/** The target for a body, so that a client can tell whose answer it got. */
const answerWithTarget: StrictAnswer = ({ method, target }) => `HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${method === 'HEAD' ? '' : target}`

/** Starts it; it ends with the test. What is not a request ends the connection. */
export async function startStrictUpstream (t: Test, answer: StrictAnswer = answerWithTarget): Promise<StrictUpstream> {
  const { url, port, connections } = await startByteRecorder(t, answerEach(answer))
  return { url, port, readings: () => connections.map(readRequests) }
}

/** Answers each request once, as soon as it is whole. */
function answerEach (answer: StrictAnswer): ByteAnswer {
  const answeredBytes = new WeakMap<Socket, number>()
  return (socket, received) => {
    const { requests, rest, violation } = readRequests(received.slice(answeredBytes.get(socket) ?? 0))
    answeredBytes.set(socket, received.length - rest.length)
    for (const request of requests) socket.write(answer(request), 'latin1')
    if (violation !== undefined) socket.destroy()
  }
}

export interface ReceivedAnswer {
  readonly status: number
  readonly body: string
}

/** The answers in what a client received, by their framing; throws for what is none. @param methods of the requests, where not GET */
export function readAnswers (bytes: string, methods: readonly string[] = []): ReceivedAnswer[] {
  const answers: ReceivedAnswer[] = []
  const rest = { text: bytes }
  for (let final = 0; rest.text !== '';) {
    const [head, status = '', lines = ''] = /^HTTP\/1\.1 (\d{3})[^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n/.exec(rest.text) ?? []
    if (head === undefined) throw new Error(`not an answer: ${rest.text.slice(0, 200)}`)
    rest.text = rest.text.slice(head.length)
    const isFinal = !status.startsWith('1')
    answers.push({ status: Number(status), body: isFinal && methods[final] !== 'HEAD' ? takeBody(lines, rest) : '' })
    if (isFinal) final++
  }
  return answers
}

function takeBody (lines: string, rest: { text: string }): string {
  const length = Number(/^content-length: (\d+)\r$/im.exec(lines)?.[1] ?? 0)
  // What Node says by itself is chunked, and empty.
  const whole = /^transfer-encoding: chunked\r$/im.test(lines) ? '0\r\n\r\n' : rest.text.slice(0, length)
  if (!rest.text.startsWith(whole) || whole.length < length) throw new Error(`an answer that breaks off: ${rest.text.slice(0, 200)}`)
  rest.text = rest.text.slice(whole.length)
  return whole
}
