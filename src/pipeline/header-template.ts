import { type Identity } from '../mapping/index.ts'

export interface HeaderTemplate {
  readonly name: string
  /** By name or JSON pointer, those that it refers to as `{claims.…}`. */
  readonly claims: readonly string[]
  /**
   * The header's text, or `undefined` where none of the template's placeholders has a value. Each value is encoded by
   * itself, so that what stands between them in the template can be told from what somebody has in a claim.
   */
  render (identity: Identity, encode: (value: Value) => string): string | undefined
}

type Value = string | readonly string[]

const placeholder = /\{([^{}]*)\}/g
const claimPrefix = 'claims.'
const attributePrefix = 'attributes.'

/** Header name → template such as `{user}@{provider}`. Which placeholders there are is checked by the configuration. */
export function compileTemplates (templates: Readonly<Record<string, string>>): HeaderTemplate[] {
  return Object.entries(templates).map(([name, text]) => ({ name, claims: claimsIn(text), render: compile(text) }))
}

function claimsIn (text: string): string[] {
  return [...text.matchAll(placeholder)]
    .map(([, reference = '']) => reference)
    .filter((reference) => reference.startsWith(claimPrefix))
    .map((reference) => reference.slice(claimPrefix.length))
}

function compile (text: string): HeaderTemplate['render'] {
  const references = [...text.matchAll(placeholder)].map(([, reference = '']) => reference)
  return (identity, encode) => {
    if (references.length > 0 && references.every((reference) => resolve(identity, reference) === undefined)) return undefined
    return text.replace(placeholder, (_match, reference: string) => encode(resolve(identity, reference) ?? ''))
  }
}

function resolve (identity: Identity, reference: string): Value | undefined {
  if (reference.startsWith(claimPrefix)) return asText(identity.claims[reference.slice(claimPrefix.length)])
  if (reference.startsWith(attributePrefix)) return asText(identity.attributes[reference.slice(attributePrefix.length)])
  return asText(identity[reference as keyof Identity])
}

function asText (value: unknown): Value | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
