/** A gateway in a process of its own, so that its memory can be told from that of the test. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Test } from 'tap'
import { stringify } from 'yaml'
import { freePort } from '../support/gateway.ts'

export interface GatewayProcess {
  readonly port: number
  /** Bytes of resident memory. */
  memory (): Promise<number>
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Starts `doorward serve`, open to everybody; it ends with the test. */
export async function startGatewayProcess (t: Test, upstream: string): Promise<GatewayProcess> {
  const port = await freePort()
  const folder = t.testdir({
    'doorward.yaml': stringify({
      server: { listen: `127.0.0.1:${port}`, publicUrl: `http://localhost:${port}` },
      provider: { issuer: 'http://localhost:1', clientId: 'doorward' },
      access: { default: 'anonymous' },
      upstream: { url: upstream },
      log: { format: 'json' }
    })
  })
  const child = spawn(process.execPath, [main, 'serve', '--config', `${folder}/doorward.yaml`], { stdio: ['ignore', 'pipe', 'inherit'], env: {} })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  for await (const line of createInterface(child.stdout)) {
    if (line.includes('"event":"started"')) break
  }
  child.stdout.resume()
  return { port, memory: async () => await residentBytes(child.pid) }
}

async function residentBytes (pid: number | undefined): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])
  return Number(stdout) * 1024
}
