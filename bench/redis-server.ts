/** A Redis of the run's own, that keeps nothing on the disk. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from './programs.ts'

export interface RedisServer {
  readonly url: string
  readonly port: number
  /** Starts it again, empty. */
  begin (): Promise<void>
  end (): Promise<void>
}

/** @throws {Error} where it is not installed */
export async function startRedis (): Promise<RedisServer> {
  const port = await freePort()
  let child: ChildProcess | undefined

  async function begin (): Promise<void> {
    child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: 'ignore' })
    await once(child, 'spawn')
    while (!await answers(port)) await delay(50)
  }

  async function end (): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  await begin()
  return { url: `redis://127.0.0.1:${port}`, port, begin, end }
}

async function answers (port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const isOpen = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false)
  socket.destroy()
  return isOpen
}
