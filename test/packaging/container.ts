/**
 * Runs what is in the file tree of an image as a container engine would, as far as this takes no engine: `/` is that tree
 * and nothing else, read-only; the user is that of the image; the first process has the number 1. Needs root and Linux.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { copyFile, mkdir, readFile, realpath } from 'node:fs/promises'
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
  await mkdir(join(root, 'proc'), { recursive: true })
  return [...libraries]
}

// The shell is that of the machine, and is gone when the program runs. Loopback is that of the machine, too.
const script = `
root=$1 user=$2 workdir=$3; shift 3
mount --make-rprivate / && mount --bind "$root" "$root" && mount -o remount,bind,ro "$root" && mount -t proc proc "$root/proc" &&
cd "$root$workdir" && exec chroot --userspec="$user" "$root" "$@"`

export interface Container {
  /** What it has written so far. */
  output (): string
  signal (name: NodeJS.Signals): Promise<void>
  readonly ended: Promise<{ readonly code: number | null, readonly signal: NodeJS.Signals | null }>
}

/** @param command in place of the image's own words after its entry point; `environment` beside that of the image */
export function startContainer (image: Image, command: readonly string[], environment: Readonly<Record<string, string>>): Container {
  const args = ['--mount', '--pid', '--fork', '--kill-child', '/bin/sh', '-c', script, 'sh', image.root, image.user, image.workdir, ...command]
  const child = spawn('/usr/bin/unshare', args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH, ...image.environment, ...environment } })
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
