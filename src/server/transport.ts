import { readFileSync } from 'node:fs'
import type { Server, ServerOptions } from 'node:http'
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https'
import { type Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import { http } from '../node-http.ts'
import { type Logger } from '../observability/index.ts'
import { isWebSocketHandshake } from '../proxy/index.ts'
import { refuseConnection } from './refuse-connection.ts'
import { cutStuckReaders } from './stuck-readers.ts'

export interface TransportSettings {
  readonly tls?: { readonly certFile: string, readonly keyFile: string } | undefined
  /** Bytes of a header section, request line included. */
  readonly maxHeaderSize: number
  readonly maxConnections: number
  /** Milliseconds that a client may take nothing of what is sent to it. */
  readonly clientTimeout: number
}

/** Connections: how they are made, and how long who does nothing on them may stay. */
export interface Transport {
  readonly server: Server
  /**
   * Reads certificate and key again. Nothing changes until what is returned is called: then new connections get them, and
   * the limits. Whether there is TLS at all, and `maxHeaderSize`, can't change.
   *
   * @throws where the files can't be read, or not be used
   */
  prepare (settings: TransportSettings): () => void
}

/** RFC 9112 leaves it to the server; slower than this is an attack (slowloris) more often than a network. */
const headersTimeoutMilliseconds = 20_000
/** How often it is looked for them. Node's half a minute would let them stay more than twice as long. */
const headersCheckMilliseconds = 5_000
/** Longer than the minute that load balancers keep a connection: the side that knows of no request under way closes it. */
const keepAliveMilliseconds = 72_000

/** Listens nowhere yet, and has no certificate before the first `prepare`. */
export function createTransport (settings: Pick<TransportSettings, 'tls' | 'maxHeaderSize'>, logger: Logger): Transport {
  const options: ServerOptions = {
    maxHeaderSize: settings.maxHeaderSize,
    headersTimeout: headersTimeoutMilliseconds,
    // Bodies are watched by whoever takes them.
    requestTimeout: 0,
    keepAliveTimeout: keepAliveMilliseconds,
    connectionsCheckingInterval: headersCheckMilliseconds,
    shouldUpgradeCallback: isWebSocketHandshake,
    optimizeEmptyRequests: true,
    // A request without Host is answered like every other that can't be served.
    requireHostHeader: false
  }
  const secure = settings.tls === undefined ? undefined : createHttpsServer(options)
  const server = secure ?? http.createServer(options)
  server.on('clientError', (error: Error & { code?: string }, socket) => { refuseConnection(error, socket as Socket, logger) })
  const limitReaders = cutStuckReaders(server, secure === undefined ? 'connection' : 'secureConnection')
  return {
    server,
    prepare ({ tls, maxConnections, clientTimeout }) {
      const exchangeCertificate = secure === undefined || tls === undefined ? undefined : certificateFor(secure, tls)
      return () => {
        exchangeCertificate?.()
        server.maxConnections = maxConnections
        limitReaders(clientTimeout)
      }
    }
  }
}

function certificateFor (server: HttpsServer, { certFile, keyFile }: { readonly certFile: string, readonly keyFile: string }): () => void {
  const context = { cert: readFileSync(certFile), key: readFileSync(keyFile), minVersion: 'TLSv1.2' } as const
  // Fails here where it would fail below.
  createSecureContext(context)
  return () => { server.setSecureContext(context) }
}
