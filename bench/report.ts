import { type Machine } from './machine.ts'
import { type Round } from './measure.ts'
import { type SubjectName } from './options.ts'

export interface Measured {
  readonly name: SubjectName
  readonly title: string
  readonly rounds: readonly Round[]
}

export interface Summary {
  readonly name: SubjectName
  readonly title: string
  /** Medians over the rounds, field by field. */
  readonly median: Round
  /** Least and most CPU per request, in microseconds. */
  readonly cpuRange: readonly [number, number]
  /** CPU per request by that of bare Node: the median of the ratios within each round. */
  readonly vsBare: number | undefined
  readonly rounds: readonly Round[]
}

export interface Goal {
  readonly subject: SubjectName
  readonly comparedTo: SubjectName
  /** Most CPU per request that the subject may spend, as a share of what the other spends. */
  readonly most: number
  /** `undefined` where one of the two was not measured. */
  readonly measured: number | undefined
  readonly isMet: boolean | undefined
}

const goals = [
  { subject: 'doorward', comparedTo: 'bare', most: 1.35 },
  { subject: 'doorward', comparedTo: 'apache-cache', most: 0.65 }
] as const

export function summarize (all: readonly Measured[]): Summary[] {
  return all.map((measured) => {
    const cpus = measured.rounds.map(({ cpu }) => cpu)
    return {
      ...measured,
      median: medianRound(measured.rounds),
      cpuRange: [Math.min(...cpus), Math.max(...cpus)],
      vsBare: cpuRatio(all, measured.name, 'bare')
    }
  })
}

export function judgeGoals (all: readonly Measured[]): Goal[] {
  return goals.map((goal) => {
    const measured = cpuRatio(all, goal.subject, goal.comparedTo)
    return { ...goal, measured, isMet: measured === undefined ? undefined : measured <= goal.most }
  })
}

/** Round by round: the machine may be slower in one round than in another, but not for one subject alone. */
function cpuRatio (all: readonly Measured[], name: SubjectName, other: SubjectName): number | undefined {
  const [one, base] = [name, other].map((wanted) => all.find((measured) => measured.name === wanted)?.rounds)
  if (one === undefined || base === undefined) return undefined
  return median(one.map(({ cpu }, round) => cpu / (base[round]?.cpu ?? NaN)))
}

function medianRound (rounds: readonly Round[]): Round {
  const of = (field: keyof Round): number => median(rounds.map((round) => round[field]))
  return { cpu: of('cpu'), requestsPerSecond: of('requestsPerSecond'), p50: of('p50'), p99: of('p99'), memoryBytes: of('memoryBytes') }
}

function median (values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2
}

const columns = ['', 'CPU/request', 'least–most', 'vs bare', 'requests/s', 'p50', 'p99', 'memory']

/** For people: the table, the goals, and what they were measured on. */
export function reportText (summaries: readonly Summary[], judged: readonly Goal[], machine: Machine): string {
  const rows = [columns, ...summaries.map(rowOf)]
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const table = rows.map((row) => row.map((cell, column) => column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)).join('  '))
  const titles = new Map(summaries.map(({ name, title }) => [name, title]))
  return [...table, '', ...judged.map((goal) => goalLine(goal, titles)), '', ...machineLines(machine), ''].join('\n')
}

function rowOf ({ title, median, cpuRange: [least, most], vsBare }: Summary): string[] {
  return [
    title,
    `${median.cpu.toFixed(0)} µs`,
    `${least.toFixed(0)}–${most.toFixed(0)}`,
    vsBare === undefined ? '–' : `${vsBare.toFixed(2)} ×`,
    median.requestsPerSecond.toFixed(0),
    `${median.p50.toFixed(1)} ms`,
    `${median.p99.toFixed(1)} ms`,
    `${(median.memoryBytes / 1024 / 1024).toFixed(0)} MiB`
  ]
}

function goalLine ({ subject, comparedTo, most, measured, isMet }: Goal, titles: ReadonlyMap<SubjectName, string>): string {
  const verdict = isMet === undefined ? 'not measured' : isMet ? 'met' : 'MISSED'
  const found = measured === undefined ? '' : `, measured ${measured.toFixed(2)}`
  return `goal ${verdict}: CPU of ${titles.get(subject) ?? subject} at most ${most} × ${titles.get(comparedTo) ?? comparedTo}${found}`
}

function machineLines ({ processor, cores, pinned, linux, node, undici, nginx, apache, modAuthOpenidc }: Machine): string[] {
  return [
    `${processor}, ${cores} cores, Linux ${linux}; ${pinned ? 'subject pinned to core 0, load client and upstream to core 1' : 'no process is pinned to a core'}`,
    [`Node ${node}`, `undici ${undici}`, nginx, apache, modAuthOpenidc].filter((part) => part !== undefined).join(' · ')
  ]
}
