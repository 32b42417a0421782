/** `doorward` in a process of its own: what it prints, and how it ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Test } from 'tap'
import { stringify } from 'yaml'
import { freePort } from '../support/gateway.ts'
import { secretsIn } from '../support/secrets-seen.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export interface ServeProcess {
  readonly child: ChildProcess
  readonly port: number
  /** Where health and metrics are served, such as `http://127.0.0.1:34567`. */
  readonly admin: string
  readonly folder: string
  stdout (): string
  stderr (): string
  /** Resolves once standard output holds the event. */
  logged (event: string): Promise<void>
  /** Resolves with the exit code, or the signal that ended the process. */
  readonly ended: Promise<number | string>
}

interface Run {
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  readonly ended: Promise<number | string>
}

/** Runs a command line; the process ends with the test. @param output where standard output goes; default: it is kept. @param node flags of Node's own */
export function runMain (t: Test, args: readonly string[], { cwd, output, node = [], env = {} }: { cwd?: string, output?: string, node?: readonly string[], env?: Readonly<Record<string, string>> } = {}): Run {
  const child = spawn(process.execPath, [...node, main, ...args], { stdio: ['ignore', output === undefined ? 'pipe' : openSync(output, 'w'), 'pipe'], env, cwd })
  const text = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (part: string) => { text.stdout += part })
  child.stderr?.setEncoding('utf8').on('data', (part: string) => { text.stderr += part })
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
    const leaks = secretsIn(text.stdout + text.stderr)
    if (leaks.length > 0) throw new Error(`written down, and secret: ${leaks.join(', ')}`)
  })
  return { child, ended, stdout: () => text.stdout, stderr: () => text.stderr }
}

/** Starts `doorward serve`, open to everybody. @param sections merged over those that it needs anyway */
export async function startServe (t: Test, sections: Readonly<Record<string, object | undefined>>, output?: string, process: { node?: readonly string[], env?: Readonly<Record<string, string>> } = {}): Promise<ServeProcess> {
  const [port, adminPort] = [await freePort(), await freePort()]
  const folder = t.testdir({
    'doorward.yaml': stringify({
      provider: { issuer: 'http://localhost:1', clientId: 'doorward' },
      access: { default: 'anonymous' },
      upstream: { url: 'http://127.0.0.1:1' },
      log: { format: 'json' },
      ...sections,
      admin: { listen: `127.0.0.1:${adminPort}`, ...sections['admin'] },
      server: { listen: `127.0.0.1:${port}`, publicUrl: `http://localhost:${port}`, drainDelay: '0s', ...sections['server'] }
    })
  })
  const run = runMain(t, ['serve'], { ...process, cwd: folder, ...(output !== undefined && { output }) })
  return {
    ...run,
    port,
    admin: `http://127.0.0.1:${adminPort}`,
    folder,
    async logged (event) {
      while (!run.stdout().includes(`"event":"${event}"`)) {
        // Whoever is killed has no exit code, and an end that was is there at once: to ask again would never let anything else happen.
        const ended = run.ended.then((code) => { throw new Error(`never logged: ${event}; ended with ${code}\n${run.stderr()}`) })
        await Promise.race([once(run.child.stdout ?? run.child, 'data'), ended])
      }
    }
  }
}

/** The events of the log, in order. */
export function eventsIn (log: string): Record<string, unknown>[] {
  return log.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>)
}
