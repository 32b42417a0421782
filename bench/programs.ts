/** The programs that a run starts: where they run, when they are ready, and that none of them outlives the run. */
import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

export interface Program {
  readonly process: ChildProcess
  readonly pid: number
}

/** The subject has a core of its own, so that load client and upstream take nothing from it. */
export type Core = 'subject' | 'others'

export const isPinned = availableParallelism() >= 2 && existsSync('/usr/bin/taskset')

/**
 * Node as docs/performance.md recommends it. By itself it lets the youngest objects take as much room as the machine
 * seems to have, which is memory that gives no speed here.
 */
export const nodeCommand = [process.execPath, '--max-semi-space-size=4'] as const

const coreNumbers: Readonly<Record<Core, string>> = { subject: '0', others: '1' }
const readyWithinMilliseconds = 20_000
const drainWithinMilliseconds = 1_000
const stopWithinMilliseconds = 10_000
const running = new Set<ChildProcess>()

// The last resort, when the run ends in the middle. SIGTERM, since Apache and nginx must end their own children.
process.on('exit', () => { for (const child of running) child.kill('SIGTERM') })

/** Starts a program on its core; what it writes to stderr is shown. */
export function startProgram ([program, ...args]: readonly [string, ...string[]], core: Core, output: StdioOptions = ['ignore', 'ignore', 'inherit']): Program {
  const [file, ...rest] = isPinned ? ['/usr/bin/taskset', '-c', coreNumbers[core], program, ...args] as const : [program, ...args] as const
  const child = spawn(file, rest, { stdio: output, env: environment() })
  if (child.pid === undefined) throw new Error(`can’t start ${program}`)
  running.add(child)
  child.on('exit', () => { running.delete(child) })
  return { process: child, pid: child.pid }
}

/** Settings of a Doorward that somebody works on in this shell would change what is measured. */
function environment (): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('DOORWARD_')))
}

export async function stopPrograms (): Promise<void> {
  await Promise.all([...running].map(stopChild))
}

export async function stopProgram ({ process: child }: Program): Promise<void> {
  if (running.has(child)) await stopChild(child)
}

async function stopChild (child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  // The second one is for a gateway that first waits until nobody sends it requests any more.
  const timers = [setTimeout(() => { child.kill('SIGTERM') }, drainWithinMilliseconds), setTimeout(() => { child.kill('SIGKILL') }, stopWithinMilliseconds)]
  await ended
  timers.forEach(clearTimeout)
}

/** Waits until something answers there, whatever it says. */
export async function untilReady ({ process: child }: Program, url: string): Promise<void> {
  const deadline = Date.now() + readyWithinMilliseconds
  while (child.exitCode === null && Date.now() < deadline) {
    if (await answers(url)) return
    await delay(100)
  }
  throw new Error(`nothing answers at ${url}`)
}

async function answers (url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(1_000) })
    await response.body?.cancel()
    return true
  } catch {
    return false
  }
}

/** A port of loopback that was free a moment ago: configurations name it before anything listens. */
export async function freePort (): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
