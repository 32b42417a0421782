import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { table } from './table.ts'

/** What V8 writes: which call was under way at each sample, and how much time lay between the samples. */
interface Profile {
  readonly nodes: ReadonlyArray<{ readonly id: number, readonly callFrame: { readonly functionName: string, readonly url: string } }>
  readonly samples: readonly number[]
  /** Microseconds. */
  readonly timeDeltas: readonly number[]
}

type CallFrame = Profile['nodes'][number]['callFrame']

const leastShare = 0.003

/** Self time by package, folder of Doorward or module family of Node, most first, without the time in which nothing ran. */
export function profileText (folder: string): string {
  const file = readdirSync(folder).find((name) => name.endsWith('.cpuprofile'))
  if (file === undefined) throw new Error('Doorward has written no profile')
  const shares = sharesOf(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile)
  return table(['where Doorward’s time goes', 'self time'], shares.map(([owner, share]) => [owner, `${(100 * share).toFixed(1)} %`]))
}

function sharesOf ({ nodes, samples, timeDeltas }: Profile): Array<[owner: string, share: number]> {
  const owners = new Map(nodes.map(({ id, callFrame }) => [id, ownerOf(callFrame)]))
  const times = new Map<string, number>()
  for (const [index, id] of samples.entries()) {
    const owner = owners.get(id) ?? ''
    if (owner !== '(idle)') times.set(owner, (times.get(owner) ?? 0) + (timeDeltas[index] ?? 0))
  }
  const total = [...times.values()].reduce((sum, time) => sum + time, 0)
  const shares = [...times].map(([owner, time]): [string, number] => [owner, time / total])
  return shares.filter(([, share]) => share >= leastShare).sort(([, one], [, other]) => other - one)
}

function ownerOf ({ functionName, url }: CallFrame): string {
  const [, library] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? []
  if (library !== undefined) return library
  const [, own] = /\/dist\/(?:([^/]+)\/)?[^/]+$/.exec(url) ?? []
  if (url.includes('/dist/')) return own === undefined ? 'src' : `src/${own}`
  if (url.startsWith('node:')) return /^node:(?:internal\/)?[^/]+/.exec(url)?.[0] ?? 'node:'
  if (functionName.startsWith('(')) return functionName
  return url === '' && functionName.startsWith('RegExp: ') ? '(regular expressions)' : `(native) ${functionName}`
}
