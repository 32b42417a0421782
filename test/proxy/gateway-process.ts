/** A gateway in a process of its own, so that its memory can be told from that of the test. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Test } from 'tap'
import { stringify } from 'yaml'

export interface GatewayProcess {
  /** Path of the socket that it listens on: a port could be taken by somebody else before the process is there. */
  readonly socket: string
  /** Ends it at once, without a farewell. */
  kill (): Promise<void>
  /** What it has logged so far. */
  log (): string
  /** Bytes of resident memory. */
  memory (): Promise<number>
  /** How many sockets it has open, to whomever. Linux alone tells. */
  sockets (): Promise<number>
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** With much more of it, what is forgotten would long lie about, and look as if it were not. */
const littleMemory = ['--max-old-space-size=128', '--max-semi-space-size=4']

/** Starts `doorward serve`, open to everybody; it ends with the test. @param sections merged over those that it needs anyway */
export async function startGatewayProcess (t: Test, upstream: string, sections: Readonly<Record<string, object>> = {}): Promise<GatewayProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'doorward-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const [file, socket] = [join(folder, 'doorward.yaml'), join(folder, 'socket')]
  await writeFile(file, stringify({
    admin: { listen: 'off' },
    provider: { issuer: 'http://localhost:1', clientId: 'doorward' },
    access: { default: 'anonymous' },
    log: { format: 'json' },
    ...sections,
    server: { listen: `unix:${socket}`, publicUrl: 'http://localhost:1', hosts: ['localhost', '127.0.0.1'], ...sections['server'] },
    upstream: { url: upstream, ...sections['upstream'] }
  }))
  const child = spawn(process.execPath, [...littleMemory, main, 'serve', '--config', file], { stdio: ['ignore', 'pipe', 'inherit'], env: {} })
  const exited = once(child, 'exit')
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  t.teardown(kill)
  let log = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { log += text })
  while (!log.includes('"event":"started"')) {
    const [code] = await Promise.race([once(child.stdout, 'data'), exited])
    if (child.exitCode !== null) throw new Error(`the gateway ended before it served: ${String(code)}\n${log}`)
  }
  return {
    socket,
    kill,
    log: () => log,
    memory: async () => await residentBytes(child.pid),
    sockets: async () => await openSockets(child.pid)
  }
}

async function openSockets (pid: number | undefined): Promise<number> {
  const folder = `/proc/${pid}/fd`
  const targets = await Promise.all((await readdir(folder)).map(async (name) => await readlink(join(folder, name)).catch(() => '')))
  return targets.filter((target) => target.startsWith('socket:')).length
}

async function residentBytes (pid: number | undefined): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])
  return Number(stdout) * 1024
}
