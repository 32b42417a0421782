/** The picture in docs/architecture.md: who imports whom, read from the sources by dependency-cruiser. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** The slice of dependency-cruiser's JSON report that is drawn. */
interface Report {
  readonly modules: ReadonlyArray<{
    readonly source: string
    readonly dependencies: ReadonlyArray<{ readonly resolved: string, readonly dependencyTypes: readonly string[] }>
  }>
}

/** Parts below src/, by name: a folder, or a file that stands beside the folders. */
interface Import {
  readonly from: string
  readonly to: string
  /** Only types are taken: nothing of it is left at run time. */
  readonly isTypeOnly: boolean
}

const begin = '<!-- imports: generated from src/ by `npm run docs` -->'
const end = '<!-- /imports -->'

/** The page with its diagram drawn anew; everything outside the two markers stays as it is. */
export async function withArchitectureDiagram (page: string): Promise<string> {
  const [before, rest] = page.split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new Error(`the page has no place for the diagram: ${begin} … ${end}`)
  return `${before}${begin}\n\n${diagram(importsIn(await readReport()))}\n\n${end}${after}`
}

async function readReport (): Promise<Report> {
  const cruiser = 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs'
  const { stdout } = await promisify(execFile)(process.execPath, [cruiser, 'src', '--config', '.dependency-cruiser.cjs', '--output-type', 'json'], {
    cwd: new URL('../', import.meta.url),
    maxBuffer: 64 * 1024 * 1024
  })
  return JSON.parse(stdout) as Report
}

/** Every import from one part to another, once and in alphabetical order; with code if any of its imports is one. */
function importsIn ({ modules }: Report): Import[] {
  const found = new Map<string, Import>()
  for (const { source, dependencies } of modules) {
    for (const { resolved, dependencyTypes } of dependencies) {
      const [from, to] = [partOf(source), partOf(resolved)]
      if (from === undefined || to === undefined || from === to) continue
      const key = `${from} ${to}`
      const isTypeOnly = dependencyTypes.includes('type-only') && found.get(key)?.isTypeOnly !== false
      found.set(key, { from, to, isTypeOnly })
    }
  }
  return [...found].sort(([a], [b]) => a < b ? -1 : 1).map(([, each]) => each)
}

/** `src/oidc/login.ts` → `oidc`, `src/gateway.ts` → `gateway`; undefined outside src/. */
function partOf (path: string): string | undefined {
  return /^src\/([^/]+?)(?:\.ts)?(?:\/|$)/.exec(path)?.[1]
}

/** These put the parts together: arrows from them to every part would say nothing. */
const assemblers = ['main', 'cli', 'gateway']
/** Nearly every part can end a request with a problem: arrows to it would hide the others. */
const ubiquitous = 'errors'

function diagram (imports: readonly Import[]): string {
  const parts = new Set(imports.map(({ to }) => to).filter((part) => !assemblers.includes(part) && part !== ubiquitous))
  return [
    '```mermaid',
    'flowchart TD',
    ...arrows(imports.filter(({ to }) => assemblers.includes(to)), '  '),
    '  gateway --> parts',
    '  subgraph parts [" "]',
    ...[...parts].sort().map((part) => `    ${part}`),
    ...arrows(imports.filter(({ from, to }) => parts.has(from) && parts.has(to)), '    '),
    '  end',
    '```'
  ].join('\n')
}

function arrows (imports: readonly Import[], indent: string): string[] {
  return imports.map(({ from, to, isTypeOnly }) => `${indent}${from} ${isTypeOnly ? '-.->' : '-->'} ${to}`)
}
