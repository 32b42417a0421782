import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Claims } from '../mapping/index.ts'
import { type Terminal } from './terminal.ts'

/** The claims of one person in a JSON file, or on standard input where the name is `-`; or what is wrong with them. */
export async function readClaims (name: string, { cwd, stdin }: Pick<Terminal, 'cwd' | 'stdin'>): Promise<Claims | string> {
  try {
    const text = name === '-' ? await stdin?.() ?? '' : readFileSync(resolve(cwd, name), 'utf8')
    return claimsIn(JSON.parse(text.replace(/^\uFEFF/, '')))
  } catch (error) {
    return error instanceof SyntaxError ? `not valid JSON: ${error.message}` : 'can’t be read'
  }
}

/** Claims noted by hand rarely have a subject, and no rule is about it. */
function claimsIn (value: unknown): Claims | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'expected a JSON object that holds claims'
  const claims: Claims = { sub: 'unknown', ...value }
  return typeof claims['sub'] === 'string' && claims['sub'] !== '' ? claims : 'expected the claim sub to be text'
}
