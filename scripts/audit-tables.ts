/** The tables of docs/audit.md and its JSON Schema: all from src/observability/audit-events.ts. */
import { auditEvents, auditMetadata, type MetadataField } from '../src/observability/audit-events.ts'
import { auditFields, auditSchema } from '../src/observability/audit-schema.ts'

const begin = '<!-- events: generated from src/observability/audit-events.ts by `npm run docs` -->'
const end = '<!-- /events -->'

/** The page with its tables written anew; everything outside the two markers stays as it is. */
export function withAuditTables (page: string): string {
  const [before, rest] = page.split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new Error(`the page has no place for the tables: ${begin} … ${end}`)
  return `${before}${begin}\n\n${[fieldTable(), ...Object.keys(auditEvents).map((event) => eventSection(event as keyof typeof auditEvents))].join('\n\n')}\n\n${end}${after}`
}

export function auditSchemaFile (comment: string): string {
  const { $schema, ...rest } = auditSchema
  return `${JSON.stringify({ $schema, $comment: comment, ...rest }, null, 2)}\n`
}

function fieldTable (): string {
  return ['## Fields', '', '| field | what it says |', '| --- | --- |', ...auditFields.map(([name, says]) => `| \`${name}\` | ${says} |`)].join('\n')
}

function eventSection (event: keyof typeof auditEvents): string {
  const { tells, outcomes } = auditEvents[event]
  const rows = Object.entries<Readonly<Record<string, string>>>(outcomes).flatMap(([outcome, reasons]) => {
    const words = Object.entries(reasons)
    return words.length === 0 ? [`| \`${outcome}\` | | |`] : words.map(([reason, means]) => `| \`${outcome}\` | \`${reason}\` | ${means} |`)
  })
  const fields = Object.entries(auditMetadata[event]).map(([name, field]) => `| \`metadata.${name}\` | ${typeText(field)} | ${field.says} |`)
  const metadata = fields.length === 0 ? [] : ['', '| field | type | what it says |', '| --- | --- | --- |', ...fields]
  return [`## \`${event}\``, '', tells, '', '| outcome | reason | what it means |', '| --- | --- | --- |', ...rows, ...metadata].join('\n')
}

function typeText ({ type }: MetadataField): string {
  if (typeof type !== 'string') return type.map((word) => `\`${word}\``).join(', ')
  return type.endsWith('[]') ? `list of ${type.slice(0, -2)}s` : type
}
