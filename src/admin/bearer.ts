import { createHash, timingSafeEqual } from 'node:crypto'
import { Problem } from '../errors.ts'

/**
 * Whether an Authorization header (RFC 6750 section 2.1) brings the administrators' token. How long the comparison
 * takes tells nothing of it, not even its length.
 *
 * @throws {Problem} `token_invalid`
 */
export function requireToken (authorization: string | undefined, token: string): void {
  const [, given] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? []
  if (given !== undefined && timingSafeEqual(digest(given), digest(token))) return
  const error = given === undefined ? '' : ', error="invalid_token"'
  throw new Problem('token_invalid', { detail: 'The admin token is missing or wrong.', headers: { 'www-authenticate': `Bearer realm="doorward admin"${error}` } })
}

function digest (text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
