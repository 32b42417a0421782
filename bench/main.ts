/**
 * `npm run bench`: what a request through Doorward costs, beside the least that a gateway on Node can do and beside
 * Apache with mod_auth_openidc. docs/performance.md says how to read it.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:http'
import { createProvider } from '../demo/provider.ts'
import { listenOnLoopback } from '../demo/loopback.ts'
import { people as demoPeople } from '../demo/people.ts'
import { type Bench, type Findings } from './bench.ts'
import { measureCost } from './cost.ts'
import { measureIdle } from './idle.ts'
import { describeMachine, type Machine } from './machine.ts'
import { help, type MeasurementName, type Options, readOptions, type SubjectName } from './options.ts'
import { measurePace } from './pace.ts'
import { profileText } from './profile.ts'
import { stopProgram, stopPrograms } from './programs.ts'
import { reportText } from './report.ts'
import { measureScale } from './scale.ts'
import { measureSizes, peopleInGroups } from './sizes.ts'
import { measureSoak } from './soak.ts'
import { measureStart } from './start.ts'
import { startSubject, type SubjectParts } from './subjects/index.ts'
import { sizedPeople } from './subjects/sized-doorward.ts'
import { startUpstream } from './upstream.ts'
import { visit, type Visitor } from './visitors.ts'

const resultsFile = join(import.meta.dirname, 'results/latest.json')

async function main (args: readonly string[]): Promise<number> {
  const options = optionsOf(args)
  if (options === undefined) return 2
  if (options.help) {
    process.stdout.write(help)
    return 0
  }
  const folder = temporaryFolder()
  try {
    return await run(options, folder)
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
    return 1
  } finally {
    await stopPrograms()
  }
}

const measurements: Readonly<Record<MeasurementName, (bench: Bench) => Promise<Findings>>> = {
  cost: measureCost,
  scale: measureScale,
  pace: measurePace,
  idle: measureIdle,
  start: measureStart,
  sizes: measureSizes,
  soak: measureSoak
}

async function run (options: Options, folder: string): Promise<number> {
  const machine = describeMachine()
  const provider = await startProvider()
  try {
    const profileFolder = options.profile ? join(folder, 'profile') : undefined
    const parts = { folder, upstream: await startUpstream(folder), profileFolder, ...provider }
    const bench = { options, parts, visitorOf: createVisitors(parts), say }
    const findings = new Map<MeasurementName, Findings>()
    for (const name of options.measure) findings.set(name, await measurements[name](bench))
    const status = report(findings, options, machine)
    if (profileFolder !== undefined) await showProfile(profileFolder, bench)
    return status
  } finally {
    await provider.close()
  }
}

/** The demo's provider: everybody's sign-in ends before anything is measured. */
async function startProvider () {
  const server = createServer()
  const { port, close } = await listenOnLoopback(server, 0)
  const issuer = `http://localhost:${port}`
  const { listener, register } = await createProvider({ issuer, clients: [], people: { ...demoPeople, ...sizedPeople, ...peopleInGroups } })
  server.on('request', listener)
  return { issuer, register, close }
}

function createVisitors (parts: SubjectParts): Bench['visitorOf'] {
  const visitors = new Map<SubjectName, Visitor | undefined>()
  return async (name) => {
    if (visitors.has(name)) return visitors.get(name)
    const subject = await startSubject[name](parts)
    const visitor = subject === undefined ? undefined : await visit(subject)
    say(visitor === undefined ? `${name}: not installed, skipped` : `${visitor.subject.title}: ready`)
    visitors.set(name, visitor)
    return visitor
  }
}

/** It is written when the program ends. */
async function showProfile (folder: string, { visitorOf }: Bench): Promise<void> {
  const doorward = await visitorOf('doorward')
  if (doorward !== undefined) await stopProgram(doorward.subject)
  process.stdout.write(`\n${profileText(folder)}\n`)
}

function report (findings: ReadonlyMap<MeasurementName, Findings>, options: Options, machine: Machine): number {
  const all = [...findings.values()]
  const goals = all.flatMap((each) => each.goals)
  process.stdout.write(`\n${reportText(all.map(({ text }) => text), goals, machine)}`)
  const figures = Object.fromEntries([...findings].map(([name, each]) => [name, each.figures]))
  mkdirSync(join(resultsFile, '..'), { recursive: true })
  writeFileSync(resultsFile, JSON.stringify({ time: new Date().toISOString(), options, machine, goals, ...figures }, null, 2) + '\n')
  return goals.some(({ isMet }) => isMet === false) ? 1 : 0
}

function optionsOf (args: readonly string[]): Options | undefined {
  try {
    return readOptions(args)
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\nTry: npm run bench -- --help`)
    return undefined
  }
}

/** Removed however the process ends: configurations in it hold the secrets of this run. */
function temporaryFolder (): string {
  const folder = mkdtempSync(join(tmpdir(), 'doorward-bench-'))
  // Workers of nginx and Apache run as another user when root starts them.
  chmodSync(folder, 0o711)
  process.on('exit', () => { rmSync(folder, { recursive: true, force: true }) })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => { process.exit(130) })
  return folder
}

function say (line: string): void {
  process.stderr.write(`${line}\n`)
}

process.exitCode = await main(process.argv.slice(2))
