/** Redis servers of a test's own: on loopback, nothing on disk but their configuration, and gone with the test. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Test } from 'tap'
import { freePort } from './gateway.ts'
import { partPath } from './parts.ts'

const run = promisify(execFile)

export interface TestRedis {
  readonly port: number
  /** Without a password. */
  readonly url: string
  /** Asks it something, as `redis-cli` does; the answer as text, without colours or quotes. */
  ask (...words: readonly string[]): Promise<string>
  /** It stays connected and answers nothing more (SIGSTOP), until it is woken. */
  freeze (): void
  wake (): void
  /** Ends it at once, without a farewell. */
  kill (): Promise<void>
  /** Starts it again on the same port, empty. */
  restart (): Promise<void>
}

export interface RedisOptions {
  readonly password?: string
  /** Lines of its configuration, beside those that every test needs. */
  readonly lines?: readonly string[]
  /** With these, it speaks TLS on its port. */
  readonly tls?: { readonly certFile: string, readonly keyFile: string, readonly caFile: string }
  readonly sentinel?: boolean
}

/** Starts a server and waits until it answers. Needs the part `redis-server`. */
export async function startRedis (t: Test, options: RedisOptions = {}): Promise<TestRedis> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'doorward-redis-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'redis.conf')
  await writeFile(file, linesOf(options, port, folder).join('\n'))
  const cli = [...options.tls === undefined ? [] : ['--tls', '--cacert', options.tls.caFile], ...options.password === undefined ? [] : ['--no-auth-warning', '-a', options.password]]
  const ask = async (...words: readonly string[]): Promise<string> => (await run('redis-cli', ['-h', '127.0.0.1', '-p', String(port), ...cli, ...words])).stdout.trim()
  let child: ChildProcess

  async function start (): Promise<void> {
    child = spawn(partPath('redis-server'), [file, ...options.sentinel === true ? ['--sentinel'] : []], { stdio: 'ignore' })
    while (!/PONG/.test(await ask('ping').catch(() => ''))) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`)
      await new Promise((resolve) => { setTimeout(resolve, 20) })
    }
  }

  async function kill (): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  await start()
  t.teardown(kill)
  return { port, url: `${options.tls === undefined ? 'redis' : 'rediss'}://127.0.0.1:${port}`, ask, freeze () { child.kill('SIGSTOP') }, wake () { child.kill('SIGCONT') }, kill, restart: start }
}

function linesOf ({ password, lines = [], tls, sentinel = false }: RedisOptions, port: number, folder: string): string[] {
  return [
    'bind 127.0.0.1',
    `dir ${folder}`,
    ...tls === undefined ? [`port ${port}`] : ['port 0', `tls-port ${port}`, `tls-cert-file ${tls.certFile}`, `tls-key-file ${tls.keyFile}`, `tls-ca-cert-file ${tls.caFile}`, 'tls-auth-clients no', 'tls-replication yes', 'tls-cluster yes'],
    ...sentinel ? [] : ['save ""'],
    ...password === undefined ? [] : [`requirepass ${password}`],
    ...lines,
    ''
  ]
}

export interface TestSentinel {
  readonly url: string
  readonly master: TestRedis
  readonly replica: TestRedis
  /** Waits until the replica has everything and is known, so that it can take over. */
  untilReplicated (): Promise<void>
}

/** A master and its replica, and a Sentinel that watches them under the name `doors`. */
export async function startSentinel (t: Test): Promise<TestSentinel> {
  const master = await startRedis(t)
  const replica = await startRedis(t, { lines: [`replicaof 127.0.0.1 ${master.port}`] })
  const sentinel = await startRedis(t, {
    sentinel: true,
    lines: [`sentinel monitor doors 127.0.0.1 ${master.port} 1`, 'sentinel down-after-milliseconds doors 500', 'sentinel failover-timeout doors 3000']
  })
  return {
    url: sentinel.url,
    master,
    replica,
    async untilReplicated () {
      await until(async () => /master_link_status:up/.test(await replica.ask('info', 'replication')))
      await until(async () => (await sentinel.ask('sentinel', 'replicas', 'doors')).includes(String(replica.port)))
      // Sentinel promotes only whom it has heard say that it follows the master.
      await until(async () => /master-link-status\s+ok/.test(await sentinel.ask('sentinel', 'replicas', 'doors')))
    }
  }
}

/** A cluster of three masters, each followed by so many replicas. */
export async function startCluster (t: Test, replicas = 0): Promise<readonly TestRedis[]> {
  const lines = ['cluster-enabled yes', 'cluster-node-timeout 1000']
  const nodes = await Promise.all(Array.from({ length: 3 * (1 + replicas) }, () => startRedis(t, { lines })))
  await run('redis-cli', ['--cluster', 'create', ...nodes.map(({ port }) => `127.0.0.1:${port}`), '--cluster-replicas', String(replicas), '--cluster-yes'])
  for (const node of nodes) await until(async () => /cluster_state:ok/.test(await node.ask('cluster', 'info')))
  return nodes
}

/** Looks again and again until it is so; a test that waits in vain ends by its own time limit. */
export async function until (isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!await isSo()) await new Promise((resolve) => { setTimeout(resolve, 20) })
}
