import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { styleText } from 'node:util'

/** A program of the demo. */
export interface Part {
  readonly name: string
  readonly colour: 'cyan' | 'magenta' | 'green'
  readonly ports: readonly number[]
  /** What follows `node` on its command line. */
  readonly command: readonly string[]
  /** An address that answers with `status` as soon as the part is ready. */
  readonly ready: { readonly url: string, readonly status: number }
}

export interface Child {
  readonly part: Part
  readonly process: ChildProcess
  /** Says how it ended, once it has. Never rejects. */
  readonly ended: Promise<string>
}

const readyWithinMilliseconds = 30_000
const pollMilliseconds = 100
const stopWithinMilliseconds = 5_000

/** Starts a part; what it writes appears line by line under its name. */
export function startChild (part: Part, environment: NodeJS.ProcessEnv): Child {
  const process = spawn(globalThis.process.execPath, part.command, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  const label = styleText(part.colour, part.name.padEnd(11))
  for (const output of [process.stdout, process.stderr]) {
    createInterface({ input: output }).on('line', (line) => { console.log(`${label} ${line}`) })
  }
  return { part, process, ended: ending(process) }
}

/** `close` comes after everything that the child wrote has been read. */
async function ending (process: ChildProcess): Promise<string> {
  try {
    const [code, signal] = await once(process, 'close') as [number | null, string | null]
    return signal === null ? `exit code ${code}` : signal
  } catch (error) {
    return String(error)
  }
}

/** Waits until the part answers; gives up when it ends before, takes too long, or `stop` is aborted. */
export async function waitUntilReady (child: Child, stop: AbortSignal): Promise<void> {
  const { part } = child
  const deadline = AbortSignal.any([stop, AbortSignal.timeout(readyWithinMilliseconds)])
  while (!await answers(part)) {
    if (hasEnded(child)) throw new Error(`${part.name} ended before it was ready (${await child.ended})`)
    if (deadline.aborted) throw new Error(`${part.name} was not ready in time: ${part.ready.url} does not answer ${part.ready.status}`)
    await delay(pollMilliseconds)
  }
}

async function answers ({ ready }: Part): Promise<boolean> {
  try {
    const response = await fetch(ready.url, { redirect: 'manual', signal: AbortSignal.timeout(1_000) })
    await response.body?.cancel()
    return response.status === ready.status
  } catch {
    return false
  }
}

/**
 * Ends all children at once and waits for them; one that does not listen is killed. The head start is for children that
 * got Ctrl-C from the terminal themselves: a second signal would cut their clean-up short.
 */
export async function stopChildren (children: readonly Child[], headStartMilliseconds: number): Promise<void> {
  const ended = Promise.all(children.map((child) => child.ended))
  await Promise.race([ended, delay(headStartMilliseconds, undefined, { ref: false })])
  signalChildren(children, 'SIGTERM')
  const killer = setTimeout(() => { signalChildren(children, 'SIGKILL') }, stopWithinMilliseconds)
  await ended
  clearTimeout(killer)
}

/** Children that have ended already are left alone. */
export function signalChildren (children: readonly Child[], signal: NodeJS.Signals): void {
  for (const child of children) {
    if (!hasEnded(child)) child.process.kill(signal)
  }
}

function hasEnded ({ process }: Child): boolean {
  return process.exitCode !== null || process.signalCode !== null
}

/** Whether nothing listens on this port of loopback yet. */
export async function isFree (port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    return true
  } catch {
    return false
  }
}
