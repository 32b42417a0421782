import { entrySchema, isRequired, itemSchema, jsonSchema, type JsonSchema, propertiesOf } from './json-schema.ts'
import { isTree, type Path } from './path.ts'

/** One thing that can be set, derived from the schema. */
export interface Setting {
  /** Keys from the top; `[]` stands for every entry of a list, `*` for every key of a map. */
  readonly keys: readonly string[]
  /** The keys as people write them: `session.idleTimeout`, `access.rules[].path`, `roles.mapping.*.roles`. */
  readonly path: string
  /** The environment variable. Absent inside a list or a map: the whole of it is one variable. */
  readonly variable?: string
  /** How the text of the variable is read: as it is, as a number, as true or false, split at commas, or as JSON. */
  readonly kind: 'text' | 'number' | 'boolean' | 'list' | 'json'
  /** The default as it would be written in the file; undefined where there is none. */
  readonly default: unknown
  readonly required: boolean
  readonly secret: boolean
  /** The key beside it that names a file which holds the secret. */
  readonly fileKey?: string
  readonly description: string
  readonly schema: JsonSchema
}

/** Every setting, in the order of the schema. */
export const settings: readonly Setting[] = [...settingsIn(jsonSchema, [])]

function * settingsIn (section: JsonSchema, above: readonly string[]): Generator<Setting> {
  const properties = propertiesOf(section)
  for (const [key, node] of Object.entries(properties)) {
    const keys = [...above, key]
    if (node.properties === undefined) yield settingOf(keys, node, section)
    yield * settingsIn(node, keys)
  }
  const [item, entry] = [itemSchema(section), entrySchema(section)]
  if (item !== undefined) yield * settingsIn(item, [...above, '[]'])
  if (entry !== undefined) yield * settingsIn(entry, [...above, '*'])
}

function settingOf (keys: readonly string[], schema: JsonSchema, section: JsonSchema): Setting {
  const key = keys.at(-1) ?? ''
  const secret = schema.writeOnly === true
  const ownVariable = !keys.includes('[]') && !keys.includes('*')
  return {
    keys,
    path: keys.join('.').replaceAll('.[]', '[]'),
    ...ownVariable && { variable: variableOf(keys) },
    kind: kindOf(schema),
    default: schema.default,
    required: section.required?.includes(key) ?? false,
    secret,
    ...secret && { fileKey: `${key}File` },
    description: schema.description ?? '',
    schema
  }
}

/** `session.idleTimeout` → `DOORWARD_SESSION_IDLE_TIMEOUT`. */
function variableOf (keys: readonly string[]): string {
  return ['DOORWARD', ...keys.map((key) => key.replace(/[A-Z]/g, '_$&').toUpperCase())].join('_')
}

function kindOf (schema: JsonSchema): Setting['kind'] {
  if (schema.type === 'string') return 'text'
  if (schema.type === 'boolean') return 'boolean'
  if (schema.type === 'number' || schema.type === 'integer') return 'number'
  return itemSchema(schema)?.type === 'string' ? 'list' : 'json'
}

/** The places in a configuration that the keys of a setting stand for: none, one, or one for each entry. */
export function placesOf (keys: readonly string[], value: unknown): Path[] {
  const [key, ...rest] = keys
  if (key === undefined) return [[]]
  if (key === '[]') return Array.isArray(value) ? value.flatMap((entry, index) => below(index, rest, entry)) : []
  if (!isTree(value)) return []
  if (key === '*') return Object.entries(value).flatMap(([name, entry]) => below(name, rest, entry))
  return Object.hasOwn(value, key) ? below(key, rest, value[key]) : []
}

function below (key: string | number, rest: readonly string[], value: unknown): Path[] {
  return placesOf(rest, value).map((path) => [key, ...path])
}

/**
 * A section with nothing in it, as it stands in a file where every line of it is commented out, counts as absent;
 * a section that is required counts as empty, so that what is missing in it can be named.
 */
export function settleSections (value: Record<string, unknown>, above: Path = [], section: JsonSchema = jsonSchema): void {
  for (const [key, node] of Object.entries(propertiesOf(section))) {
    if (node.properties === undefined) continue
    const path = [...above, key]
    if (value[key] === null) Reflect.deleteProperty(value, key)
    if (isRequired(path) && !Object.hasOwn(value, key)) value[key] = {}
    const inner = value[key]
    if (isTree(inner)) settleSections(inner, path, node)
  }
}
