import { escapeControls } from '../observability/index.ts'

/** JSON for scripts, and for people who look at it: what claims hold can't steer the terminal. */
export function printedJson (value: unknown): string {
  return `${escapeControls(JSON.stringify(value, null, 2))}\n`
}
