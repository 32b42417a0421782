import { type FastifyInstance } from 'fastify'
import { type JSONWebKeySet } from 'jose'
import { publicClientKey } from './client-keys.ts'
import { publicDecryptionKey } from './decryption.ts'

/** The keys of one client, as text. */
export interface ClientKeyTexts {
  readonly clientKey?: string | undefined
  readonly previousClientKeys: readonly string[]
  /** Only for the first is anything new to be encrypted. */
  readonly decryptionKeys: readonly string[]
}

/** The public keys of all clients, each once. @throws {ClientKeyError} */
export async function clientKeySet (clients: readonly ClientKeyTexts[]): Promise<JSONWebKeySet> {
  const signing = clients.flatMap(({ clientKey, previousClientKeys }) => clientKey === undefined ? previousClientKeys : [clientKey, ...previousClientKeys])
  const encryption = clients.flatMap(({ decryptionKeys }) => decryptionKeys.slice(0, 1))
  const keys = await Promise.all([...signing.map((text) => publicClientKey(text)), ...encryption.map((text) => publicDecryptionKey(text))])
  return { keys: keys.filter((key, index) => keys.findIndex(({ kid, use }) => kid === key.kid && use === key.use) === index) }
}

/** `GET /client-jwks`: what providers verify this client's assertions with, and encrypt for it with (`jwks_uri`, RFC 7591 section 2). Absent where there are no keys. */
export function mountClientKeys (app: FastifyInstance, basePath: string, keySet: JSONWebKeySet): void {
  if (keySet.keys.length === 0) return
  // Providers may come by a name of the inside.
  app.get(`${basePath}/client-jwks`, { exposeHeadRoute: true, config: { anyHost: true, isForNobodyToo: true } }, (_request, reply) => reply.header('cache-control', 'public, max-age=300').send(keySet))
}
