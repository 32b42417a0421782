/** Whether a line of the audit trail is what its schema says. */
import { z } from 'zod'
import { auditSchema } from '../../src/observability/audit-schema.ts'

interface Branch {
  readonly properties: { readonly event: { readonly const: string }, readonly outcome: { readonly const: string } }
}

/** By event and outcome, so that a problem is told of the one that is meant. */
const validators = new Map((auditSchema.anyOf as unknown as readonly Branch[]).map((branch) => [
  `${branch.properties.event.const} ${branch.properties.outcome.const}`,
  // As whoever reads the file has it.
  z.fromJSONSchema(JSON.parse(JSON.stringify({ ...auditSchema, anyOf: undefined, ...branch })) as Parameters<typeof z.fromJSONSchema>[0])
]))

/** What is wrong with a line; empty where nothing is. What may stand in one is said in src/observability/audit-events.ts. */
export function auditProblems (line: string): string[] {
  const entry = JSON.parse(line) as { readonly event: string, readonly outcome: string }
  const validator = validators.get(`${entry.event} ${entry.outcome}`)
  if (validator === undefined) return [`no such event: ${line}`]
  const result = validator.safeParse(entry)
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message} in ${line}`)
}
