/** The application behind every subject: nginx with one worker and a small answer, or a small Node server without nginx. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, type Program, startProgram, untilReady } from './programs.ts'

export interface Upstream extends Program {
  readonly origin: string
  readonly port: number
  readonly server: 'nginx' | 'Node'
}

/** 130 bytes, about what an application answers to a small API call. */
export const upstreamBody = 'A report that only administrators may read. '.repeat(3).slice(0, 130)

/** A path that only the role or group of administrators may open, where the subject asks for one. */
export const protectedPath = '/admin/report'

export const nginxPath = '/usr/sbin/nginx'

export async function startUpstream (folder: string): Promise<Upstream> {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const hasNginx = existsSync(nginxPath)
  const program = hasNginx
    ? startProgram([nginxPath, '-e', 'stderr', '-c', nginxConfiguration(folder, port)], 'others')
    : startProgram([process.execPath, join(import.meta.dirname, 'plain-upstream.ts'), String(port), upstreamBody], 'others')
  await untilReady(program, origin)
  return { ...program, origin, port, server: hasNginx ? 'nginx' : 'Node' }
}

/** The X-Seen-… headers are how a run knows that the application was told who asks. */
function nginxConfiguration (folder: string, port: number): string {
  const file = join(folder, 'nginx.conf')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `  ${kind}_temp_path ${join(folder, 'nginx-temporary')};`)
  writeFileSync(file, `daemon off;
worker_processes 1;
pid ${join(folder, 'nginx.pid')};
error_log stderr warn;
events { worker_connections 4096; }
http {
${temporary.join('\n')}
  access_log off;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  underscores_in_headers on;
  large_client_header_buffers 8 32k;
  map "$http_x_auth_user$http_oidc_claim_preferred_username$http_x_forwarded_preferred_username" $person { "" nobody; ~^(?<name>.+)$ $name; }
  map $http_x_auth_assertion $assertion { "" no; default yes; }
  server {
    listen 127.0.0.1:${port};
    default_type text/plain;
    add_header X-Seen-User $person;
    add_header X-Seen-Assertion $assertion;
    location / { return 200 "${upstreamBody}"; }
  }
}
`)
  return file
}
