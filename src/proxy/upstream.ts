import { buildConnector, Client, type Dispatcher, Pool } from 'undici'
import { createIdleWatch, type IdleWatch } from './idle-watch.ts'

export interface UpstreamSettings {
  /** http or https, without credentials, may have a path; or `unix:/path` of a socket. */
  readonly url: string
  readonly connectMilliseconds: number
  /** Until the response headers. */
  readonly responseMilliseconds: number
  /** Between two parts of a body. */
  readonly idleMilliseconds: number
  /** PEM of the authorities to trust in place of the system's. */
  readonly caPem?: string | undefined
  readonly verifyTls: boolean
}

export interface Upstream {
  readonly dispatcher: Dispatcher
  /** Sends a request over a new connection, which serves no other. */
  dispatchAfresh (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void
  /** Put in front of every target; empty or a path without a slash at its end. */
  readonly basePath: string
  /** Scheme, host and port; of a socket, `unix:/path`. */
  readonly origin: string
  readonly host: string
  /** Watches the response bodies that are under way. */
  readonly bodies: IdleWatch
  close (): Promise<void>
}

/** Below the five seconds after which common servers close an idle connection: a request is not sent into a closing one. */
const keepAliveMilliseconds = 4_000

/** The pool of connections to one application. Certificates are verified unless the configuration says otherwise. */
export function createUpstream (settings: UpstreamSettings): Upstream {
  const socketPath = socketPathOf(settings.url)
  const url = new URL(socketPath === undefined ? settings.url : 'http://localhost')
  const bodies = createIdleWatch(settings.idleMilliseconds)
  const options: Client.Options = {
    pipelining: 1,
    keepAliveTimeout: keepAliveMilliseconds,
    connect: createConnector(settings, socketPath),
    // Header lines are passed on as they stand, which HTTP/2 does not have.
    allowH2: false,
    headersTimeout: settings.responseMilliseconds,
    // Idle bodies are watched by the forwarder, which knows when nobody is to blame: server-sent events, slow readers.
    bodyTimeout: 0
  }
  const pool = new Pool(url.origin, options)
  return {
    dispatcher: pool,
    dispatchAfresh (request, handler) {
      const client = new Client(url.origin, options)
      client.dispatch(request, handler)
      // It ends with the exchange, whose failure the handler has been told.
      client.close().catch(() => {})
    },
    basePath: url.pathname.replace(/\/+$/, ''),
    origin: socketPath === undefined ? url.origin : settings.url,
    host: url.host,
    bodies,
    async close () {
      bodies.close()
      await pool.destroy()
    }
  }
}

function socketPathOf (url: string): string | undefined {
  return url.startsWith('unix:') ? url.slice('unix:'.length) : undefined
}

/**
 * undici takes the server's name from the Host header, which here is that of Doorward: the certificate would be held
 * against the wrong name. Without it, the name is that of the upstream's URL (RFC 9110 section 4.3.4).
 */
function createConnector ({ connectMilliseconds, verifyTls, caPem }: UpstreamSettings, socketPath: string | undefined): buildConnector.connector {
  const connect = buildConnector({
    timeout: connectMilliseconds,
    rejectUnauthorized: verifyTls,
    allowH2: false,
    // The end of one direction is not the end of a tunnel. Of an ordinary response undici sees to it itself.
    allowHalfOpen: true,
    ...(socketPath !== undefined && { socketPath }),
    ...(caPem !== undefined && { ca: caPem })
  })
  return ({ servername: _ofHostHeader, ...options }, callback) => { connect(options, callback) }
}
