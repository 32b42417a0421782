/** `doorward serve` while its configuration changes: how it is changed, and what is said of it. */
import { once } from 'node:events'
import { readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Test } from 'tap'
import { parse, stringify } from 'yaml'
import { eventsIn, type ServeProcess, startServe } from '../cli/serve-process.ts'

export type Sections = Readonly<Record<string, object | undefined>>

export interface Reloading extends ServeProcess {
  readonly file: string
  /** The configuration with other sections in place of those that it has; `undefined` takes one away. */
  withSections (sections: Sections): string
  /** Does something, and resolves with what the log says of the reload that follows. */
  reloadAfter (change: () => void): Promise<Record<string, unknown>>
  /** By SIGHUP, with these sections. */
  reload (sections: Sections): Promise<Record<string, unknown>>
  /** What the log has said of reloads so far. */
  told (): Record<string, unknown>[]
  /** What the audit trail has. */
  audited (): Record<string, unknown>[]
}

export async function startReloading (t: Test, sections: Sections): Promise<Reloading> {
  const gateway = await startServe(t, sections)
  await gateway.logged('started')
  const file = join(gateway.folder, 'doorward.yaml')
  // A line may be on its way.
  const lines = () => eventsIn(gateway.stdout().slice(0, gateway.stdout().lastIndexOf('\n') + 1))
  const told = () => lines().filter(({ event }) => event === 'config.reloaded' || event === 'config.rejected')
  const withSections = (changes: Sections) => stringify({ ...parse(readFileSync(file, 'utf8')) as object, ...changes })

  async function reloadAfter (change: () => void): Promise<Record<string, unknown>> {
    const before = told().length
    change()
    for (;;) {
      const next = told()[before]
      if (next !== undefined) return next
      await Promise.race([once(gateway.child.stdout ?? gateway.child, 'data'), gateway.ended.then((code) => { throw new Error(`ended with ${code}: ${gateway.stdout()}${gateway.stderr()}`) })])
    }
  }

  return {
    ...gateway,
    file,
    withSections,
    reloadAfter,
    reload: (changes) => reloadAfter(() => {
      writeFileSync(file, withSections(changes))
      gateway.child.kill('SIGHUP')
    }),
    told,
    audited: () => lines().filter(({ event }) => event === 'config.reload')
  }
}

/** Puts files into a folder as Kubernetes mounts them, or in place of those that are there. */
export function mountLikeKubernetes (folder: string, files: Readonly<Record<string, string>>, version: string): void {
  mkdirSync(join(folder, `..${version}`), { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, `..${version}`, name), text)
  symlinkSync(`..${version}`, join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  const names = readdirSync(folder)
  for (const name of Object.keys(files)) if (!names.includes(name)) symlinkSync(`..data/${name}`, join(folder, name))
  for (const old of names.filter((name) => /^\.\.\d/.test(name) && name !== `..${version}`)) rmSync(join(folder, old), { recursive: true })
}

/** How many descriptors a process has open, and how many folders it watches. Linux alone tells. */
export function openIn (pid: number | undefined): { readonly descriptors: number, readonly watches: number } {
  const descriptors = readdirSync(`/proc/${pid}/fd`)
  const watches = descriptors.reduce((count, fd) => count + (infoOf(pid, fd).match(/^inotify wd:/gm) ?? []).length, 0)
  return { descriptors: descriptors.length, watches }
}

function infoOf (pid: number | undefined, descriptor: string): string {
  try {
    return readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8')
  } catch {
    return ''
  }
}
