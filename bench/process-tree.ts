/** CPU time and memory of a process and everything it has started, as the kernel counts them. */
import { readdirSync, readFileSync } from 'node:fs'

interface ProcessState {
  readonly pid: number
  readonly parent: number
  /** User and system time, that of children which have ended included. */
  readonly ticks: number
}

/** USER_HZ: the same on every Linux that Node runs on (proc(5)). */
const ticksPerSecond = 100

/** User and system time of the whole tree so far, in microseconds; exact to 10 000. */
export function cpuMicroseconds (root: number): number {
  const ticks = processTree(root).reduce((sum, state) => sum + state.ticks, 0)
  return ticks * 1_000_000 / ticksPerSecond
}

/** Memory of the whole tree in bytes; pages that processes share count once. */
export function memoryBytes (root: number): number {
  return processTree(root).reduce((sum, { pid }) => sum + proportionalSetBytes(pid), 0)
}

function processTree (root: number): ProcessState[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => stateOf(Number(name)))
  const tree = all.filter(({ pid }) => pid === root)
  // Grows while it is walked: each process brings in its children.
  for (const { pid } of tree) tree.push(...all.filter(({ parent }) => parent === pid))
  return tree
}

/** None for a process that has just ended. */
function stateOf (pid: number): ProcessState[] {
  const stat = readOrNothing(`/proc/${pid}/stat`)
  // The name of the program, in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number)
  const [, parent, , , , , , , , , , user, system, childrenUser, childrenSystem] = fields
  if (parent === undefined || user === undefined || system === undefined || childrenUser === undefined || childrenSystem === undefined) return []
  return [{ pid, parent, ticks: user + system + childrenUser + childrenSystem }]
}

function proportionalSetBytes (pid: number): number {
  const [, kilobytes] = /^Pss:\s+(\d+) kB$/m.exec(readOrNothing(`/proc/${pid}/smaps_rollup`)) ?? []
  return Number(kilobytes ?? 0) * 1024
}

function readOrNothing (file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
