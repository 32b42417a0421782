import { hopByHopHeaders, withoutDeclared } from './hop-by-hop.ts'

/**
 * The upstream's header lines without those about its connection: in their order, byte for byte (each byte one
 * latin1 character, as Node writes them), duplicates kept.
 */
export function responseHeaders (status: number, raw: readonly Buffer[]): string[] {
  const lines: string[] = []
  const declarations: string[] = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]?.toString('latin1') ?? ''
    const value = raw[index + 1]?.toString('latin1') ?? ''
    const lower = name.toLowerCase()
    if (lower === 'connection' && value !== 'keep-alive') declarations.push(value)
    // 204 has no body, and must not speak of its length (RFC 9110 section 8.6).
    if (!hopByHopHeaders.has(lower) && !(status === 204 && lower === 'content-length')) lines.push(name, value)
  }
  return declarations.length === 0 ? lines : withoutDeclared(lines, declarations)
}
