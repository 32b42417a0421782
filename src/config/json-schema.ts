import { z } from 'zod'
import { type Path } from './path.ts'
import { configurationSchema } from './schema.ts'

export type JsonSchema = z.core.JSONSchema.JSONSchema

/** The configuration as it is written, before defaults and conversions, as JSON Schema (draft 2020-12). */
export const jsonSchema: JsonSchema = z.toJSONSchema(configurationSchema, { io: 'input' })

/** The part of the schema that describes the value at the path; undefined for what the schema doesn't know. */
export function schemaAt (path: Path, root: JsonSchema = jsonSchema): JsonSchema | undefined {
  return path.reduce<JsonSchema | undefined>((node, key) => {
    const child = node && childSchema(node, key)
    return child && resolved(child, root)
  }, root)
}

/** What a reference refers to: conditions hold conditions, so the schema of one can't be written out. */
export function resolved (node: JsonSchema, root: JsonSchema = jsonSchema): JsonSchema {
  const definition = node.$ref === undefined ? undefined : root.$defs?.[node.$ref.replace('#/$defs/', '')]
  return definition === undefined ? node : resolved(definition, root)
}

function childSchema (node: JsonSchema, key: string | number): JsonSchema | undefined {
  if (typeof key === 'number') return itemSchema(node)
  const properties = propertiesOf(node)
  return Object.hasOwn(properties, key) ? properties[key] : entrySchema(node)
}

/** What a section holds: its keys, in the order in which they are documented. Empty for anything else. */
export function propertiesOf (node: JsonSchema): Record<string, JsonSchema> {
  return (node.properties ?? {}) as Record<string, JsonSchema>
}

/** What every entry of a list is. */
export function itemSchema (node: JsonSchema): JsonSchema | undefined {
  return typeof node.items === 'object' && !Array.isArray(node.items) ? node.items : undefined
}

/** What every value of a map is. */
export function entrySchema (node: JsonSchema): JsonSchema | undefined {
  return typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined
}

/** A secret is `writeOnly` (JSON Schema validation, section 9.4), and so is everything in it. */
export function isSecret (path: Path): boolean {
  return path.some((_, index) => schemaAt(path.slice(0, index + 1))?.writeOnly === true)
}

/** True where the section that holds the path can't do without it. */
export function isRequired (path: Path): boolean {
  const key = path.at(-1)
  return typeof key === 'string' && (schemaAt(path.slice(0, -1))?.required ?? []).includes(key)
}
