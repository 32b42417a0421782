import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mostConnections, type SubjectName } from '../options.ts'
import { freePort, startProgram, untilReady } from '../programs.ts'
import { type Subject, type SubjectParts } from './index.ts'

export const apachePath = '/usr/sbin/apache2'
const modulesFolder = '/usr/lib/apache2/modules'
const modules = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'proxy', 'proxy_http', 'auth_openidc']

/** Apache with mod_auth_openidc as a reverse proxy; `undefined` where one of them is not installed. */
export async function startApache (name: SubjectName, sessionType: 'server-cache' | 'client-cookie', parts: SubjectParts): Promise<Subject | undefined> {
  if (!existsSync(apachePath) || !modules.every((module) => existsSync(moduleFile(module)))) return undefined
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const secret = randomBytes(32).toString('base64url')
  await parts.register({ client_id: `bench-${name}`, client_secret: secret, redirect_uris: [redirectUri(origin)] })
  const file = join(parts.folder, `${name}.conf`)
  writeFileSync(file, `${server(name, port, parts)}${openIdConnect(name, sessionType, origin, secret, parts)}`, { mode: 0o600 })
  const program = startProgram([apachePath, '-f', file, '-DFOREGROUND'], 'subject')
  await untilReady(program, origin)
  return { ...program, title: `Apache, mod_auth_openidc, ${sessionType}`, origin, port, tells: { user: 'alice', assertion: 'no' } }
}

export function moduleFile (module: string): string {
  return join(modulesFolder, `mod_${module}.so`)
}

function redirectUri (origin: string): string {
  return `${origin}/admin/redirect_uri`
}

/**
 * As many threads in each of two processes as the load client may have connections: with fewer, Apache closes idle ones
 * now and then. Keep-alive without limits. A user is needed, and used, only under root.
 */
function server (name: SubjectName, port: number, { folder, upstream }: SubjectParts): string {
  return `${modules.map((module) => `LoadModule ${module}_module ${moduleFile(module)}`).join('\n')}
ServerRoot ${folder}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${join(folder, `${name}.pid`)}
DefaultRuntimeDir ${folder}
ErrorLog ${join(folder, `${name}.log`)}
LogLevel error
User www-data
Group www-data
StartServers 2
MinSpareThreads ${mostConnections}
MaxSpareThreads ${4 * mostConnections}
ThreadsPerChild ${mostConnections}
MaxRequestWorkers ${4 * mostConnections}
MaxConnectionsPerChild 0
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 60
ProxyPreserveHost On
ProxyPass / ${upstream.origin}/
`
}

/** The module's own defaults, except for what makes it do what Doorward does: claims as headers, a group on a path. */
function openIdConnect (name: SubjectName, sessionType: string, origin: string, secret: string, { issuer }: SubjectParts): string {
  return `OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration
OIDCClientID bench-${name}
OIDCClientSecret ${secret}
OIDCCryptoPassphrase ${randomBytes(32).toString('base64url')}
OIDCRedirectURI ${redirectUri(origin)}
OIDCScope "openid email profile"
OIDCPKCEMethod S256
OIDCRemoteUserClaim preferred_username
OIDCPassClaimsAs headers
OIDCSessionType ${sessionType}
OIDCSessionInactivityTimeout 1800
OIDCSessionMaxDuration 28800
<Location />
  AuthType openid-connect
  Require valid-user
</Location>
<Location /admin/>
  Require claim groups:cmdbsyncer-admins
</Location>
`
}
