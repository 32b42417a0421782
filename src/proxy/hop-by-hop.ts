/**
 * Fields about one connection, not about the message: never passed on, in either direction (RFC 9110 section 7.6.1).
 * Proxy-Connection is what old clients send in the place of Connection; the two Proxy-Auth… fields are between a
 * client and its proxy (section 11.7).
 */
export const hopByHopHeaders: ReadonlySet<string> = new Set([
  'connection', 'proxy-connection', 'keep-alive', 'te', 'transfer-encoding', 'upgrade', 'trailer',
  'proxy-authenticate', 'proxy-authorization', 'proxy-authentication-info'
])

/**
 * The lines without those that a Connection header declares to be about the connection too.
 *
 * @param lines name, value, name, value…
 * @param declarations the values of the Connection headers; a message may hold thousands, so each is looked at once
 */
export function withoutDeclared (lines: string[], declarations: readonly string[]): string[] {
  if (declarations.every(isOrdinary)) return lines
  const declared = new Set(declarations.flatMap((value) => value.toLowerCase().split(',').map((token) => token.trim())))
  for (const ordinary of ['', 'keep-alive', 'close']) declared.delete(ordinary)
  if (declared.size === 0) return lines
  const kept: string[] = []
  for (let index = 0; index + 1 < lines.length; index += 2) {
    const name = lines[index] ?? ''
    if (!declared.has(name.toLowerCase())) kept.push(name, lines[index + 1] ?? '')
  }
  return kept
}

/** What nearly every message says, spelt as everybody spells it. */
function isOrdinary (declaration: string): boolean {
  return declaration === 'keep-alive' || declaration === 'close'
}
