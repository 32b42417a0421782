import { createPaint, type Paint, type Shade } from '../paint.ts'
import { type Terminal } from '../terminal.ts'
import { visible } from '../tree-text.ts'
import { type Finding, type Outcome, type Section } from './check.ts'

/** What `--json` prints: names and shape are for scripts. */
export interface Report {
  /** The worst of what was found. */
  readonly outcome: 'ok' | 'warning' | 'failed'
  readonly checks: ReadonlyArray<Finding & { readonly subject: string, readonly check: string }>
}

/** Waits for everything. */
export async function reportOf (sections: readonly Section[]): Promise<Report> {
  const checks = await Promise.all(sections.flatMap(({ subject, checks }) => checks.map(async ({ name, seen }) => ({ subject, check: name, ...(await seen).finding }))))
  return { outcome: worstOf(checks), checks }
}

function worstOf (findings: readonly Finding[]): Report['outcome'] {
  const outcomes = new Set(findings.map(({ outcome }) => outcome))
  if (outcomes.has('failed')) return 'failed'
  return outcomes.has('warning') ? 'warning' : 'ok'
}

const nameWidth = 23
const outcomeWidth = 9
const shades: Readonly<Record<Outcome, Shade>> = { ok: 'good', warning: 'doubtful', failed: 'bad', skipped: 'quiet' }

/** Prints each as soon as it and all before it are known. */
export async function printReport (sections: readonly Section[], terminal: Terminal): Promise<void> {
  const paint = createPaint(terminal)
  const isShown = terminal.isTerminal && terminal.environment['TERM'] !== 'dumb'
  for (const { title, checks } of sections) {
    terminal.stdout(`${paint('heading', visible(title))}\n`)
    for (const { name, seen } of checks) {
      const waiting = isShown ? `  … ${name}` : ''
      terminal.stdout(waiting)
      const { finding } = await seen
      // Back to the beginning of the line, and over what stands there.
      terminal.stdout(`${waiting === '' ? '' : '\r\u001b[2K'}${linesOf(name, finding, paint)}`)
    }
  }
  const { checks } = await reportOf(sections)
  terminal.stdout(`${summaryOf(checks)}\n`)
}

/** What is found may be in a stranger's words, which must not steer the terminal. */
function linesOf (name: string, { outcome, found, fix }: Finding, paint: Paint): string {
  const first = `  ${paint(shades[outcome], outcome.padEnd(outcomeWidth))}${name.padEnd(nameWidth)}${visible(found)}\n`
  return fix === undefined ? first : `${first}${' '.repeat(2 + outcomeWidth + nameWidth)}→ ${visible(fix)}\n`
}

function summaryOf (findings: readonly Finding[]): string {
  const count = (wanted: Outcome) => findings.filter(({ outcome }) => outcome === wanted).length
  return `${count('ok')} ok, ${count('warning')} ${count('warning') === 1 ? 'warning' : 'warnings'}, ${count('failed')} failed, ${count('skipped')} skipped`
}
