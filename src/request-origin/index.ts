/**
 * Where a request comes from, and which site it is for.
 *
 * Owns whom Doorward believes about the way a request came, and under which hosts it answers. It does not own what the
 * application is told of that (pipeline/) nor where people are sent to: cookies, redirects and sign-ins go by the public
 * URL alone.
 */
import type { IncomingMessage } from 'node:http'
import { Problem } from '../errors.ts'
import { peerAddress } from './address.ts'
import { readForwarding } from './forwarding.ts'
import { createKnownHosts, isHost } from './known-hosts.ts'
import { createTrust } from './trust.ts'

export { canonicalAddress, peerAddress } from './address.ts'
export { addressRange, createRanges } from './address-ranges.ts'
export { createKnownHosts, isHost } from './known-hosts.ts'
export { trustedRange } from './trust.ts'

/** Complete, whatever was sent: what can't be believed is replaced by what is known. */
export interface RequestOrigin {
  /** IPv4 or IPv6, canonical; of IPv4 in IPv6 the IPv4. Empty on a unix socket, unless a proxy there says more. */
  readonly clientAddress: string
  /** From the client to the peer, as X-Forwarded-For has them. Empty on a unix socket about which nobody says more. */
  readonly forwardedFor: readonly string[]
  /** As the client spoke to the first trusted proxy; that of the public URL where none says so. */
  readonly proto: 'http' | 'https'
  /** Which of the known hosts was asked for; that of the public URL where `hostProblem` is set. */
  readonly host: string
  /** Why the request must not be served: `request_invalid`, or `host_unknown`. */
  readonly hostProblem: Problem | undefined
  readonly isTrustedPeer: boolean
}

/** What of a request tells its origin. */
export type MessageHead = Pick<IncomingMessage, 'socket' | 'headers' | 'rawHeaders'>

export interface RequestOriginSettings {
  readonly publicUrl: URL
  /** Hosts beside that of the public URL: `host` or `host:port`. */
  readonly hosts: readonly string[]
  /** Ranges as `trustedRange` writes them, and `unix`. */
  readonly trustedProxies: readonly string[]
}

/** Who sent it to the wrong place, or spelt it wrong, may have been wrong about its end, too. */
const endOfConnection = { connection: 'close' }

/** Reads the origin of a request. Never throws, and its work is bounded by the header section's size. */
export function createRequestOrigins ({ publicUrl, hosts, trustedProxies }: RequestOriginSettings): (message: MessageHead) => RequestOrigin {
  const knownHost = createKnownHosts(publicUrl, hosts)
  const isTrusted = createTrust(trustedProxies)
  const publicProto = publicUrl.protocol === 'https:' ? 'https' : 'http'

  function hostProblem (own: string | undefined, asked: string | undefined): Problem | undefined {
    if (own === undefined || asked === undefined || !isHost(asked) || !isHost(own)) return new Problem('request_invalid', { detail: invalidHost, headers: endOfConnection, cause: quoted('invalid host', asked) })
    return new Problem('host_unknown', { headers: endOfConnection, cause: `${quoted('unknown host', asked)}; name it in server.hosts, or have the proxy pass Host on` })
  }

  return (message) => {
    const peer = peerAddress(message.socket.remoteAddress)
    const isTrustedPeer = isTrusted(peer)
    const told = isTrustedPeer ? readForwarding(message.headers, peer, isTrusted) : { addresses: peer === '' ? [] : [peer] }
    const own = onlyHost(message.rawHeaders)
    const asked = told.host ?? own
    const isOwnFit = own === asked || (own !== undefined && isHost(own))
    const host = isOwnFit && asked !== undefined ? knownHost(asked) : undefined
    return {
      clientAddress: told.addresses[0] ?? '',
      forwardedFor: told.addresses,
      proto: told.proto ?? publicProto,
      host: host ?? publicUrl.host,
      hostProblem: host === undefined ? hostProblem(own, asked) : undefined,
      isTrustedPeer
    }
  }
}

const invalidHost = 'The request must name its host, once and in a valid form.'

/** For the log: bounded, and quoted so that nothing in it can pretend to be more. */
function quoted (what: string, text = ''): string {
  return `${what} ${JSON.stringify(text.slice(0, 300))}`
}

/** The value of the one Host line; two of them are a way to be understood in two ways (RFC 9112 section 3.2). */
function onlyHost (raw: readonly string[]): string | undefined {
  let host: string | undefined
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? ''
    if (name.length !== 4 || name.toLowerCase() !== 'host') continue
    if (host !== undefined) return undefined
    host = raw[index + 1]
  }
  return host
}
