/**
 * Writes everything that is generated from the sources and checked in. With `--check` nothing is written, and the exit
 * code is 1 when a file is not what it should be.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { configurationReference } from '../src/config/reference.ts'
import { type JsonSchema, jsonSchema } from '../src/config/json-schema.ts'
import { problems } from '../src/errors.ts'
import { auditSchemaFile, withAuditTables } from './audit-tables.ts'
import { withArchitectureDiagram } from './architecture-diagram.ts'
import { chartReference, chartSchema } from './chart-reference.ts'
import { conformanceReference } from './conformance-table.ts'

const root = new URL('../', import.meta.url)
const command = 'npm run docs'

/** Path from the root of the project → what the file must hold. */
export const generatedFiles: Readonly<Record<string, string>> = {
  'config/audit.schema.json': auditSchemaFile(generatedFrom('src/observability/audit-events.ts')),
  'config/doorward.schema.json': schemaFile(jsonSchema, 'src/config/schema.ts'),
  'docs/architecture.md': await withArchitectureDiagram(await readFile(new URL('docs/architecture.md', root), 'utf8')),
  'docs/audit.md': withAuditTables(await readFile(new URL('docs/audit.md', root), 'utf8')),
  'docs/configuration.md': markdownFile('src/config/schema.ts', configurationReference()),
  'docs/conformance.md': markdownFile('test/conformance/modules.ts', conformanceReference()),
  'docs/errors.md': markdownFile('src/errors.ts', errorReference()),
  'helm/doorward/README.md': markdownFile('scripts/chart-values.ts', chartReference()),
  'helm/doorward/values.schema.json': schemaFile(chartSchema(), 'scripts/chart-values.ts and src/config/schema.ts')
}

/** The generated files that are missing or differ from what they must hold. */
export async function staleFiles (): Promise<string[]> {
  const stale: string[] = []
  for (const [path, text] of Object.entries(generatedFiles)) {
    const current = await readFile(new URL(path, root), 'utf8').catch(() => undefined)
    if (current !== text) stale.push(path)
  }
  return stale
}

function schemaFile ({ $schema, ...rest }: JsonSchema, source: string): string {
  return `${JSON.stringify({ $schema, $comment: generatedFrom(source), ...rest }, null, 2)}\n`
}

function generatedFrom (source: string): string {
  return `Generated from ${source} by \`${command}\`; changes belong there.`
}

function markdownFile (source: string, text: string): string {
  return `<!-- ${generatedFrom(source)} -->\n\n${text}`
}

function errorReference (): string {
  const rows = Object.entries(problems).map(([code, { status, title, detail }]) => `| \`${code}\` | ${status} | ${title} | ${detail} |`)
  return `# Errors

Everything that Doorward answers with when it does not answer with the application. People get a page; programs get
\`application/problem+json\` (RFC 9457) with \`status\`, \`title\` and \`detail\` as below. Either way the answer carries a
reference that is also in the log, where the cause is written down; the cause itself never leaves the process.

| code | status | title | what it means |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}

async function main (): Promise<void> {
  const stale = await staleFiles()
  if (process.argv.includes('--check')) {
    for (const path of stale) console.error(`${path} is not current: run \`${command}\``)
    process.exitCode = stale.length === 0 ? 0 : 1
    return
  }
  for (const path of stale) await writeFile(new URL(path, root), generatedFiles[path] ?? '')
}

if (import.meta.main) await main()
