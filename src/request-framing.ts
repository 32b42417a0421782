/**
 * Which requests end where everybody thinks that they end. Node's parser has refused what has no reading at all; this
 * refuses what it takes and another server may read differently, and whatever follows that on its connection: what one
 * reader takes for a body is a request to another (request smuggling, RFC 9112 section 11.2).
 */
import { type IncomingMessage } from 'node:http'
import { type Socket } from 'node:net'
import { Problem } from './errors.ts'

/** Asked once about every request, in the order of its connection; a problem says that it is refused, and how. */
export type FramingGuard = (request: IncomingMessage) => Problem | undefined

export function createFramingGuard (): FramingGuard {
  // Node hands on what was sent in one go before the first of it is answered: closing alone would come too late.
  const ended = new WeakSet<Socket>()
  return (request) => {
    const isAfterEnd = ended.has(request.socket)
    const isClear = isClearlyFramed(request)
    // What follows may be of the other protocol already, whether or not the upgrade is granted (RFC 9931).
    if (!isClear || request.headers.upgrade !== undefined) ended.add(request.socket)
    if (isClear && !isAfterEnd) return undefined
    return new Problem('request_invalid', { detail: 'It can be read in more than one way where this request ends, so it was not passed on.', headers: { connection: 'close' } })
  }
}

function isClearlyFramed ({ headers, httpVersion }: IncomingMessage): boolean {
  const { 'transfer-encoding': coding, 'content-length': length, upgrade } = headers
  // Node takes HTTP/0.9, which has no headers, and 2.0, which has no request line, for HTTP/1.1 by another name.
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return false
  // A proxy of that time passes the field on and does not know what it means (RFC 9112 section 6.1). Node joins the
  // lines of a field, so two of them are no `chunked` either.
  if (coding !== undefined && (httpVersion === '1.0' || coding.toLowerCase() !== 'chunked')) return false
  // Passed on as a number, a length beyond what numbers can tell apart becomes another one.
  if (Number(length ?? 0) > Number.MAX_SAFE_INTEGER) return false
  // Bytes after the header section would be the body to one reader and the other protocol to the next.
  return upgrade === undefined || (coding === undefined && (length ?? '0') === '0')
}
