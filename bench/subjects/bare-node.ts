import { join } from 'node:path'
import { freePort, nodeCommand, startProgram, untilReady } from '../programs.ts'
import { type Subject, type SubjectParts } from './index.ts'

/** What Doorward adds to a request, in number and length, under names by which the upstream does not know people. */
const doorwardLines: readonly string[] = [
  'X-Forwarded-For', '127.0.0.1',
  'X-Forwarded-Proto', 'http',
  'X-Forwarded-Host', 'localhost:40000',
  'X-Forwarded-Port', '40000',
  'Forwarded', 'for=127.0.0.1;host="localhost:40000";proto=http',
  'X-Request-Id', '00000000-0000-4000-8000-000000000000',
  'X-Told-User', 'alice',
  'X-Told-Subject', 'alice',
  'X-Told-Email', 'alice@example.com',
  'X-Told-Name', 'Alice Archer',
  'X-Told-Groups', 'cmdbsyncer-admins',
  'X-Told-Roles', 'admin',
  'X-Told-Assertion', 'a'.repeat(740)
]

export async function startBareNode (parts: SubjectParts): Promise<Subject> {
  return await start(parts, 'bare Node', [])
}

/** The same with as many header lines as Doorward sends: what they cost whoever sends them. */
export async function startTellingNode (parts: SubjectParts): Promise<Subject> {
  return await start(parts, 'bare Node with as many header lines', doorwardLines)
}

async function start ({ upstream }: SubjectParts, title: string, lines: readonly string[]): Promise<Subject> {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const program = startProgram([...nodeCommand, join(import.meta.dirname, '../bare-node.ts'), String(port), upstream.origin, JSON.stringify(lines)], 'subject')
  await untilReady(program, origin)
  return { ...program, title, origin, port, tells: { user: 'nobody', assertion: 'no' } }
}
