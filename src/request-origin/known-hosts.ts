import { isIPv6 } from 'node:net'

/** A name of 253 characters, a dot, and a port. */
const maxLength = 260
const hostAndPort = /^(?:[a-z0-9_][a-z0-9_.-]*|\[([0-9a-f:.]+)\])(?::(\d{1,5}))?$/i

/** Whether the text is `host` or `host:port` (RFC 9110 section 7.2), of names as they are in use: no escapes, no user. */
export function isHost (text: string): boolean {
  if (text.length > maxLength) return false
  const [found, address, port = ''] = hostAndPort.exec(text) ?? []
  return found !== undefined && (address === undefined || isIPv6(address)) && Number(port) <= 65535
}

/**
 * Finds the host among those that are known, as it stands there. In any case, with the default port of the public URL
 * spelled or not, and with the dot at its end that names a host absolutely (RFC 1034 section 3.1), a host is the same.
 */
export function createKnownHosts (publicUrl: URL, hosts: readonly string[]): (text: string) => string | undefined {
  const defaultPort = publicUrl.protocol === 'https:' ? ':443' : ':80'
  function settled (text: string): string {
    const host = text.toLowerCase().replace(/\.(?=:\d+$|$)/, '')
    return host.endsWith(defaultPort) ? host.slice(0, -defaultPort.length) : host
  }
  const others = hosts.map(settled).map((host) => [host, host] as const)
  const known = new Map([...others, [settled(publicUrl.host), publicUrl.host]])
  return (text) => known.get(text) ?? (isHost(text) ? known.get(settled(text)) : undefined)
}
