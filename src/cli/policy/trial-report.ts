import { type Paint } from '../paint.ts'
import { visible } from '../tree-text.ts'
import { isMap } from './same.ts'
import { type Mismatch, type Trial } from './trial.ts'

/** Each case that failed, with what was expected and found, and a summary. */
export function trialsText (trials: readonly Trial[], paint: Paint): string {
  const failed = trials.filter(({ mismatches }) => mismatches.length > 0)
  const summary = `${trials.length} ${trials.length === 1 ? 'case' : 'cases'}, ${failed.length === 0 ? 'all as expected' : `${failed.length} failed`}`
  return `${failed.map((trial) => `${failureText(trial, paint)}\n`).join('')}${paint(failed.length === 0 ? 'good' : 'bad', summary)}\n`
}

function failureText ({ expectation: { name, place }, mismatches }: Trial, paint: Paint): string {
  const heading = `${paint('bad', 'FAILED')} ${place.source}:${place.line ?? 1}:${place.column ?? 1} ${paint('heading', visible(name))}\n`
  return heading + mismatches.map((mismatch) => mismatchText(mismatch, paint)).join('')
}

function mismatchText ({ what, expected, found, because }: Mismatch, paint: Paint): string {
  const reasons = because.map((reason) => `    ${paint('quiet', visible(reason))}\n`)
  return `  ${what}: expected ${visible(valueWords(expected))}; found ${visible(valueWords(found))}\n${reasons.join('')}`
}

function valueWords (value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ')
  if (!isMap(value)) return value === undefined ? 'none' : String(value)
  const entries = Object.entries(value).map(([name, held]) => Array.isArray(held) && held.length === 0 ? name : `${name} (${valueWords(held)})`)
  return entries.length === 0 ? 'none' : entries.join(', ')
}

/** The same for scripts; docs/testing-policy.md describes it. */
export function trialsReport (trials: readonly Trial[]): object {
  const failed = trials.filter(({ mismatches }) => mismatches.length > 0).length
  return {
    outcome: failed === 0 ? 'passed' : 'failed',
    passed: trials.length - failed,
    failed,
    cases: trials.map(({ expectation: { name, place: { source, line, column } }, mismatches }) => ({
      name,
      outcome: mismatches.length === 0 ? 'passed' : 'failed',
      file: source,
      line,
      column,
      failures: mismatches
    }))
  }
}
