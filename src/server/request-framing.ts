/**
 * Which requests end where everybody thinks that they end. Node's parser has refused what has no reading at all; this
 * refuses what it takes and another server may read differently: what one reader takes for a body is a request to
 * another (request smuggling, RFC 9112 section 11.2). Nothing more is read from such a connection.
 */
import type { IncomingMessage } from 'node:http'
import { Problem } from '../errors.ts'

/** Why a request is not served; `undefined` where its end is clear. */
export function framingProblem (request: IncomingMessage): Problem | undefined {
  if (isClearlyFramed(request)) return undefined
  return new Problem('request_invalid', { detail: 'It can be read in more than one way where this request ends, so it was not passed on.', headers: { connection: 'close' } })
}

function isClearlyFramed ({ headers, httpVersion }: IncomingMessage): boolean {
  const { 'transfer-encoding': coding, 'content-length': length } = headers
  // Node takes HTTP/0.9, which has no headers, and 2.0, which has no request line, for HTTP/1.1 by another name.
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return false
  // A proxy of that time passes the field on and does not know what it means (RFC 9112 section 6.1). Node joins the
  // lines of a field, so two of them are no `chunked` either.
  if (coding !== undefined && (httpVersion === '1.0' || coding.toLowerCase() !== 'chunked')) return false
  // Passed on as a number, a length beyond what numbers can tell apart becomes another one.
  return Number(length ?? 0) <= Number.MAX_SAFE_INTEGER
}
