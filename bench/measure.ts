/**
 * One round of one subject: prove that it answers as it should, then load it and read what that cost.
 *
 * Owns what is measured and how. It does not own what the figures are compared to (bench/goals.ts).
 */
import { type Load, type LoadTask } from './load.ts'
import { cpuMicroseconds, memoryBytes } from './process-tree.ts'
import { upstreamBody } from './upstream.ts'
import { type Visitor } from './visitors.ts'

export interface Round {
  /** User and system time of the subject's processes, in microseconds per request. */
  readonly cpu: number
  readonly requestsPerSecond: number
  /** Milliseconds, with every connection busy. */
  readonly p50: number
  readonly p99: number
  readonly memoryBytes: number
}

export interface RoundSize {
  readonly requests: number
  readonly connections: number
}

/** Enough for V8 to have compiled what runs often, and for every one of many sessions to have been seen. */
const warmUpRequests = 20_000

/**
 * Rounds in turns, so that a machine that is slow for a while is slow for every visitor.
 * @returns for each visitor its rounds
 */
export async function measureInTurns (visitors: readonly Visitor[], size: RoundSize & { readonly rounds: number }, say: (rounds: readonly Round[], number: number) => void): Promise<Round[][]> {
  for (const visitor of visitors) await measureRound(visitor, { ...size, requests: warmUpRequests }, 0)
  const all = visitors.map((): Round[] => [])
  for (let number = 1; number <= size.rounds; number++) {
    for (const [index, visitor] of visitors.entries()) all[index]?.push(await measureRound(visitor, size, number))
    say(all.flatMap((rounds) => rounds.slice(-1)), number)
  }
  return all
}

/** @param number differs from round to round, so that another of many people is asked for */
export async function measureRound (visitor: Visitor, { requests, connections }: RoundSize, number: number): Promise<Round> {
  await visitor.prove(number)
  const { subject } = visitor
  const before = cpuMicroseconds(subject.pid)
  const { seconds, p50, p99 } = await loadWith(visitor, { mode: 'full', requests, connections })
  const cpu = (cpuMicroseconds(subject.pid) - before) / requests
  return { cpu, requestsPerSecond: requests / seconds, p50, p99, memoryBytes: memoryBytes(subject.pid) }
}

type Amount<Task> = Task extends LoadTask ? Omit<Task, 'port' | 'contentLength'> : never

/** @throws {Error} that names the subject */
export async function loadWith ({ subject, load, texts }: Visitor, amount: Amount<LoadTask>): Promise<Load> {
  try {
    return await load.run(texts(), { ...amount, port: subject.port, contentLength: upstreamBody.length })
  } catch (error) {
    throw new Error(`${subject.title}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
