/** A real Caddy in front of a gateway. Needs the part `caddy`. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Test } from 'tap'
import { startDaemon } from './daemon.ts'

const options = `{
\tadmin off
\tauto_https off
\tdefault_bind 127.0.0.1
\tlog {
\t\tlevel ERROR
\t}
}
`

/** Starts Caddy with sites of a Caddyfile, one of which listens on the port of loopback; it ends with the test. */
export async function startCaddy (t: Test, port: number, sites: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'doorward-caddy-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'Caddyfile')
  await writeFile(file, options + sites)
  await startDaemon(t, { name: 'caddy', args: ['run', '--config', file, '--adapter', 'caddyfile'], port, environment: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder } })
}
