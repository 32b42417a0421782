/**
 * The load client, a process of its own: takes tasks from its parent, one at a time, and answers each with a result.
 * An answer that is not the one expected ends the task.
 */
import { type Connection, openConnection, type Target } from './load-connection.ts'
import { startTicking } from './ticks.ts'

/** Every connection sends its next request as soon as it has the whole answer to the last one. */
interface FullLoad extends Target {
  readonly mode: 'full'
  readonly requests: number
  readonly connections: number
}

/**
 * Requests are due at even distances, whatever the answers do. One that finds every connection busy waits, and its wait
 * counts: a gateway that stands still for a moment delays all that was due in that moment, not one request.
 */
interface PacedLoad extends Target {
  readonly mode: 'paced'
  readonly requests: number
  readonly connections: number
  readonly perSecond: number
}

/** Every connection sends one request and then stays open until this process ends. */
interface IdleLoad extends Target {
  readonly mode: 'idle'
  readonly connections: number
}

export type LoadTask = FullLoad | PacedLoad | IdleLoad

/** To the load client: a task, and what to send where that has changed. */
export interface LoadMessage {
  readonly task: LoadTask
  /** Requests, byte for byte, sent in turns. */
  readonly texts?: readonly string[]
}

/** Latencies in milliseconds from when a request was due to its whole answer. */
export interface Load {
  readonly seconds: number
  readonly p50: number
  readonly p99: number
}

export type LoadResult = { readonly ok: true, readonly load: Load } | { readonly ok: false, readonly reason: string }

/** Enough to open thousands of connections soon, and less than the backlog of any server. */
const openAtOnce = 64
const sourceAddresses = 16

let texts: readonly string[] = []
let sent = 0

function nextText (): string {
  return texts[sent++ % texts.length] ?? ''
}

async function run (task: LoadTask): Promise<Load> {
  const started = performance.now()
  const latencies = await (task.mode === 'full' ? sendFull(task) : task.mode === 'paced' ? sendPaced(task) : openIdle(task))
  const seconds = (performance.now() - started) / 1_000
  const sorted = Float64Array.from(latencies).sort()
  const percentile = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? NaN
  return { seconds, p50: percentile(0.5), p99: percentile(0.99) }
}

async function sendFull (task: FullLoad): Promise<number[]> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const latencies: number[] = []
  let unsent = task.requests

  function ask (connection: Connection): void {
    if (unsent === 0) {
      connection.end()
      return
    }
    unsent--
    connection.ask(nextText(), performance.now())
  }

  function answered (connection: Connection): void {
    latencies.push(performance.now() - connection.dueAt)
    ask(connection)
    if (latencies.length === task.requests) resolve()
  }

  async function begin (): Promise<void> {
    const connections = await Promise.all(Array.from({ length: task.connections }, () => openConnection(task, { answered, failed: reject })))
    connections.forEach(ask)
  }

  await Promise.all([promise, begin()])
  return latencies
}

async function sendPaced (task: PacedLoad): Promise<number[]> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const latencies: number[] = []
  const free: Connection[] = []
  const distance = 1_000 / task.perSecond
  let startedAt = Infinity
  let asked = 0

  function askWhatIsDue (): void {
    const now = performance.now()
    for (let dueAt = startedAt + asked * distance; asked < task.requests && dueAt <= now; dueAt = startedAt + asked * distance) {
      const connection = free.pop()
      if (connection === undefined) return
      asked++
      connection.ask(nextText(), dueAt)
    }
  }

  function answered (connection: Connection): void {
    latencies.push(performance.now() - connection.dueAt)
    free.push(connection)
    if (latencies.length === task.requests) resolve()
    else askWhatIsDue()
  }

  async function begin (): Promise<void> {
    free.push(...await Promise.all(Array.from({ length: task.connections }, () => openConnection(task, { answered, failed: reject }))))
    startedAt = performance.now()
  }

  const stopTicking = startTicking(askWhatIsDue)
  try {
    await Promise.all([promise, begin()])
  } finally {
    await stopTicking()
    for (const connection of free) connection.end()
  }
  return latencies
}

async function openIdle (task: IdleLoad): Promise<number[]> {
  const latencies: number[] = []
  let opened = 0
  await Promise.all(Array.from({ length: openAtOnce }, async () => {
    while (opened < task.connections) latencies.push(await askOnce(task, opened++))
  }))
  return latencies
}

/** Milliseconds to the whole answer; the connection stays open. */
async function askOnce (task: IdleLoad, index: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<Connection>()
  const begin = async (): Promise<void> => {
    const connection = await openConnection(task, { answered: resolve, failed: reject }, `127.0.0.${2 + index % sourceAddresses}`)
    connection.ask(nextText(), performance.now())
  }
  const [connection] = await Promise.all([promise, begin()])
  connection.rest()
  return performance.now() - connection.dueAt
}

process.on('message', (message: LoadMessage) => {
  texts = message.texts ?? texts
  run(message.task)
    .then((load): LoadResult => ({ ok: true, load }))
    .catch((error: unknown): LoadResult => ({ ok: false, reason: error instanceof Error ? error.message : String(error) }))
    .then((result) => { process.send?.(result) }, () => { process.exitCode = 1 })
})
