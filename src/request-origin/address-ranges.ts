import { BlockList } from 'node:net'
import { canonicalAddress } from './address.ts'

/**
 * The range in canonical text: `10.0.0.5` is `10.0.0.5/32`, and IPv4 in IPv6 is IPv4. Undefined for what is no address
 * and no CIDR (RFC 4632, RFC 4291 section 2.3).
 */
export function addressRange (text: string): string | undefined {
  const [, given = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const address = canonicalAddress(given)
  if (address === undefined) return undefined
  const isShort = !address.includes(':')
  const longest = isShort ? 32 : 128
  const written = length === undefined ? longest : Number(length) - (isShort && given.includes(':') ? 96 : 0)
  return written < 0 || written > longest ? undefined : `${address}/${written}`
}

/** Whether an address, in canonical text, is within any of the ranges. @param ranges as `addressRange` writes them */
export function createRanges (ranges: readonly string[]): (address: string) => boolean {
  if (ranges.length === 0) return () => false
  // One list for each: in a common one, ::/64 would cover every IPv4 address.
  const [short, long] = [new BlockList(), new BlockList()]
  for (const range of ranges) {
    const [address = '', length = ''] = range.split('/')
    if (address.includes(':')) long.addSubnet(address, Number(length), 'ipv6')
    else short.addSubnet(address, Number(length), 'ipv4')
  }
  return (address) => address.includes(':') ? long.check(address, 'ipv6') : short.check(address, 'ipv4')
}
