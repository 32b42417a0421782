/** Apache with mod_auth_openidc as a reverse proxy, set up as its defaults are: what Doorward’s profile is compared with. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Test } from 'tap'
import { freePort } from '../support/gateway.ts'
import { missingPart, partPath } from '../support/parts.ts'

const modulesFolder = '/usr/lib/apache2/modules'
const modules = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'headers', 'proxy', 'proxy_http', 'auth_openidc']
const startsWithinMilliseconds = 20_000

/** For tap's `skip`; see `missingPart`. The profile follows one version: later ones write some values in another way. */
export function missingModule (): string | false {
  const reason = missingPart('apache2')
  if (reason !== false) return reason
  const missing = modules.map(fileOf).find((file) => !existsSync(file))
  if (missing === undefined) return otherVersion()
  if (process.env.TEST_REQUIRE === 'all') throw new Error(`${missing} does not exist, and TEST_REQUIRE=all asks for every part`)
  return `${missing} does not exist`
}

function otherVersion (): string | false {
  const { stdout } = spawnSync('dpkg-query', ['--show', 'libapache2-mod-auth-openidc'], { encoding: 'utf8' })
  return /\t2\.4\.12/.test(String(stdout)) ? false : 'mod_auth_openidc is not of version 2.4.12'
}

export interface ModuleOptions {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly upstream: string
  /** Further lines of the configuration. */
  readonly directives?: string
}

/** Starts Apache, which ends with the test, and returns its origin. */
export async function startModule (t: Test, options: ModuleOptions): Promise<string> {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const folder = mkdtempSync(join(tmpdir(), 'doorward-apache-'))
  const file = join(folder, 'apache2.conf')
  writeFileSync(file, `${server(port, folder, options.upstream)}${openIdConnect(origin, options)}`, { mode: 0o600 })
  const child = spawn(partPath('apache2'), ['-f', file, '-DFOREGROUND'], { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true })
  })
  await untilReady(`${origin}/redirect_uri`, () => child.exitCode === null)
  return origin
}

function fileOf (module: string): string {
  return join(modulesFolder, `mod_${module}.so`)
}

/** User and group are needed, and used, only under root. */
function server (port: number, folder: string, upstream: string): string {
  return `${modules.map((module) => `LoadModule ${module}_module ${fileOf(module)}`).join('\n')}
ServerRoot ${folder}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${join(folder, 'pid')}
DefaultRuntimeDir ${folder}
ErrorLog ${join(folder, 'error.log')}
LogLevel error
User www-data
Group www-data
StartServers 1
ThreadsPerChild 4
MaxRequestWorkers 4
ServerLimit 1
LimitRequestFieldSize 65536
ProxyPass / ${upstream}/ responsefieldsize=65536
`
}

/** `X-Remote-User` is how the user name is usually handed on: over HTTP there is no REMOTE_USER. */
function openIdConnect (origin: string, { issuer, clientId, clientSecret, directives = '' }: ModuleOptions): string {
  return `OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration
OIDCClientID ${clientId}
OIDCClientSecret "${clientSecret}"
OIDCCryptoPassphrase "only for tests, and long enough for them"
OIDCRedirectURI ${origin}/redirect_uri
OIDCScope "openid email profile"
${directives}
<Location />
  AuthType openid-connect
  Require valid-user
  RequestHeader set X-Remote-User expr=%{REMOTE_USER}
</Location>
`
}

async function untilReady (url: string, isRunning: () => boolean): Promise<void> {
  const deadline = Date.now() + startsWithinMilliseconds
  while (isRunning() && Date.now() < deadline) {
    const answer = await fetch(url, { redirect: 'manual' }).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer !== undefined) return
    await delay(50)
  }
  throw new Error(`Apache does not answer at ${url}`)
}
