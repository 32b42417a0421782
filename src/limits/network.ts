/**
 * Whom an address counts for. An IPv4 address is counted by itself. Of IPv6 a customer has 2^64 addresses at least, and
 * may use another one for every request, so the first 64 bits count (RFC 6177 section 2, RFC 4291 section 2.5.1).
 *
 * @param address in canonical text (RFC 5952), IPv4 in IPv6 as IPv4
 */
export function networkOf (address: string): string {
  if (!address.includes(':')) return address
  const [left = '', right] = address.split('::')
  const groups = groupsOf(left)
  if (right === undefined) return prefixOf(groups)
  const rest = groupsOf(right)
  return prefixOf([...groups, ...Array.from({ length: Math.max(0, groupsInAll - groups.length - rest.length) }, () => '0'), ...rest])
}

const groupsInAll = 8
const groupsThatCount = 4

function prefixOf (groups: readonly string[]): string {
  return `${groups.slice(0, groupsThatCount).join(':')}::/64`
}

/** The last of them may be written as IPv4, and are two then. */
function groupsOf (text: string): string[] {
  return text === '' ? [] : text.split(':').flatMap((group) => group.includes('.') ? ['0', '0'] : [group])
}
