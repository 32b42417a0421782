import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePort, startProgram, untilReady } from '../programs.ts'
import { type Subject, type SubjectParts } from './index.ts'

/** On the PATH, or where `go install` puts it; `undefined` where it is not installed. */
export function findOauth2Proxy (): string | undefined {
  const { PATH = '', GOBIN, GOPATH } = process.env
  const folders = [...PATH.split(delimiter), ...(GOBIN === undefined ? [] : [GOBIN]), join(GOPATH ?? join(homedir(), 'go'), 'bin')]
  return folders.filter((folder) => folder !== '').map((folder) => join(folder, 'oauth2-proxy')).find((file) => existsSync(file))
}

/** oauth2-proxy as a reverse proxy with sessions in the cookie; `undefined` where it is not installed. */
export async function startOauth2Proxy (parts: SubjectParts): Promise<Subject | undefined> {
  const executable = findOauth2Proxy()
  if (executable === undefined) return undefined
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const secret = randomBytes(32).toString('base64url')
  await parts.register({ client_id: 'bench-oauth2-proxy', client_secret: secret, redirect_uris: [redirectUri(origin)] })
  const file = join(parts.folder, 'oauth2-proxy.cfg')
  writeFileSync(file, configuration(port, origin, secret, parts), { mode: 0o600 })
  const program = startProgram([executable, '--config', file], 'subject')
  await untilReady(program, `${origin}/ping`)
  return { ...program, title: 'oauth2-proxy', origin, port, tells: { user: 'alice', assertion: 'no' } }
}

function redirectUri (origin: string): string {
  return `${origin}/oauth2/callback`
}

/** Its own defaults, except for what makes it do what Doorward does: a required group, identity headers, no log of requests. */
function configuration (port: number, origin: string, clientSecret: string, { issuer, upstream }: SubjectParts): string {
  const settings = {
    http_address: `127.0.0.1:${port}`,
    provider: 'oidc',
    oidc_issuer_url: issuer,
    client_id: 'bench-oauth2-proxy',
    client_secret: clientSecret,
    redirect_url: redirectUri(origin),
    scope: 'openid email profile',
    code_challenge_method: 'S256',
    skip_provider_button: true,
    session_store_type: 'cookie',
    cookie_secret: randomBytes(32).toString('base64url'),
    // Plain HTTP on loopback.
    cookie_secure: false,
    email_domains: ['*'],
    allowed_groups: ['cmdbsyncer-admins'],
    upstreams: [`${upstream.origin}/`],
    pass_user_headers: true,
    pass_access_token: false,
    request_logging: false,
    auth_logging: false,
    standard_logging: false
  }
  // Text, flags and lists of text are written in TOML as in JSON.
  return Object.entries(settings).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`).join('')
}
