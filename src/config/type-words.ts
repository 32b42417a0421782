import { entrySchema, itemSchema, type JsonSchema, resolved } from './json-schema.ts'

/** What may be written for a value, in a few words: `duration`, `lax, strict or none`, `list of text`. */
export function typeWords (given: JsonSchema): string {
  const schema = resolved(given)
  if (schema.title !== undefined) return schema.title
  if (schema.anyOf !== undefined) return listed(schema.anyOf.flatMap((one) => valuesOf(one) ?? typeWords(one)))
  const values = valuesOf(schema)
  if (values !== undefined) return listed(values)
  const listedItem = itemSchema(schema)
  const item = listedItem && resolved(listedItem)
  if (item !== undefined) return `list of ${item.title === undefined ? typeWords(item) : item.title.replace(/^\w+/, '$&s')}`
  const entry = entrySchema(schema)
  if (entry !== undefined) return `map of names to ${typeWords(entry)}`
  return schema.type === 'string' ? 'text' : String(schema.type)
}

/** The values that may be written, where they can be counted. */
function valuesOf ({ const: only, enum: several, type }: JsonSchema): string[] | undefined {
  const values = several ?? (type === 'boolean' ? [true, false] : undefined)
  return (only === undefined ? values : [only])?.map((value) => `\`${value}\``)
}

function listed (words: readonly string[]): string {
  const distinct = [...new Set(words)]
  return distinct.length < 2 ? distinct.join('') : `${distinct.slice(0, -1).join(', ')} or ${distinct.at(-1)}`
}
