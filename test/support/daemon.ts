/** A server of somebody else's that a test needs. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type Test } from 'tap'
import { type PartName, partPath } from './parts.ts'

export interface DaemonSettings {
  readonly name: PartName
  /** So that it stays in the foreground. */
  readonly args: readonly string[]
  /** Where it listens on 127.0.0.1. */
  readonly port: number
  /** Beside that of the test. */
  readonly environment?: Readonly<Record<string, string>>
}

/** Starts it and waits until it listens; it ends with the test. Needs the part of that name. */
export async function startDaemon (t: Test, { name, args, port, environment = {} }: DaemonSettings): Promise<void> {
  const child = spawn(partPath(name), args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...environment } })
  // Not inherited: whoever waits for the end of the test's output must not wait for the daemon as well.
  child.stderr.pipe(process.stderr)
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGTERM')
    await exited
  })
  while (!await answers(port)) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`)
    await new Promise((resolve) => { setTimeout(resolve, 20) })
  }
}

async function answers (port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
