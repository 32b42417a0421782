/**
 * Fields about one connection, not about the message: never passed on, in either direction (RFC 9110 section 7.6.1).
 * Proxy-Connection is what old clients send in the place of Connection; the two Proxy-Auth… fields are between a
 * client and its proxy (section 11.7).
 */
export const hopByHopHeaders: ReadonlySet<string> = new Set([
  'connection', 'proxy-connection', 'keep-alive', 'te', 'transfer-encoding', 'upgrade', 'trailer',
  'proxy-authenticate', 'proxy-authorization', 'proxy-authentication-info'
])

/** The fields that a Connection header declares to be about the connection too, in lower case. */
export function connectionTokens (value: string): string[] {
  return value.toLowerCase().split(',').map((token) => token.trim()).filter((token) => token !== '')
}
