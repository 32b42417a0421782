/** What a request costs, subject beside subject. */
import { type Bench, type Findings } from './bench.ts'
import { judge } from './goals.ts'
import { measureInTurns, type Round } from './measure.ts'
import { type SubjectName } from './options.ts'
import { median, medianOfPairs } from './statistics.ts'
import { mebibytes, table } from './table.ts'
import { type Visitor } from './visitors.ts'

interface Summary {
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

type Measured = ReadonlyMap<SubjectName, readonly Round[]>

/** Most CPU per request that Doorward may spend, as a share of what the other spends. */
const goals = [
  { comparedTo: 'bare', words: 'bare Node', most: 1.25 },
  { comparedTo: 'apache-cache', words: 'mod_auth_openidc with server-cache', most: 0.55 },
  { comparedTo: 'oauth2-proxy', words: 'oauth2-proxy', most: 1 }
] as const

export async function measureCost ({ options, visitorOf, say }: Bench): Promise<Findings> {
  const visitors = new Map<SubjectName, Visitor>()
  for (const name of options.only) {
    const visitor = await visitorOf(name)
    if (visitor !== undefined) visitors.set(name, visitor)
  }
  const names = [...visitors.keys()]
  const all = await measureInTurns([...visitors.values()], options, (last, number) => {
    say(`cost, round ${number} of ${options.rounds}: ${last.map(({ cpu }, index) => `${names[index]} ${cpu.toFixed(0)} µs`).join(', ')}`)
  })
  const measured = new Map(names.map((name, index) => [name, all[index] ?? []]))
  const summaries = [...visitors].map(([name, { subject }]) => summarize(name, subject.title, measured))
  return {
    text: costTable(summaries),
    goals: goals.map(({ comparedTo, words, most }) => judge(`CPU of Doorward by that of ${words}`, '×', most, cpuRatio(measured, 'doorward', comparedTo))),
    figures: summaries
  }
}

function summarize (name: SubjectName, title: string, measured: Measured): Summary {
  const rounds = measured.get(name) ?? []
  const cpus = rounds.map(({ cpu }) => cpu)
  return { name, title, median: medianRound(rounds), cpuRange: [Math.min(...cpus), Math.max(...cpus)], vsBare: cpuRatio(measured, name, 'bare'), rounds }
}

function cpuRatio (measured: Measured, name: SubjectName, base: SubjectName): number | undefined {
  const [one, other] = [measured.get(name), measured.get(base)]
  return one === undefined || other === undefined ? undefined : medianOfPairs(one, other, (a, b) => a.cpu / b.cpu)
}

function medianRound (rounds: readonly Round[]): Round {
  const of = (field: keyof Round): number => median(rounds.map((round) => round[field]))
  return { cpu: of('cpu'), requestsPerSecond: of('requestsPerSecond'), p50: of('p50'), p99: of('p99'), memoryBytes: of('memoryBytes') }
}

function costTable (summaries: readonly Summary[]): string {
  return table(['at full load', 'CPU/request', 'least–most', 'vs bare', 'requests/s', 'p50', 'p99', 'memory'], summaries.map(({ title, median, cpuRange: [least, most], vsBare }) => [
    title,
    `${median.cpu.toFixed(0)} µs`,
    `${least.toFixed(0)}–${most.toFixed(0)}`,
    vsBare === undefined ? '–' : `${vsBare.toFixed(2)} ×`,
    median.requestsPerSecond.toFixed(0),
    `${median.p50.toFixed(1)} ms`,
    `${median.p99.toFixed(1)} ms`,
    mebibytes(median.memoryBytes)
  ]))
}
