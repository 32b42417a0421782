import { isDeepStrictEqual } from 'node:util'
import { type Configuration } from '../config/index.ts'

/** A setting that can't change while the process runs, and why. */
interface FixedSetting {
  readonly setting: string
  readonly reason: string
}

const fixedSettings: readonly FixedSetting[] = [
  { setting: 'server.listen', reason: 'the address is listened on since the start' },
  { setting: 'admin.listen', reason: 'the address is listened on since the start' },
  { setting: 'server.maxHeaderSize', reason: 'it holds for connections that are open' },
  { setting: 'session.store', reason: 'sessions can’t be moved to another store' },
  { setting: 'session.redis', reason: 'the connection to Redis is made at the start' },
  { setting: 'log.format', reason: 'the output is opened at the start' },
  { setting: 'audit.destination', reason: 'the output is opened at the start' }
]

/** A setting as keys, and as people write it. */
export interface ChangedSetting {
  readonly keys: readonly string[]
  readonly name: string
}

/** What differs, by name: a list is one setting, of a map each entry is one. Values are not told. */
export function changedSettings (before: unknown, after: unknown, above: readonly string[] = []): ChangedSetting[] {
  if (isDeepStrictEqual(before, after)) return []
  if (!isMap(before) || !isMap(after)) return [{ keys: above, name: above.join('.') }]
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys].flatMap((key) => changedSettings(before[key], after[key], [...above, key]))
}

function isMap (value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}

/** Of the changes those that only a restart can bring, each with the reason. @param files that hold something else than before */
export function needRestart (changes: readonly ChangedSetting[], { session }: Configuration, files: readonly string[]): Array<ChangedSetting & { readonly reason: string }> {
  const { caFile } = session.redis
  const ofRedis = caFile !== undefined && files.includes(caFile) ? [{ keys: ['session', 'redis', 'caFile'], name: 'session.redis.caFile' }] : []
  return [...changes, ...ofRedis].flatMap((change) => {
    const fixed = fixedSettings.find(({ setting }) => change.name === setting || change.name.startsWith(`${setting}.`))
    if (fixed !== undefined) return [{ ...change, reason: fixed.reason }]
    // With certificates on both sides, the name goes on behind it.
    return change.name === 'server.tls' ? [{ ...change, reason: 'the address is listened on with TLS, or without, since the start' }] : []
  })
}
