/** Whether anything grows: minutes of requests, sign-ins, refreshes and WebSockets, while everything around fails in turns. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Bench, type Findings } from './bench.ts'
import { judge } from './goals.ts'
import { memoryBytes, openFiles } from './process-tree.ts'
import { stopProgram } from './programs.ts'
import { type Counts, gatherCrowd } from './soak-crowd.ts'
import { measureHalfLoad, type SteadyLoad } from './soak-load.ts'
import { type Fault, startSurroundings, type Surroundings } from './soak-surroundings.ts'
import { median } from './statistics.ts'
import { launchDoorward } from './subjects/doorward.ts'
import { mebibytes, table } from './table.ts'
import { visit } from './visitors.ts'

interface Sample {
  readonly second: number
  readonly memoryBytes: number
  readonly openFiles: number
}

/** With much more of it, what is forgotten would long lie about, and look as if it were not. */
const littleMemory = ['--max-old-space-size=80']
const sampleMilliseconds = 2_000
const untroubledMilliseconds = 12_000
const faultMilliseconds = 4_000
/** Until the application's pool, the provider's metadata and the news of revocations are as they were. */
const aftermathMilliseconds = 5_000
/** Idle connections end by themselves. */
const settleMilliseconds = 10_000
const mostGrowthMebibytes = 16
const mostMoreFiles = 8

export async function measureSoak (bench: Bench): Promise<Findings> {
  const { options: { minutes, rate, requests }, parts, say } = bench
  const surroundings = await startSurroundings()
  try {
    const subject = await launchDoorward({ ...parts, issuer: surroundings.issuer, register: surroundings.register }, { id: 'soak', title: 'Doorward', user: 'alice', nodeOptions: littleMemory, sections: sectionsFor(surroundings, parts.upstream) })
    let isTroubled = false
    const crowd = await gatherCrowd({ subject, perSecond: rate, isTroubled: () => isTroubled })
    const steady = await measureHalfLoad(await visit(subject, steadyPath), { requests, isTroubled: () => isTroubled })
    say(`soak: ${steady.perSecond} requests a second are half of what it can do`)
    await delay(settleMilliseconds)
    const filesBefore = openFiles(subject.pid)
    const samples: Sample[] = []
    const beganAt = performance.now()
    const sampling = setInterval(() => { samples.push({ second: Math.round((performance.now() - beganAt) / 1_000), memoryBytes: memoryBytes(subject.pid), openFiles: openFiles(subject.pid) }) }, sampleMilliseconds)
    const stop = new AbortController()
    const troubles = trouble(surroundings.faults, stop.signal, (isOn, name) => {
      isTroubled = isOn
      if (isOn) say(`soak, ${Math.round((performance.now() - beganAt) / 1_000)} s: ${name}`)
    })
    await Promise.all([crowd, steady].map(async (load) => { await load.run(minutes * 60_000) }))
    stop.abort()
    const faults = await troubles
    clearInterval(sampling)
    await delay(settleMilliseconds)
    const filesAfter = openFiles(subject.pid)
    await stopProgram(subject)
    return report({ counts: crowd.counts, steady, samples, faults, filesBefore, filesAfter, minutes })
  } finally {
    await surroundings.close()
  }
}

const steadyPath = '/steady/report'

/** What is asked for steadily goes to the fast upstream of the other measurements, which does not fail. */
function sectionsFor ({ redisUrl, upstream }: Surroundings, fast: Bench['parts']['upstream']): Record<string, unknown> {
  const require = { roles: ['admin'] }
  return {
    session: { redis: { url: redisUrl }, refreshBefore: '5s' },
    access: { rules: [{ path: '/public/**', allow: 'anonymous' }, { path: '/admin/**', require }, { path: '/steady/**', require }] },
    upstream: undefined,
    upstreams: [{ path: '/', url: upstream.origin }, { path: '/steady', url: fast.origin }]
  }
}

/** Each fault in turn, with time in between, until it is enough. @returns how many there were */
async function trouble (faults: readonly Fault[], signal: AbortSignal, tell: (isOn: boolean, name: string) => void): Promise<number> {
  for (let count = 0; ; count++) {
    const fault = faults[count % faults.length]
    await delay(untroubledMilliseconds, undefined, { signal }).catch(() => {})
    if (signal.aborted || fault === undefined) return count
    tell(true, fault.name)
    await fault.begin()
    await delay(faultMilliseconds)
    await fault.end()
    await delay(aftermathMilliseconds)
    tell(false, fault.name)
  }
}

interface Soaked {
  readonly counts: Counts
  readonly steady: SteadyLoad
  readonly samples: readonly Sample[]
  readonly faults: number
  readonly filesBefore: number
  readonly filesAfter: number
  readonly minutes: number
}

function report ({ counts, steady, samples, faults, filesBefore, filesAfter, minutes }: Soaked): Findings {
  // The first quarter is what a process takes once.
  const quarter = (number: number): readonly Sample[] => samples.slice(samples.length * number / 4, samples.length * (number + 1) / 4)
  const memory = [1, 2, 3].map((number) => median(quarter(number).map(({ memoryBytes }) => memoryBytes)))
  const [second = 0, third = 0, last = 0] = memory
  const unexpected = [...counts.unexpected, ...steady.counts.unexpected]
  return {
    text: [
      table([`${minutes} minutes`, 'second quarter', 'third', 'last'], [
        ['memory', ...memory.map(mebibytes)],
        ['open files and sockets', ...[1, 2, 3].map((number) => String(median(quarter(number).map(({ openFiles }) => openFiles))))]
      ]),
      `${counts.requests} requests, ${counts.signIns} sign-ins, ${counts.webSockets} WebSockets; ${faults} faults, by which ${counts.expected} of them went wrong`,
      `${steady.counts.requests} requests beside them, ${steady.perSecond} a second; ${steady.counts.expected} times a fault broke their stream off`,
      ...unexpected.map((what) => `unexpected: ${what}`)
    ].join('\n'),
    goals: [
      judge('growth of memory from the second to the last quarter', 'MiB', mostGrowthMebibytes, (last - Math.min(second, third)) / 1024 / 1024),
      judge('open files and sockets more than before', '', mostMoreFiles, filesAfter - filesBefore),
      judge('answers that nothing explains', '', 0, unexpected.length)
    ],
    figures: { counts, steady: { perSecond: steady.perSecond, ...steady.counts }, faults, filesBefore, filesAfter, samples }
  }
}
