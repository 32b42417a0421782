import { join } from 'node:path'
import { freePort, nodeCommand, startProgram, untilReady } from '../programs.ts'
import { type Subject, type SubjectParts } from './index.ts'

export async function startBareNode ({ upstream }: SubjectParts): Promise<Subject> {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const program = startProgram([...nodeCommand, join(import.meta.dirname, '../bare-node.ts'), String(port), upstream.origin], 'subject')
  await untilReady(program, origin)
  return { ...program, title: 'bare Node', origin, port, tells: { user: 'nobody', assertion: 'no' } }
}
