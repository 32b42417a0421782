/**
 * The load client, a process of its own: takes tasks from its parent, one at a time, and answers each with a result.
 * Every connection sends its next request as soon as it has the whole answer to the last one. Plain sockets, so that
 * the client takes as little as it can of the machine it shares.
 */
import { connect } from 'node:net'

export interface LoadTask {
  readonly port: number
  /** The request, byte for byte. */
  readonly request: string
  readonly requests: number
  readonly connections: number
  /** Content-Length that every answer must have. */
  readonly contentLength: number
}

export type LoadResult =
  | { readonly ok: true, readonly seconds: number, readonly p50: number, readonly p99: number }
  | { readonly ok: false, readonly reason: string }

/** What the connections of a task share. */
interface Progress {
  unsent: number
  /** Milliseconds from the request to its whole answer. */
  readonly latencies: number[]
}

const silenceMilliseconds = 10_000
const headEnd = '\r\n\r\n'

async function run (task: LoadTask): Promise<LoadResult> {
  const progress: Progress = { unsent: task.requests, latencies: [] }
  const started = performance.now()
  await Promise.all(Array.from({ length: task.connections }, () => driveConnection(task, progress)))
  const seconds = (performance.now() - started) / 1_000
  const sorted = Float64Array.from(progress.latencies).sort()
  const percentile = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? NaN
  return { ok: true, seconds, p50: percentile(0.5), p99: percentile(0.99) }
}

/** Resolves when nothing is left to send; rejects at the first answer that is not the one expected. */
function driveConnection (task: LoadTask, progress: Progress): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const socket = connect({ port: task.port, host: '127.0.0.1', noDelay: true })
  let received = ''
  let sentAt = 0

  function sendNext (): void {
    if (progress.unsent === 0) {
      socket.end()
      resolve()
      return
    }
    progress.unsent--
    received = ''
    sentAt = performance.now()
    socket.write(task.request)
  }

  socket.setEncoding('latin1')
  socket.setTimeout(silenceMilliseconds, () => { socket.destroy(new Error('no answer in time')) })
  socket.on('connect', sendNext)
  socket.on('data', (text: string) => {
    received += text
    const answered = stateOf(received, task)
    if (answered === 'partly') return
    if (answered !== 'wholly') {
      socket.destroy(new Error(answered.problem))
      return
    }
    progress.latencies.push(performance.now() - sentAt)
    sendNext()
  })
  socket.on('error', reject)
  // Changes nothing where all was answered.
  socket.on('close', () => { reject(new Error('the connection was closed before the answer')) })
  return promise
}

function stateOf (answer: string, { contentLength }: LoadTask): 'partly' | 'wholly' | { readonly problem: string } {
  const end = answer.indexOf(headEnd)
  if (end === -1) return 'partly'
  if (!answer.startsWith('HTTP/1.1 200 ')) return { problem: `answered ${answer.slice(0, answer.indexOf('\r'))}` }
  const length = answer.length - end - headEnd.length
  if (length > contentLength) return { problem: `the body has ${length} bytes, not ${contentLength}` }
  return length === contentLength ? 'wholly' : 'partly'
}

process.on('message', (task: LoadTask) => {
  run(task)
    .catch((error: unknown): LoadResult => ({ ok: false, reason: error instanceof Error ? error.message : String(error) }))
    .then((result) => { process.send?.(result) }, () => { process.exitCode = 1 })
})
