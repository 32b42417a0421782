import type { IncomingHttpHeaders } from 'node:http'
import { nodeAddress } from './address.ts'

/** What trusted proxies say about the way here. */
export interface Forwarding {
  /** From the client to the peer. */
  readonly addresses: readonly string[]
  readonly proto?: 'http' | 'https' | undefined
  /** As it was written: to be checked. */
  readonly host?: string | undefined
}

/** What one proxy says: from where the request reached it, and how. */
interface Hop {
  readonly address: string | undefined
  readonly proto?: string | undefined
  readonly host?: string | undefined
}

/** Nobody stands behind more proxies. */
const maxAddresses = 32

/**
 * Reads the forwarding headers of a trusted peer. X-Forwarded-For wins over Forwarded (RFC 7239), which is read only
 * where there is none: most proxies know the former alone, and pass on what the client wrote in the latter.
 */
export function readForwarding (headers: IncomingHttpHeaders, peer: string, isTrusted: (address: string) => boolean): Forwarding {
  const text = (name: string): string | undefined => headers[name]?.toString()
  const addressList = text('x-forwarded-for')
  const { addresses, first } = addressList === undefined
    ? follow(text('forwarded'), elementHop, peer, isTrusted)
    : follow(addressList, addressHop, peer, isTrusted)
  return {
    addresses,
    proto: protoOf(lastOf(text('x-forwarded-proto')) ?? first?.proto),
    host: lastOf(text('x-forwarded-host')) ?? first?.host
  }
}

/**
 * Follows a list from its end, where the nearest proxy wrote, to the first address that is not trusted: the client.
 * What stands before it is the client's word (RFC 7239 section 8.1). What can't be read ends the way where it is.
 *
 * @returns the addresses from the client on, and what the proxy that is nearest to the client says
 */
function follow (list: string | undefined, readHop: (element: string) => Hop | undefined, peer: string, isTrusted: (address: string) => boolean): { addresses: string[], first: Hop | undefined } {
  const addresses = peer === '' ? [] : [peer]
  let farthest = peer
  let first: Hop | undefined
  for (const element of elementsFromEnd(list ?? '')) {
    if (!isTrusted(farthest) || addresses.length >= maxAddresses) break
    const hop = readHop(element)
    if (hop === undefined) break
    first = hop
    if (hop.address === undefined) break
    farthest = hop.address
    addresses.push(farthest)
  }
  return { addresses: addresses.reverse(), first }
}

/** Commas in quotes are none. From the end, an open quote of the client's spoils only what the client wrote. */
function * elementsFromEnd (list: string): Generator<string> {
  let end = list.length
  let isQuoted = false
  for (let index = end - 1; index >= 0; index--) {
    const character = list[index]
    if (character === '"') isQuoted = !isQuoted
    if (character !== ',' || isQuoted) continue
    yield list.slice(index + 1, end).trim()
    end = index
  }
  yield list.slice(0, end).trim()
}

function addressHop (element: string): Hop {
  return { address: nodeAddress(element) }
}

const maxElementLength = 1_000
/** A token or a quoted text (RFC 7239 section 4); escapes in quotes are refused, since no address and no host needs one. */
const pair = /^([\w!#$%&'*+.^`|~-]+)=(?:([\w!#$%&'*+.^`|~-]+)|"([^"\\]*)")$/

/** An element of Forwarded; undefined where it is not well formed. */
function elementHop (element: string): Hop | undefined {
  if (element === '' || element.length > maxElementLength) return undefined
  const parameters = new Map<string, string>()
  for (const part of element.split(';')) {
    const [, name = '', token, quoted] = pair.exec(part.trim()) ?? []
    if (name === '' || parameters.has(name.toLowerCase())) return undefined
    parameters.set(name.toLowerCase(), token ?? quoted ?? '')
  }
  return { address: nodeAddress(parameters.get('for') ?? ''), proto: parameters.get('proto'), host: parameters.get('host') }
}

/** The last of a list is what the peer itself wrote. */
function lastOf (list: string | undefined): string | undefined {
  return list?.slice(list.lastIndexOf(',') + 1).trim()
}

function protoOf (text = ''): Forwarding['proto'] {
  const proto = text.toLowerCase()
  return proto === 'http' || proto === 'https' ? proto : undefined
}
