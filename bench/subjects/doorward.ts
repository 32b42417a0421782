import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { freePort, nodeCommand, startProgram, untilReady } from '../programs.ts'
import { type Subject, type SubjectParts } from './index.ts'

const project = resolve(import.meta.dirname, '../..')
/** As it is built. */
export const mainFile = join(project, 'dist/main.js')

export interface DoorwardShape {
  /** Also its client at the provider; once in a run. */
  readonly id: string
  readonly title: string
  /** Who signs in. */
  readonly user: string
  /** Sections of the configuration in place of the usual ones. */
  readonly sections?: Readonly<Record<string, unknown>>
  /** Options of Node. */
  readonly nodeOptions?: readonly string[]
}

export interface Doorward extends Subject {
  /** What its sessions are sealed with. */
  readonly secret: Buffer
}

/** The one that is compared to others. */
export async function startDoorward (parts: SubjectParts): Promise<Doorward> {
  const nodeOptions = parts.profileFolder === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', parts.profileFolder]
  return await launchDoorward(parts, { id: 'doorward', title: 'Doorward', user: 'alice', nodeOptions })
}

/** Doorward as it is installed: built, one process, sessions in cookies, logging warnings. */
export async function launchDoorward (parts: SubjectParts, { title, user, nodeOptions = [], ...shape }: DoorwardShape): Promise<Doorward> {
  const { file, port, origin, secret } = await configureDoorward(parts, shape)
  const program = startProgram([...nodeCommand, ...nodeOptions, mainFile, 'serve', '--config', file], 'subject')
  await untilReady(program, `${origin}/oidc/session`)
  return { ...program, title, origin, port, tells: { user, assertion: 'yes' }, secret }
}

interface ConfiguredDoorward extends Pick<Doorward, 'port' | 'origin' | 'secret'> {
  /** Of the configuration. */
  readonly file: string
}

/** Builds Doorward, where nothing has yet, and makes its configuration and its client at the provider. */
export async function configureDoorward (parts: SubjectParts, { id, sections = {} }: Pick<DoorwardShape, 'id' | 'sections'>): Promise<ConfiguredDoorward> {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const client = { clientId: `bench-${id}`, clientSecret: randomBytes(32).toString('base64') }
  const secret = randomBytes(32)
  await parts.register({ client_id: client.clientId, client_secret: client.clientSecret, redirect_uris: [`${origin}/oidc/callback`] })
  const file = join(parts.folder, `${id}.yaml`)
  // JSON, which is YAML.
  writeFileSync(file, JSON.stringify({
    server: { listen: `127.0.0.1:${port}`, publicUrl: origin, drainDelay: '0s' },
    admin: { listen: 'off' },
    provider: { issuer: parts.issuer, ...client },
    log: { level: 'warn', format: 'json' },
    ...usualSections(parts),
    ...sections,
    session: { secret: secret.toString('base64'), ...(sections.session as object | undefined) }
  }), { mode: 0o600 })
  buildOnce()
  return { file, port, origin, secret }
}

function usualSections ({ upstream }: SubjectParts): Record<string, unknown> {
  return {
    roles: { mapping: { 'cmdbsyncer-admins': { roles: ['admin'] } } },
    access: { rules: [{ path: '/public/**', allow: 'anonymous' }, { path: '/admin/**', require: { roles: ['admin'] } }] },
    upstream: { url: upstream.origin }
  }
}

let isBuilt = false

function buildOnce (): void {
  if (isBuilt) return
  const { status, stdout } = spawnSync(process.execPath, [join(project, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], { cwd: project, encoding: 'utf8' })
  if (status !== 0) throw new Error(`Doorward can’t be built:\n${stdout}`)
  isBuilt = true
}
