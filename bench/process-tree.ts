/** CPU time, memory and open files of a process and everything it has started, as the kernel counts them. */
import { readdirSync, readFileSync } from 'node:fs'

interface ProcessState {
  readonly pid: number
  readonly parent: number
}

/** User and system time of every running thread of the tree so far, in microseconds. A thread that ends takes its time with it. */
export function cpuMicroseconds (root: number): number {
  return schedulerMicroseconds(root, 0)
}

/** How long threads of the tree were ready to run and something else ran on their core, in microseconds so far. */
export function waitMicroseconds (root: number): number {
  return schedulerMicroseconds(root, 1)
}

/** @param field time on the core, time of waiting for it, or turns */
function schedulerMicroseconds (root: number, field: 0 | 1): number {
  const threads = processTree(root).flatMap(({ pid }) => entriesOf(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}/schedstat`))
  // Nanoseconds; /proc/PID/stat counts in hundredths of a second, which is too coarse for a short round.
  return threads.reduce((sum, file) => sum + Number(readOrNothing(file).split(' ')[field] ?? 0), 0) / 1_000
}

/** Memory of the whole tree in bytes; pages that processes share count once. */
export function memoryBytes (root: number): number {
  return processTree(root).reduce((sum, { pid }) => sum + proportionalSetBytes(pid), 0)
}

/** Memory of one process in bytes, with pages that others share: what a container of its own is charged for. */
export function residentBytes (pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readOrNothing(`/proc/${pid}/status`)) ?? []
  return Number(kilobytes ?? 0) * 1024
}

/** How many files and sockets the whole tree has open. */
export function openFiles (root: number): number {
  return processTree(root).reduce((sum, { pid }) => sum + entriesOf(`/proc/${pid}/fd`).length, 0)
}

/** How many files and sockets a process may have open. Node raises its own limit to the most allowed, and hands it on. */
export function mostOpenFiles (): number {
  const [, most] = /^Max open files\s+(\d+)/m.exec(readOrNothing('/proc/self/limits')) ?? []
  return Number(most ?? 0)
}

function processTree (root: number): ProcessState[] {
  const all = entriesOf('/proc').filter((name) => /^\d+$/.test(name)).map((name) => stateOf(Number(name)))
  const tree = all.filter(({ pid }) => pid === root)
  // Grows while it is walked: each process brings in its children.
  for (const { pid } of tree) tree.push(...all.filter(({ parent }) => parent === pid))
  return tree
}

function stateOf (pid: number): ProcessState {
  const stat = readOrNothing(`/proc/${pid}/stat`)
  // State and parent come after the name of the program, which stands in parentheses and may hold anything.
  const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { pid, parent: Number(parent ?? 0) }
}

function proportionalSetBytes (pid: number): number {
  const [, kilobytes] = /^Pss:\s+(\d+) kB$/m.exec(readOrNothing(`/proc/${pid}/smaps_rollup`)) ?? []
  return Number(kilobytes ?? 0) * 1024
}

function entriesOf (folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Nothing for what belonged to a process that has just ended. */
function readOrNothing (file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
