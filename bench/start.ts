/** How long Doorward takes from the start of its process until people can be sent to it, and what it needs before they come. */
import { join } from 'node:path'
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

/** Compiled anew each time, and as the image starts: from what an earlier start has compiled. */
const ways = ['compiled anew', 'as the image'] as const
type Way = typeof ways[number]

export async function measureStart ({ options, parts }: Bench): Promise<Findings> {
  const [admin, { file }] = await configure(parts)
  const start = async (way: Way): Promise<Start> => await startOnce([...environmentOf(way, parts.folder), ...nodeCommand, mainFile, 'serve', '--config', file], admin)
  const rounds: Array<Record<Way, Start>> = []
  // The first of each reads everything from the disk, and leaves what it has compiled.
  for (const way of ways) await start(way)
  while (rounds.length < options.rounds) rounds.push({ 'compiled anew': await start('compiled anew'), 'as the image': await start('as the image') })
  const middle = (way: Way, pick: (round: Start) => number): number => median(rounds.map((round) => pick(round[way])))
  const milliseconds = (way: Way, pick: (round: Start) => number): string => `${middle(way, pick).toFixed(0)} ms`
  return {
    text: table([`${rounds.length} starts`, 'until ready', 'CPU until then', 'core taken by others', 'resident memory'], ways.map((way) => [
      way, milliseconds(way, ({ readyMilliseconds }) => readyMilliseconds), milliseconds(way, ({ cpuMilliseconds }) => cpuMilliseconds), milliseconds(way, ({ waitMilliseconds }) => waitMilliseconds), mebibytes(middle(way, ({ idleBytes }) => idleBytes))
    ])),
    goals: [
      judge('time until Doorward is ready, as the image starts it', 'ms', mostMilliseconds, middle('as the image', ({ readyMilliseconds }) => readyMilliseconds)),
      judge('resident memory of Doorward before anybody has come, as the image starts it', 'MiB', mostMebibytes, middle('as the image', ({ idleBytes }) => idleBytes) / 1024 / 1024)
    ],
    figures: { rounds }
  }
}

function environmentOf (way: Way, folder: string): readonly [string, ...string[]] {
  return ['/usr/bin/env', way === 'as the image' ? `NODE_COMPILE_CACHE=${join(folder, 'compile-cache')}` : '--unset=NODE_COMPILE_CACHE']
}

async function configure (parts: Bench['parts']): Promise<[admin: string, Awaited<ReturnType<typeof configureDoorward>>]> {
  const admin = `127.0.0.1:${await freePort()}`
  return [admin, await configureDoorward(parts, { id: 'start', sections: { admin: { listen: admin } } })]
}

async function startOnce (command: readonly [string, ...string[]], admin: string): Promise<Start> {
  const begun = performance.now()
  const program = startProgram(command, 'subject')
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
