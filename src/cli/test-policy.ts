import { loadExpectations, problemText } from '../config/index.ts'
import { exitInvalidConfiguration, readConfiguration } from './configuration.ts'
import { createPaint } from './paint.ts'
import { createPolicy, trialsReport, trialsText, tryExpectation } from './policy/index.ts'
import { printedJson } from './printed-json.ts'
import { type Terminal } from './terminal.ts'

const exitCodes = { passed: 0, failed: 1, badFile: 2 } as const

interface TestArguments {
  /** A YAML file of expectations. */
  readonly file?: string | undefined
  readonly json?: boolean | undefined
  readonly config?: string | undefined
}

/** `doorward test`: holds the configuration against what somebody expects it to decide. */
export async function testPolicy ({ file, json, config }: TestArguments, terminal: Terminal): Promise<number> {
  if (file === undefined) {
    terminal.stderr('doorward test: expected FILE, which holds expectations\n')
    return exitCodes.badFile
  }
  const loaded = await readConfiguration(config, terminal)
  if (loaded === undefined) return exitInvalidConfiguration
  const policy = createPolicy(loaded.configuration)
  const read = loadExpectations(file, { cwd: terminal.cwd, providers: policy.providers })
  if (!read.ok) {
    for (const problem of read.problems) terminal.stderr(`${problemText(problem)}\n`)
    return exitCodes.badFile
  }
  const trials = read.expectations.map((expectation) => tryExpectation(policy, expectation))
  terminal.stdout(json === true ? printedJson(trialsReport(trials)) : trialsText(trials, createPaint(terminal)))
  return trials.every(({ mismatches }) => mismatches.length === 0) ? exitCodes.passed : exitCodes.failed
}
