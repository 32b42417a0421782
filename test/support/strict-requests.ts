/**
 * Reads requests as RFC 9112 has them and in no other way: a second opinion, which owes nothing to Node's parser. What
 * the RFC lets a server refuse is refused here, where two servers have been known to disagree about it.
 */
import { valuesOf } from './raw-socket.ts'

export interface StrictRequest {
  readonly method: string
  readonly target: string
  readonly headers: readonly Field[]
  readonly framing: 'none' | 'length' | 'chunked'
  /** Without the framing of chunks. */
  readonly body: string
  readonly trailers: readonly Field[]
}

export type Field = readonly [name: string, value: string]

export interface Reading {
  readonly requests: readonly StrictRequest[]
  /** What follows the last whole request. */
  readonly rest: string
  /** Why the rest can't become a request any more; `undefined` while it still can. */
  readonly violation: string | undefined
}

const token = '[!#$%&\'*+\\-.^_`|~0-9A-Za-z]+'
/** White space between the words may be more than one (section 3). */
const requestLine = new RegExp(`^(${token}) +([\\x21-\\x7e]+) HTTP/(1\\.[01])$`)
const visible = '[\\x21-\\x7e\\x80-\\xff]'
const fieldLine = new RegExp(`^(${token}):[ \\t]*((?:${visible}(?:[\\t\\x20-\\x7e\\x80-\\xff]*${visible})?)?)[ \\t]*$`)

class Violation extends Error {}
class Unfinished extends Error {}

/** @param bytes all that came over one connection, as latin1 text */
export function readRequests (bytes: string): Reading {
  const requests: StrictRequest[] = []
  const reader = new Reader(bytes)
  let end = 0
  try {
    for (;;) {
      requests.push(readRequest(reader))
      end = reader.position
    }
  } catch (error) {
    if (!(error instanceof Violation || error instanceof Unfinished)) throw error
    return { requests, rest: bytes.slice(end), violation: error instanceof Violation ? error.message : undefined }
  }
}

class Reader {
  readonly #bytes: string
  position = 0

  constructor (bytes: string) {
    this.#bytes = bytes
  }

  /** Up to CR LF, which is the only end of a line (section 2.2). */
  line (): string {
    const end = this.#bytes.indexOf('\r\n', this.position)
    const isWhole = end >= 0
    const text = this.#bytes.slice(this.position, isWhole ? end : undefined)
    if (/[\0\r\n]/.test(isWhole ? text : text.replace(/\r$/, ''))) throw new Violation('a bare CR or LF, or a NUL')
    if (!isWhole) throw new Unfinished()
    this.position = end + 2
    return text
  }

  /** Before a request, where nothing stands yet that could be read in two ways (section 2.2). */
  skipEmptyLines (): void {
    while (/[\r\n]/.test(this.#bytes.charAt(this.position))) this.position++
  }

  take (length: number): string {
    const end = this.position + length
    if (end > this.#bytes.length) throw new Unfinished()
    const text = this.#bytes.slice(this.position, end)
    this.position = end
    return text
  }
}

function readRequest (reader: Reader): StrictRequest {
  reader.skipEmptyLines()
  const line = reader.line()
  const [, method, target, version] = requestLine.exec(line) ?? []
  if (method === undefined || target === undefined) throw new Violation(`not a request line: ${line}`)
  const headers = readFields(reader)
  const length = lengthOf(headers, version === '1.0')
  if (length === 'none') return { method, target, headers, framing: 'none', body: '', trailers: [] }
  if (length === 'chunked') return { method, target, headers, framing: 'chunked', ...readChunks(reader) }
  return { method, target, headers, framing: 'length', body: reader.take(length), trailers: [] }
}

function readFields (reader: Reader): Field[] {
  const fields: Field[] = []
  for (let line = reader.line(); line !== ''; line = reader.line()) {
    const [, name, value] = fieldLine.exec(line) ?? []
    if (name === undefined || value === undefined) throw new Violation(`not a field: ${line}`)
    fields.push([name, value])
  }
  return fields
}

/** Section 6.3, without the repairs that it allows. */
function lengthOf (headers: readonly Field[], isOld: boolean): number | 'chunked' | 'none' {
  const codings = valuesOf({ headers }, 'transfer-encoding')
  const lengths = valuesOf({ headers }, 'content-length')
  if (codings.length + lengths.length === 0) return 'none'
  if (codings.length + lengths.length > 1) throw new Violation('framed twice')
  const [length = ''] = lengths
  if (lengths.length === 1 && /^0*\d{1,15}$/.test(length)) return Number(length)
  if (codings[0]?.toLowerCase() === 'chunked' && !isOld) return 'chunked'
  throw new Violation(`framed by ${JSON.stringify([...codings, ...lengths])}`)
}

/** Section 7.1: a size of at most 64 bits, and extensions, which nobody needs to understand. */
const chunkLine = /^0*([0-9A-Fa-f]{1,16})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/

function readChunks (reader: Reader): { body: string, trailers: Field[] } {
  let body = ''
  for (;;) {
    const line = reader.line()
    const size = chunkLine.exec(line)?.[1]
    if (size === undefined) throw new Violation(`not the size of a chunk: ${line}`)
    if (Number.parseInt(size, 16) === 0) return { body, trailers: readFields(reader) }
    body += reader.take(Number.parseInt(size, 16))
    if (reader.take(2) !== '\r\n') throw new Violation('a chunk that does not end')
  }
}
