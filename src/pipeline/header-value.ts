export type HeaderEncoding = 'percent' | 'base64url' | 'latin1'

/**
 * Values as header text: nothing that a claim can hold breaks a request or splits a header (RFC 9110 section 5.5).
 * Entries of a list are joined by commas; a comma inside an entry is `%2C`, so that a group named `a,admin` stays one.
 *
 * `percent` leaves visible ASCII and inner spaces, and writes all else, and `%` itself, as percent-encoded UTF-8:
 * decoding gives back the value. `base64url` encodes every value whole. `latin1` writes `?` for what does not fit.
 */
export function encodeValue (value: string | readonly string[], encoding: HeaderEncoding): string {
  const encode = encoders[encoding]
  if (typeof value === 'string') return encode(value)
  return value.map((entry) => encode(entry).replaceAll(',', '%2C')).join(',')
}

const encoders: Record<HeaderEncoding, (text: string) => string> = {
  percent: (text) => text.toWellFormed().replace(/^ +| +$|[^\x20-\x24\x26-\x7e]+/gu, percentEncode),
  base64url: (text) => Buffer.from(text.toWellFormed()).toString('base64url'),
  // eslint-disable-next-line no-control-regex -- controls are what is replaced
  latin1: (text) => text.replace(/[\x00-\x1f\x7f-\x9f]|[^\x00-\xff]/gu, '?').trim()
}

function percentEncode (text: string): string {
  return Buffer.from(text).toString('hex').replace(/../g, (hex) => `%${hex.toUpperCase()}`)
}

/** The text as UTF-8, a character for each byte, as other gateways write it. Controls become spaces. */
export function utf8Value (text: string): string {
  return Buffer.from(withoutControls(text)).toString('latin1')
}

/** ISO 8859-1, with `?` for what does not fit. Controls become spaces. */
export function latin1Value (text: string): string {
  return withoutControls(text).replace(/[^\x20-\xff]/gu, '?')
}

export function base64urlValue (text: string): string {
  return Buffer.from(text).toString('base64url')
}

function withoutControls (text: string): string {
  // eslint-disable-next-line no-control-regex -- controls are what is replaced
  return text.replace(/[\x00-\x1f\x7f]/g, ' ')
}
