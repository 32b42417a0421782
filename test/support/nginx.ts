/** A real nginx in front of a gateway. Needs the part `nginx`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Test } from 'tap'
import { partPath } from './parts.ts'

/** Starts nginx on a port of loopback; it ends with the test. @param location directives of the one location, `/` */
export async function startNginx (t: Test, port: number, location: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'doorward-nginx-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${join(folder, kind)};`)
  const file = join(folder, 'nginx.conf')
  await writeFile(file, `daemon off;
master_process off;
pid ${join(folder, 'nginx.pid')};
error_log stderr warn;
events {}
http {
  ${temporary.join('\n  ')}
  access_log off;
  server {
    listen 127.0.0.1:${port};
    location / { ${location} }
  }
}
`)
  const child = spawn(partPath('nginx'), ['-e', 'stderr', '-p', folder, '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  // Not inherited: whoever waits for the end of the test's output must not wait for nginx as well.
  child.stderr.pipe(process.stderr)
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGTERM')
    await exited
  })
  while (!await answers(port)) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`)
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
