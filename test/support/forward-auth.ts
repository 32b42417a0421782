/** A real proxy that holds the requests and asks a gateway about each, set up by the very snippets of docs/forward-auth.md. */
import { readFileSync } from 'node:fs'
import { type Test } from 'tap'
import { startCaddy } from './caddy.ts'
import { startNginxServer } from './nginx.ts'

export interface Asking {
  /** Where the proxy listens, on 127.0.0.1. */
  readonly port: number
  readonly gatewayPort: number
  readonly applicationPort: number
}

export interface AskingProxy {
  readonly name: 'nginx' | 'caddy'
  /** From where it asks. */
  readonly address: string
  start (t: Test, asking: Asking): Promise<void>
}

const guide = readFileSync(new URL('../../docs/forward-auth.md', import.meta.url), 'utf8')

/** The first snippet in a language, with the addresses of a test in place of the example's, over plain http. */
function snippet (language: string, { gatewayPort, applicationPort }: Asking): string {
  const [, text = ''] = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(guide) ?? []
  return text
    .replaceAll('127.0.0.1:4180', `127.0.0.1:${gatewayPort}`)
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${applicationPort}`)
    .replaceAll('__Host-doorward', 'doorward')
}

export const nginx: AskingProxy = {
  name: 'nginx',
  // Not that of the test's own requests: whoever goes around nginx is not trusted.
  address: '127.0.0.9',
  async start (t, asking) {
    const server = snippet('nginx', asking)
      .replace('listen 443 ssl', `listen 127.0.0.1:${asking.port}`)
      .replace('server_name app.example.com', 'server_name localhost')
      .replace(/^ *ssl_certificate.*\n/gm, '')
    await startNginxServer(t, asking.port, `proxy_bind 127.0.0.9;\n${server}`)
  }
}

export const caddy: AskingProxy = {
  name: 'caddy',
  address: '127.0.0.1',
  async start (t, asking) {
    await startCaddy(t, asking.port, snippet('caddyfile', asking).replace('app.example.com', `http://localhost:${asking.port}`))
  }
}
