import { isIPv6 } from 'node:net'

/**
 * What Doorward says about the way the request came: rebuilt for every request, from the connection and from the
 * public URL, never from the client's word (RFC 7239 section 8.1).
 */
export function createForwardingHeaders (publicUrl: URL): (peerAddress: string, requestId: string) => string[] {
  const proto = publicUrl.protocol.slice(0, -1)
  const port = publicUrl.port || (proto === 'https' ? '443' : '80')
  const fixed = ['X-Forwarded-Proto', proto, 'X-Forwarded-Host', publicUrl.host, 'X-Forwarded-Port', port]
  const suffix = `;host=${quoted(publicUrl.host)};proto=${proto}`
  return (peerAddress, requestId) => [
    'X-Forwarded-For', peerAddress, ...fixed, 'Forwarded', `for=${node(peerAddress)}${suffix}`, 'X-Request-Id', requestId
  ]
}

/** An IPv6 address is bracketed and quoted (RFC 7239 section 6). A unix socket has no address: `unknown`. */
function node (address: string): string {
  if (address === '') return 'unknown'
  return isIPv6(address) ? `"[${address}]"` : address
}

/** A host with a port is no token (RFC 9110 section 5.6.2). */
function quoted (host: string): string {
  return /^[A-Za-z0-9.-]+$/.test(host) ? host : `"${host}"`
}
