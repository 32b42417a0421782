/** A real HAProxy in front of gateways. Needs the part `haproxy`. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Test } from 'tap'
import { startDaemon } from './daemon.ts'

/** Starts HAProxy on a port of loopback; it ends with the test. @param backend directives of the one backend */
export async function startHaproxy (t: Test, port: number, backend: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'doorward-haproxy-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'haproxy.cfg')
  await writeFile(file, `defaults
  mode http
  timeout connect 10s
  # Without it a check has as long as there is between two.
  timeout check 10s
  timeout client 60s
  timeout server 60s
frontend people
  bind 127.0.0.1:${port}
  default_backend gateways
backend gateways
  ${backend.join('\n  ')}
`)
  await startDaemon(t, { name: 'haproxy', args: ['-db', '-q', '-f', file], port })
}
