import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { freePort, startProgram, untilReady } from '../programs.ts'
import { type Subject, type SubjectParts } from './index.ts'

const project = resolve(import.meta.dirname, '../..')
const clientId = 'bench-doorward'

/** Doorward as it is installed: built, one process, sessions in cookies, logging warnings. */
export async function startDoorward (parts: SubjectParts): Promise<Subject> {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const secret = randomBytes(32).toString('base64')
  await parts.register({ client_id: clientId, client_secret: secret, redirect_uris: [`${origin}/oidc/callback`] })
  const file = join(parts.folder, 'doorward.yaml')
  writeFileSync(file, configuration(origin, port, secret, parts), { mode: 0o600 })
  build()
  const program = startProgram([process.execPath, join(project, 'dist/main.js'), 'serve', '--config', file], 'subject')
  await untilReady(program, `${origin}/oidc/session`)
  return { name: 'doorward', title: 'Doorward', origin, port, pid: program.pid, tells: { user: 'alice', assertion: 'yes' } }
}

/** JSON, which is YAML. */
function configuration (origin: string, port: number, clientSecret: string, { issuer, upstream }: SubjectParts): string {
  return JSON.stringify({
    server: { listen: `127.0.0.1:${port}`, publicUrl: origin },
    admin: { listen: 'off' },
    provider: { issuer, clientId, clientSecret },
    session: { secret: randomBytes(32).toString('base64') },
    roles: { mapping: { 'cmdbsyncer-admins': { roles: ['admin'] } } },
    access: { rules: [{ path: '/public/**', allow: 'anonymous' }, { path: '/admin/**', require: { roles: ['admin'] } }] },
    upstream: { url: upstream.origin },
    log: { level: 'warn', format: 'json' }
  })
}

function build (): void {
  const { status, stdout } = spawnSync(process.execPath, [join(project, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], { cwd: project, encoding: 'utf8' })
  if (status !== 0) throw new Error(`Doorward can’t be built:\n${stdout}`)
}
