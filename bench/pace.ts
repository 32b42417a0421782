/** What Doorward adds to the time that an answer takes, where it is not busy: at half of what it can do. */
import { type Bench, type Findings } from './bench.ts'
import { judge } from './goals.ts'
import { type Load } from './load.ts'
import { loadWith, measureRound } from './measure.ts'
import { waitMicroseconds } from './process-tree.ts'
import { median, medianOfPairs } from './statistics.ts'
import { table } from './table.ts'
import { type Visitor, visit } from './visitors.ts'

const rounds = 8
const secondsPerRound = 1.5
const roundsForThroughput = 5

interface PacedLoad extends Load {
  /** Share of the time in which it was ready to run and something else ran on its core. */
  readonly waited: number
}

interface PacedRound {
  readonly direct: PacedLoad
  readonly gateway: PacedLoad
}

export async function measurePace (bench: Bench): Promise<Findings> {
  const { options: { connections, requests }, say } = bench
  const gateway = await bench.visitorOf('doorward')
  if (gateway === undefined) throw new Error('there is no Doorward')
  const { upstream } = bench.parts
  const direct = await visit({ ...upstream, title: 'upstream', tells: { user: 'nobody', assertion: 'no' } })
  const perSecond = Math.round(await throughputOf(gateway, { requests, connections }) / 2)
  const measured: PacedRound[] = []
  const round = (visitor: Visitor): Promise<PacedLoad> => measurePaced(visitor, { connections, perSecond, requests: Math.round(perSecond * secondsPerRound) })
  // The first does not count: it is the warm-up of the clocks.
  for (let number = 0; number <= rounds; number++) {
    for (const visitor of [direct, gateway]) await visitor.prove(number)
    const both = { direct: await round(direct), gateway: await round(gateway) }
    if (number > 0) measured.push(both)
    say(`pace, round ${number} of ${rounds} at ${perSecond}/s: p99 ${both.direct.p99.toFixed(2)} ms direct, ${both.gateway.p99.toFixed(2)} ms through Doorward`)
  }
  return report(perSecond, measured.map((each) => each.gateway), measured.map((each) => each.direct))
}

async function measurePaced (visitor: Visitor, amount: { connections: number, perSecond: number, requests: number }): Promise<PacedLoad> {
  const { pid } = visitor.subject
  const before = waitMicroseconds(pid)
  const load = await loadWith(visitor, { mode: 'paced', ...amount })
  return { ...load, waited: (waitMicroseconds(pid) - before) / 1_000_000 / load.seconds }
}

function report (perSecond: number, gateway: readonly PacedLoad[], direct: readonly PacedLoad[]): Findings {
  const added = { p50: medianOfPairs(gateway, direct, (a, b) => a.p50 - b.p50), p99: medianOfPairs(gateway, direct, (a, b) => a.p99 - b.p99) }
  const row = (title: string, p50: number, p99: number, waited?: number): string[] => [title, `${p50.toFixed(2)} ms`, `${p99.toFixed(2)} ms`, waited === undefined ? '' : `${(100 * waited).toFixed(1)} %`]
  const medians = (title: string, loads: readonly PacedLoad[]): string[] => row(title, median(loads.map(({ p50 }) => p50)), median(loads.map(({ p99 }) => p99)), median(loads.map(({ waited }) => waited)))
  return {
    text: table([`at half load: ${perSecond} requests/s`, 'p50', 'p99', 'waiting for its core'], [medians('straight to the upstream', direct), medians('through Doorward', gateway), row('added', added.p50, added.p99)]),
    goals: [judge('p99 that Doorward adds at half load', 'ms', 2, added.p99)],
    figures: { perSecond, added, gateway, direct }
  }
}

/** Requests a second with every connection busy. */
export async function throughputOf (visitor: Visitor, size: { requests: number, connections: number }): Promise<number> {
  const found: number[] = []
  await measureRound(visitor, { ...size, requests: 20_000 }, 0)
  for (let number = 1; number <= roundsForThroughput; number++) found.push((await measureRound(visitor, size, number)).requestsPerSecond)
  return median(found)
}
