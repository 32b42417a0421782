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
import { describeMachine } from './machine.ts'
import { measureRound, type Round, startLoadClient, visit, type Visitor } from './measure.ts'
import { help, type Options, readOptions } from './options.ts'
import { stopPrograms } from './programs.ts'
import { judgeGoals, type Measured, reportText, summarize } from './report.ts'
import { startSubject, type SubjectParts } from './subjects/index.ts'
import { startUpstream } from './upstream.ts'

/** Enough for V8 to have compiled what runs often. */
const warmUpRequests = 20_000
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

async function run (options: Options, folder: string): Promise<number> {
  const provider = await startProvider()
  try {
    const visitors = await startSubjects(options, { folder, upstream: await startUpstream(folder), ...provider })
    const measured = await measureAll(visitors, options)
    const machine = describeMachine()
    const summaries = summarize(measured)
    const goals = judgeGoals(measured)
    process.stdout.write(`\n${reportText(summaries, goals, machine)}`)
    mkdirSync(join(resultsFile, '..'), { recursive: true })
    writeFileSync(resultsFile, JSON.stringify({ time: new Date().toISOString(), options, machine, goals, subjects: summaries }, null, 2) + '\n')
    return goals.some(({ isMet }) => isMet === false) ? 1 : 0
  } finally {
    await provider.close()
  }
}

/** The demo's provider: everybody's sign-in ends before anything is measured. */
async function startProvider () {
  const server = createServer()
  const { port, close } = await listenOnLoopback(server, 0)
  const issuer = `http://localhost:${port}`
  const { listener, register } = await createProvider({ issuer, clients: [] })
  server.on('request', listener)
  return { issuer, register, close }
}

async function startSubjects ({ only }: Options, parts: SubjectParts): Promise<Visitor[]> {
  const visitors: Visitor[] = []
  for (const name of only) {
    const subject = await startSubject[name](parts)
    if (subject === undefined) {
      say(`${name}: not installed, skipped`)
      continue
    }
    visitors.push(await visit(subject))
    say(`${subject.title}: ready`)
  }
  return visitors
}

/** In turns, so that a machine that is slow for a while is slow for every subject. */
async function measureAll (visitors: readonly Visitor[], options: Options): Promise<Measured[]> {
  const load = startLoadClient()
  for (const visitor of visitors) await measureRound(visitor, load, { ...options, requests: warmUpRequests })
  const measured = visitors.map(({ subject: { name, title } }) => ({ name, title, rounds: [] as Round[] }))
  for (let round = 1; round <= options.rounds; round++) {
    for (const [index, visitor] of visitors.entries()) measured[index]?.rounds.push(await measureRound(visitor, load, options))
    say(`round ${round} of ${options.rounds}: ${measured.map(({ name, rounds }) => `${name} ${rounds.at(-1)?.cpu.toFixed(0)} µs`).join(', ')}`)
  }
  return measured
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
