import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { type Terminal } from './terminal.ts'

interface KeygenArguments {
  readonly type?: string | undefined
}

const generators: Readonly<Record<string, () => string>> = { session: sessionKey, assertion: assertionKey }

/** `doorward keygen`: prints a fresh key, and nothing else. */
export async function keygen ({ type = 'session' }: KeygenArguments, terminal: Terminal): Promise<number> {
  const generate = Object.hasOwn(generators, type) ? generators[type] : undefined
  if (generate === undefined) {
    terminal.stderr(`--type: expected one of ${Object.keys(generators).join(', ')}; found ${JSON.stringify(type)}\n`)
    return 2
  }
  terminal.stdout(`${generate().trimEnd()}\n`)
  return 0
}

/** For `session.secret`: 32 bytes in base64. */
function sessionKey (): string {
  return randomBytes(32).toString('base64')
}

/** For `assertion.key`: a private key for ES256 (RFC 7518 section 3.4) as PKCS #8 in PEM. */
function assertionKey (): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}
