import { type z } from 'zod'
import { isSecret, jsonSchema, type JsonSchema, propertiesOf, schemaAt } from './json-schema.ts'
import { type Path, valueAt } from './path.ts'
import { settings } from './settings.ts'
import { nearest } from './suggest.ts'

/** Something that the schema does not accept. */
export interface Fault {
  readonly path: Path
  /** Whether the key itself is wrong, or what it holds. */
  readonly part: 'key' | 'value'
  readonly message: string
}

const nouns: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a section with keys of its own',
  record: 'a map'
}

/** What the schema says where it has no words of its own, in the words of an administrator. */
export function wordsFor (issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type': return typeWords(issue.expected, issue.input)
    case 'invalid_value': return `expected ${issue.values.length === 1 ? '' : 'one of '}${issue.values.join(', ')}`
    case 'too_small': return issue.origin === 'string' ? 'expected text that is not empty' : `expected at least ${issue.minimum}${measure(issue.origin)}`
    case 'too_big': return `expected at most ${issue.maximum}${measure(issue.origin)}`
    default: return 'not accepted'
  }
}

function typeWords (expected: string, input: unknown): string {
  if (input === undefined) return 'is required'
  const quotes = expected === 'string' && ['number', 'boolean'].includes(typeof input)
  return `expected ${nouns[expected] ?? expected}${quotes ? ' in quotes' : ''}`
}

function measure (origin: string): string {
  if (origin === 'string') return ' characters'
  return origin === 'array' ? ' in the list' : ''
}

/** What the schema does not accept in the value, one fault for each key. @param schema of another file than the configuration */
export function faultsOf (issues: readonly z.core.$ZodIssue[], value: unknown, schema: JsonSchema = jsonSchema): Fault[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((key) => typeof key === 'number' ? key : String(key))
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key], schema))
    if (issue.code === 'invalid_key') return [{ path, part: 'key', message: issue.issues[0]?.message ?? issue.message }]
    return [{ path, part: 'value', message: `${issue.message}${found(issue, path, valueAt(value, path), schema)}` }]
  })
}

function unknownKey (path: Path, schema: JsonSchema): Fault {
  const meant = meantBy(path, schema)
  const unknown = schema === jsonSchema ? 'unknown setting' : 'unknown key'
  return { path, part: 'key', message: meant === undefined ? unknown : `${unknown}; did you mean ${meant}?` }
}

/** A key of the same section that looks like it, else a setting of that very name elsewhere. */
function meantBy (path: Path, schema: JsonSchema): string | undefined {
  const section = path.slice(0, -1)
  const key = String(path.at(-1))
  const sibling = nearest(key, Object.keys(propertiesOf(schemaAt(section, schema) ?? {})))
  if (sibling !== undefined || schema !== jsonSchema) return sibling
  const elsewhere = settings.filter(({ keys, variable }) => variable !== undefined && keys.at(-1) === key)
  return elsewhere.length === 0 ? undefined : elsewhere.map((setting) => setting.path).join(' or ')
}

/** What stands there instead: never that of a secret, nor what may hold one, such as an address with a password. */
function found ({ code, message }: z.core.$ZodIssue, path: Path, value: unknown, schema: JsonSchema): string {
  if (!message.startsWith('expected')) return ''
  if (value === null) return '; found nothing'
  if (typeof value === 'object') return ['invalid_type', 'invalid_union'].includes(code) ? `; found ${Array.isArray(value) ? 'a list' : 'a map'}` : ''
  // In place of a section there may be the secret that belongs in it.
  if (schemaAt(path, schema)?.properties !== undefined) return `; found ${typeof value === 'string' ? 'text' : `a ${typeof value}`}`
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  if (isSecret(path) || /:\/\/.*[@?#]/.test(text)) return ''
  return `; found ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`
}
