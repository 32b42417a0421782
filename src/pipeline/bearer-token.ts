import { Problem } from '../errors.ts'
import { bearerChallenge } from './challenge.ts'

const scheme = /^bearer(?![\w.~+/-])/i
/** RFC 6750 section 2.1; no comma, so that several credentials in one line are none. */
const credentials = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i

/**
 * The token of an `Authorization: Bearer` line; `undefined` where no line is of that scheme. What merely resembles one
 * ends the request: it must not be taken for a request without a token, which a cookie might then speak for.
 *
 * @param raw name, value, name, value… as received: Node keeps the first of several Authorization lines and drops the rest
 * @throws {Problem} `request_invalid`
 */
export function bearerToken (raw: readonly string[]): string | undefined {
  const lines = raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === 'authorization')
  if (!lines.some(isBearer)) return undefined
  const [, token] = credentials.exec(lines[0] ?? '') ?? []
  if (lines.length === 1 && token !== undefined) return token
  throw new Problem('request_invalid', {
    detail: 'The request carries more than one Authorization header, or one without exactly one bearer token.',
    headers: bearerChallenge('invalid_request'),
    cause: lines.length > 1 ? 'several Authorization headers' : 'Authorization without exactly one bearer token'
  })
}

/** Whether a line of Authorization is of the scheme Bearer, well-formed or not. */
export function isBearer (line: string): boolean {
  return scheme.test(line)
}
