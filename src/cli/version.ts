import { readFileSync } from 'node:fs'

/** Of the package that these sources, or what was built of them, belong to. */
export function version (): string {
  return (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version
}
