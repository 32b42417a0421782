import { type FastifyInstance } from 'fastify'
import { type JSONWebKeySet } from 'jose'
import { publicClientKey } from './client-keys.ts'

/** The keys of one client, as text. */
export interface ClientKeyTexts {
  readonly clientKey?: string | undefined
  readonly previousClientKeys: readonly string[]
}

/** The public keys of all clients, each once. @throws {ClientKeyError} */
export async function clientKeySet (clients: readonly ClientKeyTexts[]): Promise<JSONWebKeySet> {
  const signing = clients.flatMap(({ clientKey, previousClientKeys }) => clientKey === undefined ? previousClientKeys : [clientKey, ...previousClientKeys])
  const keys = await Promise.all(signing.map((text) => publicClientKey(text)))
  return { keys: keys.filter((key, index) => keys.findIndex(({ kid }) => kid === key.kid) === index) }
}

/** `GET /client-jwks`: what providers verify this client's assertions with (`jwks_uri`, RFC 7591 section 2). Absent where there are no keys. */
export function mountClientKeys (app: FastifyInstance, basePath: string, keySet: JSONWebKeySet): void {
  if (keySet.keys.length === 0) return
  // Providers may come by a name of the inside.
  app.get(`${basePath}/client-jwks`, { exposeHeadRoute: true, config: { anyHost: true } }, (_request, reply) => reply.header('cache-control', 'public, max-age=300').send(keySet))
}
