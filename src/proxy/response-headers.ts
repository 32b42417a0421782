import { hopByHopHeaders, withoutDeclared } from './hop-by-hop.ts'

/**
 * The upstream's header lines without those about its connection: in their order, byte for byte (each byte one
 * latin1 character, as Node writes them), duplicates kept. Cookies of Doorward's names are not the upstream's to set.
 */
export function responseHeaders (status: number, raw: readonly Buffer[], isOwnCookie: (setCookie: string) => boolean): string[] {
  const lines: string[] = []
  const declarations: string[] = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]?.toString('latin1') ?? ''
    const value = raw[index + 1]?.toString('latin1') ?? ''
    const lower = name.toLowerCase()
    if (lower === 'connection' && value !== 'keep-alive') declarations.push(value)
    // An application that can set our cookies can sign its visitors in to the others, as somebody else.
    if (lower === 'set-cookie' && ((status < 200 && status !== 101) || isOwnCookie(value))) continue
    // 1xx and 204 have no body, and must not speak of its length (RFC 9110 section 8.6).
    if (!hopByHopHeaders.has(lower) && !(lower === 'content-length' && (status < 200 || status === 204))) lines.push(name, value)
  }
  return declarations.length === 0 ? lines : withoutDeclared(lines, declarations)
}

/** Read before the content, if at all: in a trailer they could only deceive (RFC 9110 section 6.5.1). */
const neverInTrailers = new Set([
  ...hopByHopHeaders, 'content-length', 'content-encoding', 'content-type', 'content-range', 'host', 'cache-control',
  'set-cookie', 'location', 'www-authenticate', 'expires', 'date', 'age', 'vary'
])

/** The trailer lines to pass on, as pairs. */
export function responseTrailers (raw: readonly Buffer[]): Array<[string, string]> {
  const lines: Array<[string, string]> = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]?.toString('latin1') ?? ''
    if (!neverInTrailers.has(name.toLowerCase())) lines.push([name, raw[index + 1]?.toString('latin1') ?? ''])
  }
  return lines
}
