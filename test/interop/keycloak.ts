/**
 * A real Keycloak on loopback: fetched by Maven and built once, then kept below node_modules/.cache. Needs the parts
 * `java` and `mvn`.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Test } from 'tap'
import { partPath } from '../support/parts.ts'

const run = promisify(execFile)

const name = 'keycloak-26.7.3'
const artifact = `org.keycloak:keycloak-quarkus-dist:${name.replace(/^\D+/, '')}:zip`
const unpack = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack'
const cache = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url))
const administrator = { KC_BOOTSTRAP_ADMIN_USERNAME: 'admin', KC_BOOTSTRAP_ADMIN_PASSWORD: 'only-for-tests' }

export interface Keycloak {
  /** Origin, such as `http://localhost:34567`. */
  readonly url: string
  /**
   * Asks the admin API, as its administrator. @param path below `/admin/realms`, such as `/company/users`
   * @returns the JSON of the answer, if it has any. Throws when the status is not 2xx.
   */
  admin (method: string, path: string, body?: unknown): Promise<unknown>
}

export interface KeycloakOptions {
  /** A realm that it reads at its start (`--import-realm`), as text. Default: it has none but its own. */
  readonly realm?: string
  /** Default: one that is free. */
  readonly port?: number
  /** Variables over those of the administrator. */
  readonly environment?: Readonly<Record<string, string>>
}

/** Starts a Keycloak; it ends with the test, and nothing of it is kept. */
export async function startKeycloak (t: Test, { realm, port = 0, environment = {} }: KeycloakOptions = {}): Promise<Keycloak> {
  const home = realm === undefined ? await installed() : await homeWith(t, realm)
  const args = keycloakIn(home, [
    'start', '--optimized', '--cache=local', '--http-enabled=true', '--http-host=127.0.0.1', `--http-port=${port}`, '--hostname-strict=false',
    ...realm === undefined ? [] : ['--import-realm']
  ])
  const variables = { ...administrator, ...environment }
  const child = spawn(partPath('java'), args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...variables } })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const url = `http://localhost:${await portOf(child.stdout)}`
  return { url, admin: (method, path, body) => askAdmin({ url, variables }, method, path, body) }
}

/** Which port it took, once it says so: a port chosen before could be somebody else's half a minute later. */
async function portOf (output: Readable): Promise<string> {
  let said = ''
  for await (const part of output.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    said += String(part)
    const [, port] = /Listening on: http:\/\/127\.0\.0\.1:(\d+)/.exec(said) ?? []
    if (port === undefined) continue
    output.resume()
    return port
  }
  throw new Error(`Keycloak did not start:\n${said}`)
}

/** Where Keycloak is, fetched and built where it was not yet. */
async function installed (): Promise<string> {
  const home = join(cache, name)
  if (existsSync(home)) return home
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'keycloak-'))
  await run(partPath('mvn'), ['-q', '-B', unpack, `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`, `-DmarkersDirectory=${folder}`], { cwd: folder })
  // A database in memory, decided on now: what is built already starts in half the time.
  await run(partPath('java'), keycloakIn(join(folder, name), ['build', '--db=dev-mem']))
  await rename(join(folder, name), home)
  await rm(folder, { recursive: true })
  return home
}

/** A folder for Keycloak with data of its own, a realm to import among it. */
async function homeWith (t: Test, realm: string): Promise<string> {
  const shared = await installed()
  const home = await mkdtemp(join(tmpdir(), 'doorward-keycloak-'))
  t.teardown(() => rm(home, { recursive: true }))
  await mkdir(join(home, 'data/import'), { recursive: true })
  await writeFile(join(home, 'data/import/realm.json'), realm)
  for (const folder of ['conf', 'lib', 'providers', 'themes']) await symlink(join(shared, folder), join(home, folder))
  return home
}

/** As bin/kc.sh does it, but as one process, which can be ended. */
function keycloakIn (home: string, args: readonly string[]): string[] {
  const properties = { 'kc.home.dir': home, 'jboss.server.config.dir': join(home, 'conf'), 'java.util.logging.manager': 'org.jboss.logmanager.LogManager' }
  return [
    '-Xmx512m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC',
    ...Object.entries(properties).map(([key, value]) => `-D${key}=${value}`),
    '-cp', join(home, 'lib', 'quarkus-run.jar'), 'io.quarkus.bootstrap.runner.QuarkusEntryPoint',
    ...args
  ]
}

interface Administered {
  readonly url: string
  readonly variables: typeof administrator
}

async function askAdmin ({ url, variables }: Administered, method: string, path: string, body: unknown): Promise<unknown> {
  const headers = { authorization: `Bearer ${await adminToken(url, variables)}`, 'content-type': 'application/json' }
  const answer = await fetch(`${url}/admin/realms${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path} was answered with ${answer.status}: ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

/** A fresh one each time: they live for a minute. */
async function adminToken (url: string, { KC_BOOTSTRAP_ADMIN_USERNAME: username, KC_BOOTSTRAP_ADMIN_PASSWORD: password }: Administered['variables']): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', username, password })
  const answer = await fetch(`${url}/realms/master/protocol/openid-connect/token`, { method: 'POST', body })
  const { access_token: token } = await answer.json() as { access_token?: string }
  if (token === undefined) throw new Error(`no token for the administrator: status ${answer.status}`)
  return token
}
