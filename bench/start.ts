/** How long Doorward takes from the start of its process until people can be sent to it, and what it needs before they come. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Bench, type Findings } from './bench.ts'
import { judge } from './goals.ts'
import { cpuMicroseconds, residentBytes, waitMicroseconds } from './process-tree.ts'
import { freePort, nodeCommand, type Program, startProgram, stopProgram } from './programs.ts'
import { median } from './statistics.ts'
import { configureDoorward, mainFile } from './subjects/doorward.ts'
import { mebibytes, table } from './table.ts'

const mostMilliseconds = 400
const mostMebibytes = 80
const readyWithinMilliseconds = 20_000
const pollMilliseconds = 5
/** Until what the start has left behind is collected, or is not. */
const settleMilliseconds = 2_000

interface Start {
  readonly readyMilliseconds: number
  /** Of which it was not waiting for anything. */
  readonly cpuMilliseconds: number
  /** Of which something else had its core. */
  readonly waitMilliseconds: number
  readonly idleBytes: number
}

export async function measureStart ({ options, parts }: Bench): Promise<Findings> {
  const rounds: Start[] = []
  const [admin, { file }] = await configure(parts)
  // The first one reads everything from the disk.
  await startOnce(file, admin)
  while (rounds.length < options.rounds) rounds.push(await startOnce(file, admin))
  const middle = (pick: (round: Start) => number): number => median(rounds.map(pick))
  const ready = middle(({ readyMilliseconds }) => readyMilliseconds)
  const idle = middle(({ idleBytes }) => idleBytes)
  return {
    text: table([`${rounds.length} starts`, 'until ready', 'CPU until then', 'core taken by others', 'resident memory'], [[
      'Doorward', `${ready.toFixed(0)} ms`, `${middle(({ cpuMilliseconds }) => cpuMilliseconds).toFixed(0)} ms`, `${middle(({ waitMilliseconds }) => waitMilliseconds).toFixed(0)} ms`, mebibytes(idle)
    ]]),
    goals: [judge('time until Doorward is ready', 'ms', mostMilliseconds, ready), judge('resident memory of Doorward before anybody has come', 'MiB', mostMebibytes, idle / 1024 / 1024)],
    figures: { rounds }
  }
}

async function configure (parts: Bench['parts']): Promise<[admin: string, Awaited<ReturnType<typeof configureDoorward>>]> {
  const admin = `127.0.0.1:${await freePort()}`
  return [admin, await configureDoorward(parts, { id: 'start', sections: { admin: { listen: admin } } })]
}

async function startOnce (file: string, admin: string): Promise<Start> {
  const begun = performance.now()
  const program = startProgram([...nodeCommand, mainFile, 'serve', '--config', file], 'subject')
  await untilReady(program, `http://${admin}/readyz`)
  const readyMilliseconds = performance.now() - begun
  const spent = { cpuMilliseconds: cpuMicroseconds(program.pid) / 1_000, waitMilliseconds: waitMicroseconds(program.pid) / 1_000 }
  await delay(settleMilliseconds)
  const idleBytes = residentBytes(program.pid)
  await stopProgram(program)
  return { readyMilliseconds, ...spent, idleBytes }
}

/** Ready is what a load balancer goes by: it listens, and has found its provider. */
async function untilReady ({ process: child }: Program, url: string): Promise<void> {
  const deadline = performance.now() + readyWithinMilliseconds
  while (child.exitCode === null && performance.now() < deadline) {
    if (await isReady(url)) return
    await delay(pollMilliseconds)
  }
  throw new Error(`Doorward is not ready: ${url}`)
}

async function isReady (url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) })
    await response.body?.cancel()
    return response.status === 200
  } catch {
    return false
  }
}
