import { addressRange, createRanges } from './address-ranges.ts'

/** A peer on the unix socket that Doorward listens on. */
const unix = 'unix'

/** The range in canonical text, or `unix`. Undefined for what is neither. */
export function trustedRange (text: string): string | undefined {
  return text === unix ? unix : addressRange(text)
}

/** Whether an address, canonical or empty for a unix socket, is that of a trusted proxy. @param ranges as `trustedRange` writes them */
export function createTrust (ranges: readonly string[]): (address: string) => boolean {
  const isUnixTrusted = ranges.includes(unix)
  const isWithin = createRanges(ranges.filter((each) => each !== unix))
  return (address) => address === '' ? isUnixTrusted : isWithin(address)
}
