/** A real nginx in front of a gateway. Needs the part `nginx`. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Test } from 'tap'
import { startDaemon } from './daemon.ts'

/** Starts nginx on a port of loopback; it ends with the test. @param location directives of the one location, `/` */
export async function startNginx (t: Test, port: number, location: string): Promise<void> {
  await startNginxServer(t, port, `server {
    listen 127.0.0.1:${port};
    location / { ${location} }
  }`)
}

/** The same. @param http directives of the section http, with a server that listens on the port */
export async function startNginxServer (t: Test, port: number, http: string): Promise<void> {
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
  ${http}
}
`)
  await startDaemon(t, { name: 'nginx', args: ['-e', 'stderr', '-p', folder, '-c', file], port })
}
