/** What a soaked Doorward stands between, each of which can fail and come back: application, provider, Redis. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type ClientMetadata } from 'oidc-provider'
import { WebSocketServer } from 'ws'
import { listenOnLoopback } from '../demo/loopback.ts'
import { createProvider } from '../demo/provider.ts'
import { freePort } from './programs.ts'
import { startRedis } from './redis-server.ts'
import { upstreamBody } from './upstream.ts'

/** Something that fails for a while. */
export interface Fault {
  readonly name: string
  readonly begin: () => Promise<void>
  readonly end: () => Promise<void>
}

export interface Surroundings {
  readonly upstream: { readonly origin: string }
  readonly issuer: string
  readonly register: (client: ClientMetadata) => Promise<void>
  readonly redisUrl: string
  readonly faults: readonly Fault[]
  close (): Promise<void>
}

/** Short, so that every session is refreshed again and again. */
export const accessTokenSeconds = 30
const day = 24 * 3600

export async function startSurroundings (): Promise<Surroundings> {
  const [application, provider, redis] = await Promise.all([startApplication(), startFailingProvider(), startRedis()])
  return {
    upstream: { origin: application.origin },
    issuer: provider.issuer,
    register: async (client) => { await provider.register({ ...client, grant_types: ['authorization_code', 'refresh_token'] }) },
    redisUrl: redis.url,
    faults: [application.fault, provider.fault, { name: 'Redis is killed, and comes back empty', begin: redis.end, end: redis.begin }],
    async close () {
      await application.close()
      await provider.close()
      await redis.end()
    }
  }
}

/** Answers with a few bytes, and WebSockets with what they say. */
async function startApplication () {
  const port = await freePort()
  let server: Server
  let sockets: WebSocketServer

  async function begin (): Promise<void> {
    server = createServer((request, response) => { request.resume().on('end', () => { response.end(upstreamBody) }) })
    sockets = new WebSocketServer({ server })
    sockets.on('connection', (socket) => { socket.on('message', (data) => { socket.send(data) }).on('error', () => {}) })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }

  async function end (): Promise<void> {
    for (const socket of sockets.clients) socket.terminate()
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }

  await begin()
  return { origin: `http://127.0.0.1:${port}`, close: end, fault: { name: 'the application is down', begin: end, end: begin } }
}

async function startFailingProvider () {
  const server = createServer()
  const { port, close } = await listenOnLoopback(server, 0)
  const issuer = `http://localhost:${port}`
  const ttl = { AccessToken: accessTokenSeconds, AuthorizationCode: 60, Grant: day, IdToken: day, Interaction: day, RefreshToken: day, Session: day }
  const { listener, register } = await createProvider({ issuer, clients: [], protocol: { ttl } })
  let isFailing = false
  server.on('request', (request, response) => {
    if (isFailing) response.writeHead(500).end()
    else listener(request, response)
  })
  return { issuer, register, close, fault: { name: 'the provider answers with 500', begin: async () => { isFailing = true }, end: async () => { isFailing = false } } }
}
