import { connectionTokens, hopByHopHeaders } from './hop-by-hop.ts'

/**
 * The upstream's header lines without those about its connection: in their order, byte for byte (each byte one
 * latin1 character, as Node writes them), duplicates kept.
 */
export function responseHeaders (raw: readonly Buffer[]): string[] {
  const lines: string[] = []
  let declared: string[] | undefined
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]?.toString('latin1') ?? ''
    const value = raw[index + 1]?.toString('latin1') ?? ''
    const lower = name.toLowerCase()
    if (lower === 'connection') declared = [...declared ?? [], ...connectionTokens(value)]
    if (!hopByHopHeaders.has(lower)) lines.push(name, value)
  }
  return declared === undefined ? lines : withoutDeclared(lines, declared)
}

function withoutDeclared (lines: readonly string[], declared: readonly string[]): string[] {
  return lines.filter((_text, index) => !declared.includes(lines[index - index % 2]?.toLowerCase() ?? ''))
}
