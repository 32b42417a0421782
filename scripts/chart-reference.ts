/** What is generated for the Helm chart: the schema of its values, and its README. */
import { z } from 'zod'
import { configurationSchema } from '../src/config/schema.ts'
import { chartValues, fromSecretsAlone } from './chart-values.ts'

type Schema = z.core.JSONSchema.JSONSchema

/** Helm before 3.18 knows nothing newer. */
const target = 'draft-7'

/** The address of Redis is a secret where it holds a password; that it holds none, the templates see to. */
const redisUrl = { type: 'string', description: 'Without a password: that one is `session.redis.password` of `secrets`.' } as const

const configuration = withoutSecrets(z.toJSONSchema(configurationSchema, { io: 'input', target }))
const values = z.toJSONSchema(chartValues, { io: 'input', target })

/** What the chart takes: its own values, and as `config` what Doorward takes from a file, but for secrets. */
export function chartSchema (): Schema {
  const { $schema: _, required, definitions, ...config } = configuration
  const { properties = {} } = values
  return {
    ...values,
    // It has a default, which null takes away.
    required: ['config'],
    // References lead there from the top, wherever they stand.
    definitions,
    properties: {
      ...properties,
      config: { ...config, default: {}, if: { minProperties: 1 }, then: { required } },
      env: { ...properties['env'] as Schema, items: variableSchema(((properties['env'] as Schema).items ?? {}) as Schema) }
    }
  } as Schema
}

/** A secret that stands in the values stands in the Deployment, for whoever may read that. */
function variableSchema (item: Schema): Schema {
  return { ...item, if: { properties: { name: { enum: [...fromSecretsAlone] } } }, then: { required: ['valueFrom'], not: { required: ['value'] } } }
}

/** The same, with all that is `writeOnly` unknown: a ConfigMap is for everybody in the namespace to read. */
function withoutSecrets (node: Schema): Schema {
  const parts = Object.entries(node).map(([keyword, value]) => {
    if (keyword === 'definitions') return [keyword, mapped(value as Record<string, Schema>)]
    if (keyword === 'properties') return [keyword, publicOnes(value as Record<string, Schema>)]
    if (keyword === 'anyOf') return [keyword, (value as Schema[]).map(withoutSecrets)]
    return [keyword, ['items', 'additionalProperties', 'propertyNames'].includes(keyword) && isSchema(value) ? withoutSecrets(value) : value]
  })
  return Object.fromEntries(parts.filter(([keyword, value]) => keyword !== 'pattern' || isKnownToGo(value as string))) as Schema
}

/** Helm is written in Go, whose regular expressions don't look around; what it can't check, Doorward does. */
function isKnownToGo (pattern: string): boolean {
  return !/\(\?<?[=!]/.test(pattern)
}

function publicOnes (properties: Record<string, Schema>): Record<string, Schema> {
  const kept = Object.entries(properties).filter(([, { writeOnly }]) => writeOnly !== true)
  return { ...mapped(Object.fromEntries(kept)), ...properties['url']?.writeOnly === true && { url: redisUrl } }
}

function mapped (nodes: Record<string, Schema>): Record<string, Schema> {
  return Object.fromEntries(Object.entries(nodes).map(([name, node]) => [name, withoutSecrets(node)]))
}

function isSchema (node: unknown): node is Schema {
  return typeof node === 'object' && node !== null && !Array.isArray(node)
}

/** Rows of a table: every value, its default and what it is. */
export function chartReference (): string {
  return `# Helm chart of Doorward

Runs Doorward as a Deployment of its own, or as a sidecar of a workload of yours. How, and why it is as it is:
[docs/kubernetes.md](../../docs/kubernetes.md).

\`\`\`sh
helm install doorward helm/doorward --values values.yaml
helm test doorward
\`\`\`

## Values

| value | default | |
| --- | --- | --- |
${rowsOf(values, '').join('\n')}
`
}

function rowsOf (node: Schema, above: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, value]) => {
    const { properties, description = '', default: fallback } = value as Schema
    const path = above + key
    return properties === undefined ? [`| \`${path}\` | ${defaultText(fallback)} | ${description} |`] : rowsOf(value as Schema, `${path}.`)
  })
}

function defaultText (value: unknown): string {
  return value === undefined || value === '' ? '' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}
