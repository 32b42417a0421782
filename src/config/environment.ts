import { type Setting, settings } from './settings.ts'
import { type ConfigurationProblem } from './report.ts'
import { nearest } from './suggest.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** A setting that the environment gives. */
export interface Override {
  readonly keys: readonly string[]
  readonly variable: string
  readonly value: unknown
}

const settingsByVariable = new Map(settings.flatMap((setting) => setting.variable === undefined ? [] : [[setting.variable, setting] as const]))

/** Variables that are no setting. */
const otherVariables = ['DOORWARD_CONFIG']

/** What the environment sets, converted as the schema asks, and everything in it that can't be meant. */
export function readEnvironment (environment: Environment): { overrides: Override[], problems: ConfigurationProblem[] } {
  const overrides: Override[] = []
  const problems: ConfigurationProblem[] = []
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith('DOORWARD_') || text === undefined || otherVariables.includes(variable)) continue
    const setting = settingsByVariable.get(variable)
    if (setting === undefined) {
      if (!isServiceLink(variable, text)) problems.push({ place: { source: variable }, message: unknownVariable(variable) })
      continue
    }
    const reading = read(setting, text)
    if ('fault' in reading) problems.push({ place: { source: variable }, setting: setting.path, message: reading.fault })
    else overrides.push({ keys: setting.keys, variable, value: reading.value })
  }
  return { overrides, problems }
}

type Reading = { readonly value: unknown } | { readonly fault: string }

function read ({ kind, secret }: Setting, text: string): Reading {
  // A template that was filled with nothing must not switch a check off, such as the groups that may sign in.
  if (text === '') return { fault: kind === 'list' ? 'is empty; expected a list, and [] for an empty one' : 'is empty; remove the variable or give it a value' }
  switch (kind) {
    case 'text': return { value: text }
    case 'boolean': return text === 'true' || text === 'false' ? { value: text === 'true' } : { fault: `expected true or false; found ${JSON.stringify(text)}` }
    case 'number': return /^-?\d+(\.\d+)?$/.test(text) ? { value: Number(text) } : { fault: secret ? 'expected a number' : `expected a number; found ${JSON.stringify(text)}` }
    case 'list': return text.startsWith('[') ? readJson(text) : { value: text.split(',').map((part) => part.trim()) }
    case 'json': return readJson(text)
  }
}

function readJson (text: string): Reading {
  try {
    const value: unknown = JSON.parse(text, refuseUnusableKey)
    return { value }
  } catch {
    // The reason would quote the text, and there may be a secret in it.
    return { fault: 'expected JSON' }
  }
}

function refuseUnusableKey (key: string, value: unknown): unknown {
  if (key === '__proto__') throw new SyntaxError('a key that JavaScript would lose')
  return value
}

function unknownVariable (variable: string): string {
  const name = variable.replace('DOORWARD_', '')
  const names = [...settingsByVariable.keys(), ...otherVariables]
  const meant = nearest(variable, names) ?? names.find((candidate) => candidate.endsWith(`_${name}`))
  return meant === undefined ? 'unknown variable' : `unknown variable; did you mean ${meant}?`
}

/**
 * What Kubernetes gives to every pod for a Service called doorward, or whose name begins with `doorward-`: host and
 * port as such, and the links of old Docker (Kubernetes documentation, "Environment variables" of a Service).
 */
function isServiceLink (variable: string, text: string): boolean {
  const [, kind = ''] = /^DOORWARD_(?:[A-Z0-9_]+?_)??(SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/.exec(variable) ?? []
  return /^PORT$|_(TCP|UDP|SCTP)$/.test(kind) ? /^(tcp|udp|sctp):\/\//.test(text) : kind !== ''
}
