import { isIPv4, isIPv6, SocketAddress } from 'node:net'

/** The longest text in which an address can stand: IPv6 that ends in IPv4, in brackets, with a port. */
const maxLength = 64
const mapped = '::ffff:'

/**
 * The address at the other end of a connection: IPv4 as such, also where the socket listens on both; without the zone
 * of a link-local one. Empty for a unix socket, and for a connection that is gone.
 */
export function peerAddress (remoteAddress = ''): string {
  if (!remoteAddress.includes(':')) return remoteAddress
  const address = remoteAddress.split('%', 1)[0] ?? ''
  return unmapped(address)
}

/** The address in canonical text, IPv4 in IPv6 as IPv4; undefined for what is none. */
export function canonicalAddress (text: string): string | undefined {
  if (text.length > maxLength || text.includes('%')) return undefined
  if (isIPv4(text)) return text
  return isIPv6(text) ? unmapped(new SocketAddress({ address: text, family: 'ipv6' }).address) : undefined
}

const bracketed = /^\[([^\]]*:[^\]]*)\](?::\d{1,5})?$/
const withPort = /^([^:]*):\d{1,5}$/

/** The address of a node as proxies write it: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`. */
export function nodeAddress (text: string): string | undefined {
  if (text.length > maxLength) return undefined
  const [, address = text] = bracketed.exec(text) ?? withPort.exec(text) ?? []
  return canonicalAddress(address)
}

function unmapped (address: string): string {
  const rest = address.slice(mapped.length)
  return address.startsWith(mapped) && isIPv4(rest) ? rest : address
}
