/** A gateway in a process of its own, so that its memory can be told from that of the test. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Test } from 'tap'
import { stringify } from 'yaml'

export interface GatewayProcess {
  /** Path of the socket that it listens on: a port could be taken by somebody else before the process is there. */
  readonly socket: string
  /** Bytes of resident memory. */
  memory (): Promise<number>
  /** How many files and sockets it has open. */
  openFiles (): Promise<number>
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Starts `doorward serve`, open to everybody; it ends with the test. */
export async function startGatewayProcess (t: Test, upstream: string): Promise<GatewayProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'doorward-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const [file, socket] = [join(folder, 'doorward.yaml'), join(folder, 'socket')]
  await writeFile(file, stringify({
    server: { listen: `unix:${socket}`, publicUrl: 'http://localhost:1', hosts: ['localhost'] },
    admin: { listen: 'off' },
    provider: { issuer: 'http://localhost:1', clientId: 'doorward' },
    access: { default: 'anonymous' },
    upstream: { url: upstream },
    log: { format: 'json' }
  }))
  const child = spawn(process.execPath, [main, 'serve', '--config', file], { stdio: ['ignore', 'pipe', 'inherit'], env: {} })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  for await (const line of createInterface(child.stdout)) {
    if (!line.includes('"event":"started"')) continue
    child.stdout.resume()
    return { socket, memory: async () => await residentBytes(child.pid), openFiles: async () => (await readdir(`/proc/${child.pid}/fd`)).length }
  }
  throw new Error('the gateway ended before it served')
}

async function residentBytes (pid: number | undefined): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])
  return Number(stdout) * 1024
}
