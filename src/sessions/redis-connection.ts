import { getCACertificates } from 'node:tls'
import type { Cluster, Redis } from 'ioredis'

/** Where Redis is, and who asks. */
export interface RedisSettings {
  /** `redis://` or `rediss://`, with user, password and database where there are any: a server, a Sentinel or a node of a cluster. */
  readonly url: string
  /** In place of those of the URL. */
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** More Sentinels, or more nodes of the cluster, as `host:port`. */
  readonly nodes: readonly string[]
  /** Given where the addresses are those of Sentinels. */
  readonly sentinel?: { readonly name: string, readonly username?: string | undefined, readonly password?: string | undefined } | undefined
  readonly cluster: boolean
  /** Authorities to trust beside the usual ones. */
  readonly caPem?: string | undefined
}

export type Client = Redis | Cluster

/** Nobody waits longer for an answer. */
export const operationMilliseconds = 250
/** A connection on which an answer is due and nothing comes for this long is given up. */
const silenceMilliseconds = 1_000
const connectMilliseconds = 2_000
const longestPauseMilliseconds = 1_000
const defaultPorts = { server: 6379, sentinel: 26379 }

/**
 * A client that has not connected yet. It goes on trying for as long as it lives, and keeps nothing to be sent later:
 * who can't be answered at once has to know, and what was given up must not happen after all.
 */
export async function createClient (settings: RedisSettings): Promise<Client> {
  // Most gateways have no Redis, and shall not carry its client.
  const { Redis } = await import('ioredis')
  const { url, nodes, sentinel, cluster } = settings
  const { hostname, port, pathname } = new URL(url)
  const addresses = [`${hostname}:${port || (sentinel === undefined ? defaultPorts.server : defaultPorts.sentinel)}`, ...nodes].map(addressOf)
  const common = { ...commonOptions, ...credentialsOf(settings), ...tlsOf(settings), db: Number(pathname.slice(1)) }
  if (cluster) return await clusterOf(addresses, common)
  if (sentinel === undefined) return insistingOnItsDatabase(new Redis({ ...common, ...addresses[0] }))
  return insistingOnItsDatabase(new Redis({
    ...common,
    name: sentinel.name,
    sentinels: addresses,
    ...sentinel.username !== undefined && { sentinelUsername: sentinel.username },
    ...sentinel.password !== undefined && { sentinelPassword: sentinel.password },
    ...common.tls !== undefined && { sentinelTLS: common.tls, enableTLSForSentinelMode: true },
    sentinelCommandTimeout: operationMilliseconds,
    sentinelRetryStrategy: pause
  }))
}

/** Where Redis refuses the database, the client would go on in number 0, among the keys of somebody else. */
function insistingOnItsDatabase (client: Redis): Redis {
  return client.on('error', (error) => {
    if (commandOf(error) === 'SELECT') client.disconnect(true)
  })
}

/** What Redis was asked when it answered with this error; `undefined` for any other error. */
export function commandOf (error: Error): string | undefined {
  if (error.name !== 'ReplyError') return undefined
  return (error as { command?: { name?: string } }).command?.name?.toUpperCase()
}

const commonOptions = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  commandTimeout: operationMilliseconds,
  socketTimeout: silenceMilliseconds,
  connectTimeout: connectMilliseconds,
  connectionName: 'doorward',
  disableClientInfo: true,
  retryStrategy: pause,
  // A master that has become a replica, or has lost its replicas: another one may have taken its place.
  reconnectOnError: (error: Error) => /^(READONLY|NOREPLICAS)\b/.test(error.message)
}

type CommonOptions = typeof commonOptions & { readonly db: number, readonly tls?: Tls }

async function clusterOf (addresses: Address[], { db: _db, enableOfflineQueue, lazyConnect, retryStrategy: _retry, ...redisOptions }: CommonOptions): Promise<Cluster> {
  const { Cluster } = await import('ioredis')
  return new Cluster(addresses, {
    lazyConnect,
    enableOfflineQueue,
    redisOptions,
    clusterRetryStrategy: pause,
    clusterNodeRetryStrategy: pause,
    slotsRefreshTimeout: silenceMilliseconds,
    // Certificates name hosts: an address looked up in advance would not match them.
    dnsLookup: (host, callback) => { callback(null, host) }
  })
}

function pause (attempts: number): number {
  return Math.min(50 * attempts, longestPauseMilliseconds)
}

interface Address {
  readonly host: string
  readonly port: number
}

/** `host:port`, where the host may be an IPv6 address in brackets. */
function addressOf (text: string): Address {
  const colon = text.lastIndexOf(':')
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) }
}

/** As the client takes them. */
function credentialsOf (settings: RedisSettings): { username?: string, password?: string } {
  const url = new URL(settings.url)
  const username = settings.username ?? decodeURIComponent(url.username)
  const password = settings.password ?? decodeURIComponent(url.password)
  return { ...username !== '' && { username }, ...password !== '' && { password } }
}

interface Tls {
  readonly ca?: string[]
}

function tlsOf ({ url, caPem }: RedisSettings): { tls?: Tls } {
  if (new URL(url).protocol !== 'rediss:') return {}
  return { tls: caPem === undefined ? {} : { ca: [...getCACertificates('default'), caPem] } }
}
