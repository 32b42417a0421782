import { type Identity } from '../mapping/index.ts'

export interface HeaderTemplate {
  readonly name: string
  /** The header's value, or `undefined` where none of the template's placeholders has one. */
  render (identity: Identity): string | readonly string[] | undefined
}

const placeholder = /\{([^{}]*)\}/g
const claimPrefix = 'claims.'
const attributePrefix = 'attributes.'

/** The claims, by name or JSON pointer, that templates refer to as `{claims.…}`. */
export function templateClaims (templates: Readonly<Record<string, string>>): string[] {
  return Object.values(templates).flatMap((text) => [...text.matchAll(placeholder)])
    .map(([, reference = '']) => reference)
    .filter((reference) => reference.startsWith(claimPrefix))
    .map((reference) => reference.slice(claimPrefix.length))
}

/** Header name → template such as `{user}@{provider}`. Which placeholders there are is checked by the configuration. */
export function compileTemplates (templates: Readonly<Record<string, string>>): HeaderTemplate[] {
  return Object.entries(templates).map(([name, text]) => ({ name, render: compile(text) }))
}

function compile (text: string): HeaderTemplate['render'] {
  const references = [...text.matchAll(placeholder)].map(([, reference = '']) => reference)
  const [only] = references
  // A template that is one placeholder keeps a list a list: its entries are joined as those of X-Auth-Groups are.
  if (only !== undefined && text === `{${only}}`) return (identity) => resolve(identity, only)
  return (identity) => {
    if (references.length > 0 && references.every((reference) => resolve(identity, reference) === undefined)) return undefined
    return text.replace(placeholder, (_match, reference: string) => [resolve(identity, reference) ?? []].flat().join(','))
  }
}

function resolve (identity: Identity, reference: string): string | readonly string[] | undefined {
  if (reference.startsWith(claimPrefix)) return asText(identity.claims[reference.slice(claimPrefix.length)])
  if (reference.startsWith(attributePrefix)) return asText(identity.attributes[reference.slice(attributePrefix.length)])
  return asText(identity[reference as keyof Identity])
}

function asText (value: unknown): string | readonly string[] | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
