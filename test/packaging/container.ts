/**
 * Runs what is in the file tree of an image as a container engine would, as far as this takes no engine: `/` is that tree
 * and nothing else, read-only; the user is that of the image; the first process has the number 1. Needs root and Linux.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { copyFile, mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type Image } from './dockerfile.ts'

const run = promisify(execFile)

/** For tap's `skip`. CI is root, where nothing may be skipped. */
export function cannotContain (): string | false {
  if (process.platform === 'linux' && process.getuid?.() === 0) return false
  if (process.env.TEST_REQUIRE === 'all') throw new Error('only root can make a container, and TEST_REQUIRE=all asks for every part')
  return 'only root on Linux can make a container'
}

/**
 * What the base image of the last stage brings: the C and C++ libraries that the programs ask for, and what they ask
 * for in turn. @param programs paths in the image
 */
export async function addBaseLibraries ({ root }: Image, programs: readonly string[]): Promise<string[]> {
  const libraries = new Set<string>()
  for (const program of programs) {
    const { stdout } = await run('ldd', [join(root, program)])
    for (const [path] of stdout.matchAll(/\/\S+(?= \()/g)) libraries.add(path)
  }
  for (const library of libraries) {
    await mkdir(dirname(join(root, library)), { recursive: true })
    await copyFile(await realpath(library), join(root, library))
  }
  for (const folder of ['proc', 'etc']) await mkdir(join(root, folder), { recursive: true })
  // Of these, the engine takes care.
  await writeFile(join(root, 'etc/hosts'), '127.0.0.1 localhost\n')
  return [...libraries]
}

// The shell is that of the machine, and is gone when the program runs. Loopback is that of the machine, too. The
// environment is given at the end: the one of this process has settings of the test runner for every Node below it.
const script = `
root=$1; shift
mount --make-rprivate / && mount --bind "$root" "$root" && mount -o remount,bind,ro "$root" && mount -t proc proc "$root/proc" &&
exec env -i "$@"`

export interface Container {
  /** What it has written so far. */
  output (): string
  signal (name: NodeJS.Signals): Promise<void>
  readonly ended: Promise<{ readonly code: number | null, readonly signal: NodeJS.Signals | null }>
}

/** @param command in place of the image's own words after its entry point; `environment` beside that of the image */
export function startContainer (image: Image, command: readonly string[], environment: Readonly<Record<string, string>>): Container {
  const variables = Object.entries({ ...image.environment, ...environment }).map(([name, value]) => `${name}=${value}`)
  const inside = [...variables, '/usr/sbin/chroot', `--userspec=${image.user}`, image.root, ...command]
  const child = spawn('/usr/bin/unshare', ['--mount', '--pid', '--fork', '--kill-child', '/bin/sh', '-c', script, 'sh', image.root, ...inside], { stdio: ['ignore', 'pipe', 'pipe'] })
  const pieces: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (piece: string) => { pieces.push(piece) })
  return {
    output: () => pieces.join(''),
    async signal (name) { process.kill(await firstProcess(child), name) },
    ended: once(child, 'close').then(([code, signal]) => ({ code: code as number | null, signal: signal as NodeJS.Signals | null }))
  }
}

/** As the machine outside counts. */
async function firstProcess ({ pid }: ChildProcess): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return Number(children.trim())
}
